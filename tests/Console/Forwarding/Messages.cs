using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;

namespace HvDbg.Tests.Forwarding;

/// <summary>Messages of events, and what to wait for.</summary>
internal static class Messages
{
    private const int RecordsPerFrame = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Some transitions of one event, with ticks from <paramref name="first"/>, as the target sends them.</summary>
    internal static void SendTransitions(this FakeTarget target, uint id, int first, int count)
    {
        foreach (var ticks in Enumerable.Range(first, count).Chunk(RecordsPerFrame))
        {
            target.Send(
                MessageType.Transitions,
                [.. ticks.SelectMany(tick => Wire.Bytes(new TransitionRecord { EventId = (ushort)id, Context = 3, Rip = 0x401000, Tick = (ulong)tick }))]);
        }
    }

    /// <summary>One buffer, small enough for one frame.</summary>
    internal static void SendBuffer(this FakeTarget target, uint id, ulong tick, params byte[] bytes)
    {
        var part = new BufferPart
        {
            EventId = id, Action = 1, Context = 0, Processor = 1, Tick = tick, Address = 0xffff888000001000, TotalBytes = (uint)bytes.Length, Bytes = (uint)bytes.Length,
        };
        target.Send(MessageType.BufferPart, [.. Wire.Bytes(part), .. bytes]);
    }

    /// <summary>A failure of code: #GP at a WRMSR.</summary>
    internal static unsafe void SendFault(this FakeTarget target, uint id, ushort part = 0)
    {
        var fault = new BlobFault
        {
            EventId = id, Part = part, Kind = BlobFaultKind.Exception, Manner = RunManner.Contained, Vector = 13, Context = 3, Tick = 0x99,
            CodeAddress = 0x1000, CodeBytes = 8, Rip = 0x1003, Rflags = 0x46, InstructionLength = 2,
        };
        fault.Registers.Rcx = 0xc0000082;
        fault.Instruction[0] = 0x0f;
        fault.Instruction[1] = 0x30;
        target.Send(MessageType.BlobFault, fault);
    }

    /// <summary>One transition as the library delivers it.</summary>
    internal static TransitionsEvent Transition(uint id, int tick) => new([new Transition(id, 3, 0, 0x401000, (ulong)tick)]);

    /// <summary>The line that outputs get of a transition.</summary>
    internal static string Line(uint id, int tick) => $"event {id:x} processor 0 reached user tick {tick:x} rip 0000000000401000";

    /// <summary>The lines of some transitions.</summary>
    internal static IEnumerable<string> Lines(uint id, int first, int count) => Enumerable.Range(first, count).Select(tick => Line(id, tick));

    internal static async Task Until(Func<bool> condition, string what)
    {
        var end = DateTime.UtcNow + Patience;
        while (!condition())
        {
            if (DateTime.UtcNow > end)
            {
                throw new TimeoutException($"this did not happen: {what}");
            }

            await Task.Delay(5);
        }
    }

    internal static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Patience);

    internal static Task Soon(this Task task) => task.WaitAsync(Patience);
}
