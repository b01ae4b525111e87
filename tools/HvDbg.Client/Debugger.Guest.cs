using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

public sealed partial class Debugger
{
    /// <summary>Processes of the guest.</summary>
    /// <exception cref="TargetException"><see cref="ReplyStatus.GuestOsUnknown"/> where the OS was not recognised.</exception>
    public async Task<IReadOnlyList<GuestProcess>> ListProcessesAsync(CancellationToken cancellationToken = default)
    {
        var rows = await ListAsync<ProcessRow>(MessageType.ListProcesses, _options.SearchTimeout, cancellationToken).ConfigureAwait(false);
        return rows.ConvertAll(GuestProcessOf);
    }

    /// <summary>Waits until a process of this name exists and tells which.</summary>
    /// <exception cref="TimeoutException">None came within <paramref name="timeout"/>.</exception>
    public async Task<GuestProcess> WaitForProcessAsync(string name, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            while (true)
            {
                var found = await FindProcessAsync(name, limit.Token).ConfigureAwait(false);
                if (found is not null)
                {
                    return found;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(500), limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"no process {name} within {timeout.TotalSeconds:0.#} s");
        }
    }

    /// <summary>What the target knows about the guest's OS; makes it look, where it has not yet.</summary>
    public async Task<GuestOsInfo> GetGuestOsAsync(CancellationToken cancellationToken = default)
    {
        var payload = await RequestAsync(MessageType.GuestOs, default, cancellationToken, _options.SearchTimeout).ConfigureAwait(false);
        var reply = Wire.Read<GuestOsReply>(payload, MessageType.GuestOs);
        return new GuestOsInfo(
            reply.Kind,
            reply.PageTableIsolation != 0,
            reply.KernelBase,
            reply.Slide,
            reply.PhysicalBase,
            reply.Symbols,
            reply.DiscoveryTicks,
            Text(payload, Unsafe.SizeOf<GuestOsReply>(), reply.BannerLength));
    }

    public async Task<IReadOnlyList<ProcessorState>> ListProcessorsAsync(CancellationToken cancellationToken = default)
    {
        var rows = await ListAsync<ProcessorRow>(MessageType.ListProcessors, null, cancellationToken).ConfigureAwait(false);
        return rows.ConvertAll(row => new ProcessorState(
            row.Number, row.ApicId, row.Activity, row.Cpl, row.View, row.Stopped != 0, row.Rip, row.Cr3));
    }

    public async Task<ExitCounters> GetExitCountersAsync(uint processor, CancellationToken cancellationToken = default)
    {
        var request = Wire.Bytes(new ProcessorRequest { Processor = processor });
        var payload = await RequestAsync(MessageType.ExitCounters, request, cancellationToken).ConfigureAwait(false);
        return ExitCountersOf(processor, Wire.Read<ExitCountersReply>(payload, MessageType.ExitCounters));
    }

    internal async Task<GuestSymbol> AskSymbolAtAsync(ulong address, CancellationToken cancellationToken)
    {
        var request = Wire.Bytes(new SymbolAtRequest { Address = address });
        return SymbolOf(await RequestAsync(MessageType.SymbolAt, request, cancellationToken, _options.SearchTimeout).ConfigureAwait(false));
    }

    internal async Task<GuestSymbol> AskSymbolNamedAsync(string name, CancellationToken cancellationToken)
    {
        var request = Encoding.ASCII.GetBytes(name);
        return SymbolOf(await RequestAsync(MessageType.SymbolNamed, request, cancellationToken, _options.SearchTimeout).ConfigureAwait(false));
    }

    private static GuestSymbol SymbolOf(byte[] payload)
    {
        var reply = Wire.Read<SymbolReply>(payload, MessageType.SymbolAt);
        return new GuestSymbol(Text(payload, Unsafe.SizeOf<SymbolReply>(), reply.NameLength), reply.Address);
    }

    private static string Text(byte[] payload, int start, uint length) =>
        Wire.Name(payload.AsSpan(Math.Min(start, payload.Length), (int)Math.Min(length, payload.Length - Math.Min(start, payload.Length))));

    private static unsafe GuestProcess GuestProcessOf(ProcessRow row) => new(
        row.Pid, Wire.Name(row.Name, LinkProtocol.NameBytes), row.PageRoot, row.Task, (row.Flags & 1) != 0, (row.Flags & 2) != 0);

    private static unsafe ExitCounters ExitCountersOf(uint processor, ExitCountersReply reply) => new(
        processor,
        reply.RootTicks,
        reply.Ticks,
        reply.LongestTicks,
        (int)reply.LongestReason,
        new ReadOnlySpan<ulong>(reply.Count, LinkProtocol.ExitReasonSlots).ToArray());

    private async Task<GuestProcess?> FindProcessAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var processes = await ListProcessesAsync(cancellationToken).ConfigureAwait(false);
            return processes.FirstOrDefault(process => process.Name == name && !process.HasEnded);
        }
        catch (TargetException refusal) when (refusal.Status == ReplyStatus.GuestOsUnknown)
        {
            // The guest's kernel has not come far enough.
            return null;
        }
    }
}
