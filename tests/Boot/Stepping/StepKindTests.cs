using System.Collections.Generic;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Stepping;

/// <summary>One step over each kind of instruction: where it ends, and that nothing of what the guest sees changes by it.</summary>
public sealed class StepKindTests
{
    private const int MostSteps = 400;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public Task Every_kind_of_instruction_is_one_step(int processors, bool holdOthers) => StepsGuest.RunAsync(
        $"steps-kinds-{processors}{(holdOthers ? "-held" : "")}",
        async guest =>
        {
            // First without a debugger's hand, for the figures that the guest counts itself.
            await guest.OrderAsync(StepsGuest.Walk);
            var alone = await guest.AnswerAsync("walk");
            await guest.GoToAsync(StepsGuest.Walk, guest["walk"]);
            var seen = await WalkAsync(guest, holdOthers);
            seen.ShouldBeGreaterThan(100);
            await guest.Debugger.ContinueAsync();
            var stepped = await guest.AnswerAsync("walk");
            stepped.ShouldBe(alone);
            stepped["db"].ShouldBe(6UL);
            stepped["bp"].ShouldBe(1UL);
            stepped["ud"].ShouldBe(2UL);
            stepped["i80"].ShouldBe(1UL);
        },
        new BootOptions { Name = "", Processors = processors });

    /// <summary>Steps through the walk; the firmware's timer asks for an interrupt all the time, and no step may end in its handler.</summary>
    private static async Task<int> WalkAsync(StepsGuest guest, bool holdOthers)
    {
        var debugger = guest.Debugger;
        var path = new List<ulong>();
        var registers = await debugger.ReadRegistersAsync();
        while (registers.Rip != guest["walkend"])
        {
            path.Count.ShouldBeLessThan(MostSteps);
            path.Add(registers.Rip);
            var wanted = await StepOracle.NextAsync(guest, registers);
            var traps = StepOracle.Traps(registers);
            registers = await StepAsync(debugger, wanted, holdOthers);
            if (!traps)
            {
                continue;
            }

            // The trap of the guest's own flag: its handler has one instruction and IRET, which comes back to where it was.
            await StepAsync(debugger, guest["db"], holdOthers, executes: false);
            await debugger.StepAsync(1, holdOthers);
            registers = await StepAsync(debugger, wanted, holdOthers);
        }

        return path.Count;
    }

    private static async Task<RegistersReply> StepAsync(Debugger debugger, ulong wanted, bool holdOthers, bool executes = true)
    {
        var result = await debugger.StepAsync(1, holdOthers);
        result.IsComplete.ShouldBeTrue();
        result.Stop.Reason.ShouldBe(StopReason.Step);
        result.Stop.Processor.ShouldBe(0U);
        result.Stop.Rip.ShouldBe(wanted, executes ? "the instruction before" : "the trap");
        return await debugger.ReadRegistersAsync();
    }
}
