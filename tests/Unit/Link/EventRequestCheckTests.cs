using System.Runtime.InteropServices;
using HvKernel.Link.Requests;
using HvKernel.Protocol;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Link;

/// <summary>What the target makes of a request for an event before it does anything: a console of another make may send anything.</summary>
public sealed unsafe class EventRequestCheckTests
{
    private const uint BlobBytes = 100;
    private static readonly int Head = Marshal.SizeOf<AddEventRequest>() + Marshal.SizeOf<ActionDescriptor>();

    private delegate void Change(ref AddEventRequest request, ref ActionDescriptor action);

    private static (ReplyStatus Status, uint Detail) Check(Change change, bool observeOnly = false)
    {
        AddEventRequest request = new()
        {
            Type = EventType.TrapExecutionModeChanged,
            Direction = ModeTrapDirection.UserAndKernel,
            Processor = LinkProtocol.All,
            KeyKind = ProcessKeyKind.Pid,
            Actions = 1,
        };
        ActionDescriptor action = new() { Kind = EventAction.CustomCode, Code = new BlobDescriptor { Bytes = 10 } };
        change(ref request, ref action);
        using var bytes = new GuardedBytes(new byte[Head]);
        *(AddEventRequest*)bytes.Start = request;
        *(ActionDescriptor*)(bytes.Start + Marshal.SizeOf<AddEventRequest>()) = action;
        var status = EventRequestCheck.Values((AddEventRequest*)bytes.Start, BlobBytes, 2, observeOnly, out var detail);
        return (status, detail);
    }

    [Fact]
    public void A_request_as_it_should_be_passes() => Check((ref AddEventRequest _, ref ActionDescriptor _) => { }).ShouldBe((ReplyStatus.Ok, 0u));

    [Fact]
    public void A_field_out_of_its_range_is_named_by_its_offset()
    {
        Bad("Type", (ref AddEventRequest r, ref ActionDescriptor _) => r.Type = 0);
        Bad("Direction", (ref AddEventRequest r, ref ActionDescriptor _) => r.Direction = (ModeTrapDirection)2);
        Bad("Flags", (ref AddEventRequest r, ref ActionDescriptor _) => r.Flags = (EventFlags)4);
        Bad("KeyKind", (ref AddEventRequest r, ref ActionDescriptor _) => r.KeyKind = (ProcessKeyKind)2);
        Bad("TextOffset", (ref AddEventRequest r, ref ActionDescriptor _) => r.TextBytes = LinkProtocol.MaximumText + 1);
        Bad("TextOffset", (ref AddEventRequest r, ref ActionDescriptor _) => (r.TextOffset, r.TextBytes) = (BlobBytes, 1));
        Bad("Condition", (ref AddEventRequest r, ref ActionDescriptor _) => r.Condition.Bytes = BlobBytes + 1);
        Bad("Condition", (ref AddEventRequest r, ref ActionDescriptor _) => (r.Condition.Offset, r.Condition.Bytes) = (uint.MaxValue, 1));
        Bad("Condition", (ref AddEventRequest r, ref ActionDescriptor _) => (r.Condition.Bytes, r.Condition.Manner) = (1, (RunManner)3));

        static void Bad(string field, Change change) =>
            Check(change).ShouldBe((ReplyStatus.BadField, (uint)Marshal.OffsetOf<AddEventRequest>(field)), field);
    }

    [Fact]
    public void An_action_that_cannot_be_is_refused()
    {
        var offset = (uint)Marshal.SizeOf<AddEventRequest>();
        Check((ref AddEventRequest _, ref ActionDescriptor a) => a.Code.Bytes = 0).ShouldBe((ReplyStatus.BadField, offset));
        Check((ref AddEventRequest _, ref ActionDescriptor a) => a.Code.Bytes = BlobBytes + 1).ShouldBe((ReplyStatus.BadField, offset));
        Check((ref AddEventRequest _, ref ActionDescriptor a) => a.Kind = (EventAction)5).ShouldBe((ReplyStatus.BadField, offset));
        Check((ref AddEventRequest _, ref ActionDescriptor a) => a.BufferBytes = LinkProtocol.MaximumBuffer + 1).ShouldBe((ReplyStatus.BadField, offset));
        Check((ref AddEventRequest _, ref ActionDescriptor a) => a.BufferBytes = LinkProtocol.MaximumBuffer).Status.ShouldBe(ReplyStatus.Ok);
    }

