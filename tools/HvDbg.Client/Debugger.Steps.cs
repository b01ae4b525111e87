using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

public sealed partial class Debugger
{
    /// <summary>Most instructions that a step over or out goes through where the caller says nothing.</summary>
    public const ulong DefaultStepLimit = 1_000_000;

    /// <summary>
    /// Executes one instruction, or several one by one. An instruction that faults ends at the first one of the handler; a string instruction with a
    /// REP prefix is one step for each repetition.
    /// </summary>
    /// <param name="count">Steps; another stop that comes meanwhile ends them.</param>
    /// <param name="holdOthers">Whether the other processors stand still meanwhile.</param>
    /// <param name="processor">Which one steps; null: <see cref="CurrentProcessor"/>.</param>
    /// <param name="cancellationToken">Stops the guest where it is.</param>
    /// <exception cref="TargetException">The guest runs, or the processor has no monitor trap flag.</exception>
    public Task<StepResult> StepAsync(
        uint count = 1, bool holdOthers = false, uint? processor = null, CancellationToken cancellationToken = default) =>
        StepAsync(StepKind.Into, count, holdOthers, processor, DefaultStepLimit, cancellationToken);

    /// <summary>As <see cref="StepAsync(uint, bool, uint?, CancellationToken)"/>, through calls, system calls and repeated string instructions.</summary>
    public Task<StepResult> StepOverAsync(uint count = 1, uint? processor = null, CancellationToken cancellationToken = default) =>
        StepAsync(StepKind.Over, count, holdOthers: false, processor, DefaultStepLimit, cancellationToken);

    /// <summary>Goes on until the current function has returned.</summary>
    /// <param name="processor">Which one; null: <see cref="CurrentProcessor"/>.</param>
    /// <param name="limit">Instructions after which it stops in any case; what is called counts as one.</param>
    /// <param name="cancellationToken">Stops the guest where it is.</param>
    public Task<StepResult> StepOutAsync(
        uint? processor = null, ulong limit = DefaultStepLimit, CancellationToken cancellationToken = default) =>
        StepAsync(StepKind.Out, 1, holdOthers: false, processor, limit, cancellationToken);

    /// <summary>Sets a breakpoint.</summary>
    /// <exception cref="TargetException">The guest runs, the address is not mapped or no RAM of the guest, or there is no room.</exception>
    public async Task<AddedBreakpoint> AddBreakpointAsync(BreakpointDefinition definition, CancellationToken cancellationToken = default)
    {
        RequireStops(MessageType.AddBreakpoint);
        var request = new AddBreakpointRequest
        {
            Processor = definition.View.Processor ?? CurrentProcessor,
            Space = definition.View.Space,
            PageRoot = definition.View.PageRoot,
            Address = definition.Address,
            Pid = definition.Pid ?? LinkProtocol.All,
            Core = definition.Core ?? LinkProtocol.All,
        };
        var payload = await RequestAsync(MessageType.AddBreakpoint, Wire.Bytes(request), cancellationToken, _options.SearchTimeout).ConfigureAwait(false);
        var reply = Wire.Read<AddBreakpointReply>(payload, MessageType.AddBreakpoint);
        return new AddedBreakpoint(reply.Id, reply.PhysicalAddress, (reply.Flags & BreakpointFlags.Visible) != 0);
    }

    /// <summary>Enables, disables or clears one breakpoint, or all with <see cref="LinkProtocol.All"/>.</summary>
    public Task ModifyBreakpointAsync(uint id, BreakpointOperation operation, CancellationToken cancellationToken = default) =>
        RequestAsync(MessageType.ModifyBreakpoint, Wire.Bytes(new ModifyBreakpointRequest { Id = id, Operation = operation }), cancellationToken);

    public Task EnableBreakpointAsync(uint id, CancellationToken cancellationToken = default) =>
        ModifyBreakpointAsync(id, BreakpointOperation.Enable, cancellationToken);

    public Task DisableBreakpointAsync(uint id, CancellationToken cancellationToken = default) =>
        ModifyBreakpointAsync(id, BreakpointOperation.Disable, cancellationToken);

    public Task ClearBreakpointAsync(uint id, CancellationToken cancellationToken = default) =>
        ModifyBreakpointAsync(id, BreakpointOperation.Clear, cancellationToken);

    public async Task<IReadOnlyList<BreakpointEntry>> ListBreakpointsAsync(CancellationToken cancellationToken = default)
    {
        var rows = await ListAsync<BreakpointRow>(MessageType.ListBreakpoints, null, cancellationToken).ConfigureAwait(false);
        return rows.ConvertAll(BreakpointEntry.Of);
    }

    private async Task<StepResult> StepAsync(
        StepKind kind, uint count, bool holdOthers, uint? processor, ulong limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(count);
        RequireStops(MessageType.Step);
        var request = new StepRequest
        {
            Processor = processor ?? CurrentProcessor,
            Kind = kind,
            Peers = holdOthers ? StepPeers.Hold : StepPeers.Run,
            Limit = limit,
        };
        for (uint done = 0; ; done++)
        {
            var stop = await StepOnceAsync(request, cancellationToken).ConfigureAwait(false);
            var completed = stop.StepEnd == StepEnd.Completed;
            if (!completed || done + 1 == count)
            {
                return new StepResult(stop, completed ? done + 1 : done, count);
            }

            // What is stepped may have gone on to another processor meanwhile, inside a call that was run through.
            request.Processor = stop.Processor;
        }
    }

    private async Task<StopEvent> StepOnceAsync(StepRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await RequestAsync(MessageType.Step, Wire.Bytes(request), CancellationToken.None).ConfigureAwait(false);
        try
        {
            return await WaitForStopAsync(System.Threading.Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Whoever gives up waiting must not find the guest stopping by itself later.
            await PauseAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }
}
