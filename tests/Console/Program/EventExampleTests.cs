using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.EventExample;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Program;

/// <summary>The example program of the library does what it says.</summary>
public class EventExampleTests
{
    [Fact]
    public async Task It_sets_one_event_prints_what_its_code_delivers_and_clears_it()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync(FakeTarget.FastOptions with { Manner = AttachManner.Observer });
        var output = new StringWriter { NewLine = "\n" };
        target.Line = frame =>
        {
            // With the reply comes what other events deliver, and then its own.
            if ((MessageType)frame[6] == (MessageType.AddEvent | MessageType.ReplyBit))
            {
                target.Line = other => other;
                target.SendRaw(frame);
                Send(target, 9, 1, 1);
                Send(target, 0, 0x7ffe0010, 1);
                Send(target, 0, 0x7ffe0020, 2);
                Send(target, 0, 0x7ffe0030, 3);
                return null;
            }

            return frame;
        };
        await CallWatcher.RunAsync(debugger, "counter", 1, 2, output, default).WaitAsync(TimeSpan.FromSeconds(20));
        output.ToString().ShouldBe("rsp=7ffe0010 rdi=1\nrsp=7ffe0020 rdi=2\n0 calls, 0 other entries, 0 dropped, 0 missed\n");
        target.Machine.Events.ShouldBeEmpty();
        var asked = target.Events.Known[0];
        (asked.Request.Direction, asked.Request.Key, asked.Actions.Single().BufferBytes).ShouldBe((ModeTrapDirection.Kernel, 0x1c0ul, 16u));

        // Both are straight-line code, so both run directly.
        (asked.Request.Condition.Manner, asked.Actions[0].Code.Manner).ShouldBe((RunManner.Direct, RunManner.Direct));
    }

    [Fact]
    public async Task It_ends_where_its_code_fails()
    {
        var target = MakeTarget();
        await using var debugger = await target.AttachAsync(FakeTarget.FastOptions with { Manner = AttachManner.Observer });
        target.Line = frame =>
        {
            if ((MessageType)frame[6] == (MessageType.AddEvent | MessageType.ReplyBit))
            {
                target.Line = other => other;
                target.SendRaw(frame);
                target.Send(MessageType.BlobFault, new BlobFault { EventId = 0, Kind = BlobFaultKind.Exception, Vector = 14 });
                return null;
            }

            return frame;
        };
        var running = CallWatcher.RunAsync(debugger, "counter", 1, 2, TextWriter.Null, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(20));
        (await Should.ThrowAsync<DebuggerException>(() => running)).Message.ShouldBe("the code failed: Exception, vector 14");
        target.Machine.Events.ShouldBeEmpty();
    }

    private static FakeTarget MakeTarget()
    {
        var target = new FakeTarget();
        target.Machine.Processes.Add(FakeMachine.Process(0x1c0, "counter", 0x10a3c2000));
        return target;
    }

    private static void Send(FakeTarget target, uint id, ulong rsp, ulong rdi) => target.Send(
        MessageType.BufferPart,
        [.. Wire.Bytes(new BufferPart { EventId = id, TotalBytes = 16, Bytes = 16 }), .. BitConverter.GetBytes(rsp), .. BitConverter.GetBytes(rdi)]);
}
