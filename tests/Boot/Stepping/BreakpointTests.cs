using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Stepping;

/// <summary>Breakpoints: how often they stop the guest, what it sees of them, and what becomes of them.</summary>
public sealed class BreakpointTests
{
    private const ulong NotRam = 0xFEE0_0000;

    [Fact]
    public Task They_stop_each_time_and_the_guest_does_not_see_them() => StepsGuest.RunAsync("breakpoints", async guest =>
    {
        var debugger = guest.Debugger;
        await guest.AmountAsync(50);
        await guest.OrderAsync(StepsGuest.Count);
        var alone = await guest.AnswerAsync("count");
        alone["leaves"].ShouldBe(50UL);

        await HitsAsync(guest, alone["before"]);
        await DisabledAsync(guest, alone["before"]);
        await ModifiedAsync(guest);
        await FaultingAsync(guest);
        await RefusedAsync(guest);
        (await debugger.ListBreakpointsAsync()).ShouldBeEmpty();
        await debugger.ContinueAsync();
    });

    private static async Task HitsAsync(StepsGuest guest, ulong sum)
    {
        var debugger = guest.Debugger;
        await debugger.PauseAsync();
        var id = await guest.BreakAsync(guest["leaf"]);
        var other = await guest.BreakAsync(guest["callerend"]);
        (await debugger.ReadMemoryAsync(guest["leaf"], 1))[0].ShouldNotBe((byte)0xCC);
        await guest.OrderAsync(StepsGuest.Count);
        for (ulong hit = 1; hit <= 50; hit++)
        {
            var stop = await guest.GoAsync();
            (stop.Reason, stop.BreakpointId, stop.Rip).ShouldBe((StopReason.Breakpoint, id, guest["leaf"]));
        }

        (await guest.GoAsync()).BreakpointId.ShouldBe(other);
        await debugger.ContinueAsync();
        var figures = await guest.AnswerAsync("count");
        figures["leaves"].ShouldBe(50UL);
        (figures["before"], figures["behind"]).ShouldBe((sum, sum));
        (await guest.HitsAsync(id)).ShouldBe(50UL);
        (await guest.HitsAsync(other)).ShouldBe(1UL);
        await debugger.PauseAsync();
        await debugger.ClearBreakpointAsync(other);
    }

    // The page stays as it is for the guest whatever stands in it; what is disabled or for another processor stops nothing and counts nothing.
    private static async Task DisabledAsync(StepsGuest guest, ulong sum)
    {
        var debugger = guest.Debugger;
        var id = (await debugger.ListBreakpointsAsync()).ShouldHaveSingleItem().Id;
        await debugger.DisableBreakpointAsync(id);
        var end = await guest.BreakAsync(guest["callerend"]);
        await guest.OrderAsync(StepsGuest.Count);
        (await guest.GoAsync()).BreakpointId.ShouldBe(end);
        await debugger.ContinueAsync();
        (await guest.AnswerAsync("count"))["behind"].ShouldBe(sum);
        (await guest.HitsAsync(id)).ShouldBe(50UL);
        await debugger.PauseAsync();
        await debugger.EnableBreakpointAsync(id);
        await guest.OrderAsync(StepsGuest.Count);
        (await guest.GoAsync()).BreakpointId.ShouldBe(id);
        (await guest.HitsAsync(id)).ShouldBe(51UL);
        await debugger.ClearBreakpointAsync(id);
        (await guest.GoAsync()).BreakpointId.ShouldBe(end);
        await debugger.ModifyBreakpointAsync(LinkProtocol.All, BreakpointOperation.Clear);
        await debugger.ContinueAsync();
        (await guest.AnswerAsync("count"))["behind"].ShouldBe(sum);
    }

    // The guest changes the page, and at last the instruction that is stopped at.
    private static async Task ModifiedAsync(StepsGuest guest)
    {
        var debugger = guest.Debugger;
        await debugger.PauseAsync();
        var id = await guest.BreakAsync(guest["answer"]);
        await guest.OrderAsync(StepsGuest.Modify);
        for (var call = 0; call < 3; call++)
        {
            (await guest.GoAsync()).BreakpointId.ShouldBe(id);
        }

        await debugger.ContinueAsync();
        (await guest.AnswerAsync("modify"))["result"].ShouldBe(0x22_2211UL);
        await debugger.PauseAsync();
        (await guest.HitsAsync(id)).ShouldBe(3UL);
        await debugger.ClearBreakpointAsync(id);
    }

    // An instruction that is begun again behind its faults is one hit.
    private static async Task FaultingAsync(StepsGuest guest)
    {
        var debugger = guest.Debugger;
        await guest.AmountAsync(3);
        var id = await guest.BreakAsync(guest["division"]);
        await guest.OrderAsync(StepsGuest.Fault);
        (await guest.GoAsync()).BreakpointId.ShouldBe(id);
        await debugger.ContinueAsync();
        var figures = await guest.AnswerAsync("fault");
        (figures["de"], figures["result"]).ShouldBe((3UL, 10UL));
        (await guest.HitsAsync(id)).ShouldBe(1UL);
        await debugger.PauseAsync();
        await debugger.ClearBreakpointAsync(id);
    }

    private static async Task RefusedAsync(StepsGuest guest)
    {
        var debugger = guest.Debugger;
        (await RefusalAsync(new BreakpointDefinition(NotRam))).Status.ShouldBe(ReplyStatus.NotRam);
        (await RefusalAsync(new BreakpointDefinition(0xFFFF_8000_0000_0000))).Status.ShouldBe(ReplyStatus.NotMapped);
        (await RefusalAsync(new BreakpointDefinition(guest["leaf"], Pid: 1))).Status.ShouldBe(ReplyStatus.GuestOsUnknown);
        (await RefusalAsync(new BreakpointDefinition(guest["leaf"], Core: 7))).Status.ShouldBe(ReplyStatus.BadField);
        var id = await guest.BreakAsync(guest["leaf"]);
        var twice = await RefusalAsync(new BreakpointDefinition(guest["leaf"]));
        (twice.Status, twice.Detail).ShouldBe((ReplyStatus.DuplicateBreakpoint, id));
        await debugger.ClearBreakpointAsync(id);
        (await Should.ThrowAsync<TargetException>(debugger.ClearBreakpointAsync(id))).Status.ShouldBe(ReplyStatus.NoSuchBreakpoint);

        // The 65th, and the 33rd page.
        for (ulong i = 0; i < 64; i++)
        {
            await guest.BreakAsync(guest["walk"] + i);
        }

        (await RefusalAsync(new BreakpointDefinition(guest["leaf"]))).Status.ShouldBe(ReplyStatus.BreakpointTableFull);
        await debugger.ModifyBreakpointAsync(LinkProtocol.All, BreakpointOperation.Clear);
        for (ulong i = 0; i < 32; i++)
        {
            await guest.BreakAsync(0x100_0000 + (i * 0x20_1000));
        }

        (await RefusalAsync(new BreakpointDefinition(guest["leaf"]))).Status.ShouldBe(ReplyStatus.BreakpointTableFull);
        await debugger.ModifyBreakpointAsync(LinkProtocol.All, BreakpointOperation.Clear);
        await debugger.ContinueAsync();
        (await Should.ThrowAsync<TargetException>(guest.BreakAsync(guest["leaf"]))).Status.ShouldBe(ReplyStatus.NotStopped);
        await debugger.PauseAsync();

        async Task<TargetException> RefusalAsync(BreakpointDefinition definition) =>
            await Should.ThrowAsync<TargetException>(debugger.AddBreakpointAsync(definition));
    }
}
