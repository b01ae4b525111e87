using System;
using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Client.Assembly;
using HvKernel.Protocol;

namespace HvDbg.Examples;

/// <summary>
/// Prints the transitions of a process to the kernel, and what stands in its <c>rax</c> at each (at a system call the call's number), as long
/// as COUNT messages. Uses nothing but <c>HvDbg.Client</c>: an event with two actions, and the stream of what it sends.
/// </summary>
public static class LogTransitions
{
    private const string Usage = "usage: LogTransitions ENDPOINT PID [COUNT]   (PID and COUNT are decimal; ENDPOINT is that of hvdbg)";

    // rcx = safe buffer, rdx = GUEST_REGS, whose first word is rax. What the returned pointer points to is sent.
    private const string Code = "mov rax, [rdx]; mov [rcx], rax; mov rax, rcx";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <returns>0; 1 where the target did not do its part; 2 where the arguments are wrong.</returns>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, CancellationToken cancellationToken = default)
    {
        if (arguments.Length is < 2 or > 3 || !TryRead(arguments[1], out var pid) || !TryRead(arguments.Length == 3 ? arguments[2] : "10", out var count))
        {
            await output.WriteLineAsync(Usage).ConfigureAwait(false);
            return 2;
        }

        try
        {
            var debugger = await Debugger.AttachAsync(arguments[0], Patience, cancellationToken).ConfigureAwait(false);
            await using var leaving = debugger.ConfigureAwait(false);
            await LogAsync(debugger, pid, count, output, cancellationToken).ConfigureAwait(false);
            return 0;
        }
        catch (Exception problem) when (problem is DebuggerException or FormatException)
        {
            await output.WriteLineAsync(problem.Message).ConfigureAwait(false);
            return 1;
        }
    }

    private static async Task LogAsync(Debugger debugger, uint pid, uint count, TextWriter output, CancellationToken cancellationToken)
    {
        var definition = new ModeEventDefinition
        {
            Type = EventType.TrapExecutionModeChanged,
            Mode = ModeTrapDirection.Kernel,
            Process = ProcessKey.Pid(pid),
            Actions = [ActionDefinition.Log, ActionDefinition.CustomCode(Assembler.Assemble(Code), bufferBytes: 8)],
        };

        // Before the event is there: its first messages may come before the answer to its registration was looked at.
        using var messages = debugger.Subscribe();
        var added = await debugger.AddEventAsync(definition, cancellationToken).ConfigureAwait(false);
        await output.WriteLineAsync($"event {added.Id:x} watches {added.ProcessName}").ConfigureAwait(false);
        try
        {
            var left = count;
            await foreach (var message in messages.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                left -= Math.Min(left, await PrintAsync(message, added.Id, left, output).ConfigureAwait(false));
                if (left == 0)
                {
                    break;
                }
            }
        }
        finally
        {
            await debugger.ClearEventAsync(added.Id, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <returns>How many lines were printed.</returns>
    private static async Task<uint> PrintAsync(TargetEvent message, uint id, uint most, TextWriter output)
    {
        var printed = 0u;
        switch (message)
        {
            case TransitionsEvent batch:
                foreach (var transition in batch.Transitions)
                {
                    if (transition.EventId == (ushort)id && printed < most)
                    {
                        await output.WriteLineAsync($"tick {transition.Tick:x}: the kernel was reached at {transition.Rip:x}").ConfigureAwait(false);
                        printed++;
                    }
                }

                break;
            case BufferEvent buffer when buffer.EventId == id:
                var rax = BinaryPrimitives.ReadUInt64LittleEndian(buffer.Bytes.AsSpan());
                await output.WriteLineAsync($"tick {buffer.Tick:x}: rax was {rax:x}").ConfigureAwait(false);
                printed++;
                break;
            case CodeFaultEvent fault when fault.EventId == id:
                throw new DebuggerException($"the event's code failed at {fault.Rip:x}, and it is disabled");
            case ResetEvent:
                throw new DebuggerException("the machine was reset");
        }

        return printed;
    }

    private static bool TryRead(string text, out uint value) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value > 0;
}
