using System.Linq;
using System.Threading.Tasks;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>Breaking in whatever the guest does, and going on.</summary>
public sealed class LabBreakInTests
{
    private const ulong InterruptFlag = 1 << 9;
    private const byte Halted = 1;

    [Fact]
    public Task Spinning_with_interrupts_off_halted_and_dead() => LabGuest.RunAsync("lab-break-in", "spin,halt,dead", async lab =>
    {
        await lab.GreetingAsync();

        var spin = await lab.LineAsync("LAB scenario=spin");
        var stop = await lab.Debugger.PauseAsync();
        stop.Reason.ShouldBe(StopReason.Pause);
        stop.Rip.ShouldBe(spin.Number("rip"));
        ((await lab.Debugger.ReadRegistersAsync()).Rflags & InterruptFlag).ShouldBe(0UL);

        // It stays where it is, however often it goes on, until it is led out.
        await lab.Debugger.ContinueAsync();
        (await lab.Debugger.PauseAsync()).Rip.ShouldBe(spin.Number("rip"));
        await lab.Debugger.WriteRegisterAsync(RegisterId.Rip, spin.Number("end"));
        (await lab.Debugger.ReadRegistersAsync()).Rip.ShouldBe(spin.Number("end"));
        await lab.Debugger.ContinueAsync();
        await lab.LineAsync("LAB done scenario=spin");

        var halt = await lab.LineAsync("LAB scenario=halt");
        await ShouldStandIn(lab, halt);
        await lab.WriteAsync(halt.Number("flag"));
        await lab.LineAsync("LAB done scenario=halt");

        var dead = await lab.LineAsync("LAB scenario=dead");
        await ShouldStandIn(lab, dead);
        (await lab.Debugger.ListProcessorsAsync()).Single().Activity.ShouldBe(Halted);
        await ShouldStandIn(lab, dead);
    });

    private static async Task ShouldStandIn(LabGuest lab, LabLine line)
    {
        var stop = await lab.Debugger.PauseAsync();
        stop.Reason.ShouldBe(StopReason.Pause);

        // The line was read when its last byte was sent, a few instructions before.
        stop.Rip.ShouldBeInRange(line.Number("rip"), line.Number("end"));
        await lab.Debugger.ContinueAsync();
    }
}
