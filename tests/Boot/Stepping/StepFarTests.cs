using System;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Stepping;

/// <summary>Steps over and out.</summary>
public sealed class StepFarTests
{
    [Fact]
    public Task Over_calls_and_out_of_functions() => StepsGuest.RunAsync("steps-far", async guest =>
    {
        var debugger = guest.Debugger;
        await OverRecursionAsync(guest);
        await OutOfRecursionAsync(guest);
        await OverEverythingAsync(guest);

        // One that does not return by itself: the guest waits for an order inside it. Giving up stops it where it is.
        await guest.GoToAsync(StepsGuest.Recurse, guest["recurse"]);
        (await debugger.StepOutAsync(limit: 5)).Stop.StepEnd.ShouldBe(StepEnd.LimitReached);
        await debugger.ContinueAsync();
        await guest.AnswerAsync("recurse");
        await debugger.PauseAsync();
        using var giveUp = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        await Should.ThrowAsync<OperationCanceledException>(debugger.StepOutAsync(limit: ulong.MaxValue, cancellationToken: giveUp.Token));
        var stop = debugger.CurrentStop!;
        stop.Reason.ShouldBe(StopReason.Pause);
        stop.Rip.ShouldBeInRange(guest["wait"], guest["waitend"]);
        (await debugger.ListBreakpointsAsync()).ShouldBeEmpty();
    });

    // recurse(5) calls recurse(4) and so on, through the same instructions.
    private static async Task OverRecursionAsync(StepsGuest guest)
    {
        var debugger = guest.Debugger;
        await guest.AmountAsync(5);
        await guest.GoToAsync(StepsGuest.Recurse, guest["recursecall"]);
        var before = await debugger.ReadRegistersAsync();
        var result = await debugger.StepOverAsync();
        result.IsComplete.ShouldBeTrue();
        result.Stop.Rip.ShouldBe(guest["recursereturn"]);
        var behind = await debugger.ReadRegistersAsync();
        behind.General.Rsp.ShouldBe(before.General.Rsp);
        behind.General.Rax.ShouldBe(4UL + 3 + 2 + 1);
        await debugger.ContinueAsync();
        (await guest.AnswerAsync("recurse"))["result"].ShouldBe(15UL);
    }

    private static async Task OutOfRecursionAsync(StepsGuest guest)
    {
        var debugger = guest.Debugger;
        await guest.GoToAsync(StepsGuest.Recurse, guest["recurse"]);
        for (ulong depth = 5; depth > 3; depth--)
        {
            // Down one level: into the call of the next.
            for (var stop = debugger.CurrentStop!; stop.Rip != guest["recursecall"];)
            {
                stop = (await debugger.StepAsync()).Stop;
            }

            (await debugger.StepAsync()).Stop.Rip.ShouldBe(guest["recurse"]);
        }

        var inside = await debugger.ReadRegistersAsync();
        inside.General.Rcx.ShouldBe(3UL);
        var result = await debugger.StepOutAsync();
        result.IsComplete.ShouldBeTrue();
        result.Stop.Rip.ShouldBe(guest["recursereturn"]);
        var outside = await debugger.ReadRegistersAsync();
        outside.General.Rsp.ShouldBe(inside.General.Rsp + 8);
        outside.General.Rax.ShouldBe(3UL + 2 + 1);
        (await debugger.StepOutAsync()).Stop.Rip.ShouldBe(guest["recursereturn"]);
        (await debugger.ReadRegistersAsync()).General.Rax.ShouldBe(4UL + 3 + 2 + 1);
        await debugger.ContinueAsync();
        (await guest.AnswerAsync("recurse"))["result"].ShouldBe(15UL);
    }

    // The whole walk over its calls, interrupts and repetitions: never into anything else, but for the handlers of what `p` does not run through.
    private static async Task OverEverythingAsync(StepsGuest guest)
    {
        var debugger = guest.Debugger;
        await guest.GoToAsync(StepsGuest.Walk, guest["walk"]);
        var rip = guest["walk"];
        for (var steps = 0; rip != guest["walkend"]; steps++)
        {
            steps.ShouldBeLessThan(200);
            var result = await debugger.StepOverAsync();
            result.IsComplete.ShouldBeTrue();
            rip = result.Stop.Rip;
            rip.ShouldBeInRange(guest["walk"], guest["walkend"]);
        }

        await debugger.ContinueAsync();
        var figures = await guest.AnswerAsync("walk");
        (figures["i80"], figures["ud"], figures["bp"], figures["db"]).ShouldBe((1UL, 2UL, 1UL, 6UL));
    }
}
