using System;
using System.Buffers.Binary;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Client.Assembly;
using HvKernel.Protocol;

namespace HvDbg.EventExample;

/// <summary>
/// Shows what a program can do with HvDbg.Client alone: watches the entries of a process into the kernel, lets only those through a condition whose
/// <c>rax</c> is a wanted number (on Linux a system call's), and prints the stack pointer and first argument that its code delivers for each.
/// </summary>
public static class CallWatcher
{
    // rcx = GUEST_REGS; rax of the guest is its first word.
    private const string Condition = "xor eax, eax; cmp qword ptr [rcx], {0}; sete al";

    // rcx = safe buffer, rdx = GUEST_REGS: rsp at 0x20, rdi at 0x38.
    private const string Code = "mov rax, [rdx+0x20]; mov [rcx], rax; mov rax, [rdx+0x38]; mov [rcx+8], rax; mov rax, rcx";

    /// <summary>Watches until so many calls were seen, and leaves nothing behind.</summary>
    /// <param name="debugger">An attached debugger; observing is enough.</param>
    /// <param name="processName">The process; waited for where it does not run yet.</param>
    /// <param name="call">The number in <c>rax</c>.</param>
    /// <param name="count">Calls to wait for.</param>
    /// <param name="output">Where a line for each goes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task RunAsync(
        Debugger debugger, string processName, uint call, int count, TextWriter output, CancellationToken cancellationToken)
    {
        var process = await debugger.WaitForProcessAsync(processName, TimeSpan.FromMinutes(1), cancellationToken).ConfigureAwait(false);
        var definition = new ModeEventDefinition
        {
            Type = EventType.TrapExecutionModeChanged,
            Mode = ModeTrapDirection.Kernel,
            Process = ProcessKey.Pid(process.Pid),
            Condition = CodeDefinition.Of(Assembler.Assemble(string.Format(null, Condition, call))),
            Actions = [ActionDefinition.CustomCode(Assembler.Assemble(Code), bufferBytes: 16)],
            CommandText = $"calls {call} of {processName}",
        };

        // Streams begin with the call, so none of the event's messages can be missed.
        using var buffers = debugger.Buffers();
        using var faults = debugger.Faults();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var added = await debugger.AddEventAsync(definition, cancellationToken).ConfigureAwait(false);
        try
        {
            var failure = FirstFaultAsync(faults, added.Id, ending);
            await PrintAsync(buffers, added.Id, count, output, ending.Token).ConfigureAwait(false);
            if (failure.IsCompletedSuccessfully && await failure.ConfigureAwait(false) is { } fault)
            {
                throw new DebuggerException($"the code failed: {fault.Kind}, vector {fault.Vector}");
            }

            var details = await debugger.DescribeEventAsync(added.Id, cancellationToken).ConfigureAwait(false);
            await output.WriteLineAsync(
                $"{details.Entry.KernelReached} calls, {details.Entry.ConditionFalse} other entries, {details.Entry.Dropped} dropped, {buffers.Missed} missed")
                .ConfigureAwait(false);
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await debugger.ClearEventAsync(added.Id, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async Task PrintAsync(
        EventStream<BufferEvent> buffers, uint id, int count, TextWriter output, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var buffer in buffers.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                if (buffer.EventId != id)
                {
                    continue;
                }

                var bytes = buffer.Bytes.AsSpan();
                var line = $"rsp={BinaryPrimitives.ReadUInt64LittleEndian(bytes):x} rdi={BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]):x}";
                await output.WriteLineAsync(line).ConfigureAwait(false);
                if (--count == 0)
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The code failed, or the caller has enough.
        }
    }

    private static async Task<CodeFaultEvent?> FirstFaultAsync(EventStream<CodeFaultEvent> faults, uint id, CancellationTokenSource ending)
    {
        try
        {
            await foreach (var fault in faults.WithCancellation(ending.Token).ConfigureAwait(false))
            {
                if (fault.EventId == id)
                {
                    await ending.CancelAsync().ConfigureAwait(false);
                    return fault;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // All calls were seen.
        }

        return null;
    }
}