    [Fact]
    public void A_script_is_marked_as_one_and_runs_directly()
    {
        var offset = (uint)Marshal.SizeOf<AddEventRequest>();
        Check((ref AddEventRequest _, ref ActionDescriptor a) => Script(ref a)).Status.ShouldBe(ReplyStatus.Ok);
        Check((ref AddEventRequest _, ref ActionDescriptor a) => Script(ref a, flags: BlobFlags.Script | BlobFlags.UsesVectorState)).Status.ShouldBe(ReplyStatus.Ok);
        Check((ref AddEventRequest _, ref ActionDescriptor a) => Script(ref a, flags: BlobFlags.None)).ShouldBe((ReplyStatus.BadField, offset));
        Check((ref AddEventRequest _, ref ActionDescriptor a) => Script(ref a, RunManner.Contained)).ShouldBe((ReplyStatus.BadField, offset));
        Check((ref AddEventRequest _, ref ActionDescriptor a) => Script(ref a, RunManner.Root)).ShouldBe((ReplyStatus.BadField, offset));
        Check((ref AddEventRequest _, ref ActionDescriptor a) => Script(ref a, bytes: 0)).ShouldBe((ReplyStatus.BadField, offset));
        Check((ref AddEventRequest _, ref ActionDescriptor a) => Script(ref a, flags: (BlobFlags)8 | BlobFlags.Script)).ShouldBe((ReplyStatus.BadField, offset));

        // Custom code gets no way to the helpers.
        Check((ref AddEventRequest _, ref ActionDescriptor a) => a.Code.Flags = BlobFlags.Script).ShouldBe((ReplyStatus.BadField, offset));

        static void Script(ref ActionDescriptor action, RunManner manner = RunManner.Direct, BlobFlags flags = BlobFlags.Script, uint bytes = 10) =>
            action = new() { Kind = EventAction.Script, Code = new BlobDescriptor { Bytes = bytes, Manner = manner, Flags = flags } };
    }

    [Fact]
    public void A_processor_must_exist()
    {
        Check((ref AddEventRequest r, ref ActionDescriptor _) => r.Processor = 1).Status.ShouldBe(ReplyStatus.Ok);
        Check((ref AddEventRequest r, ref ActionDescriptor _) => r.Processor = 2).Status.ShouldBe(ReplyStatus.NoSuchProcessor);
    }

    [Fact]
    public void An_observer_may_not_stop_the_guest_and_may_do_all_else()
    {
        Change breaks = (ref AddEventRequest _, ref ActionDescriptor a) => a = new ActionDescriptor { Kind = EventAction.Break };
        Check(breaks).Status.ShouldBe(ReplyStatus.Ok);
        Check(breaks, observeOnly: true).Status.ShouldBe(ReplyStatus.ObserveOnly);
        Check((ref AddEventRequest _, ref ActionDescriptor _) => { }, observeOnly: true).Status.ShouldBe(ReplyStatus.Ok);
    }

    [Fact]
    public void A_request_is_as_long_as_its_actions_say()
    {
        AddEventRequest request = new() { Actions = 1 };
        EventRequestCheck.HeadBytes(&request, Head).ShouldBe(Head);
        EventRequestCheck.HeadBytes(&request, Head + 50).ShouldBe(Head);
        EventRequestCheck.HeadBytes(&request, Head - 1).ShouldBe(0);
        EventRequestCheck.HeadBytes(&request, 0).ShouldBe(0);
        request.Actions = LinkProtocol.MaximumActions + 1;
        EventRequestCheck.HeadBytes(&request, 4096).ShouldBe(0);
    }
}
