using System;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>A console that observes: nothing that it or an earlier one asked for stops the guest.</summary>
public sealed class LabObserverTests
{
    [Fact]
    public Task Breaks_set_before_are_counted_and_stop_nothing() => LabGuest.RunAsync(
        "lab-observer",
        "wait=forever,hold=process,plain:syscall=200",
        async lab =>
        {
            var scenario = await lab.NextAsync("syscall");
            var added = await lab.AddAsync(ModeTrapDirection.UserAndKernel, scenario.Root, EventAction.Break);
            await lab.Guest.DetachAsync();

            await using var observer = await Debugger.AttachAsync(
                lab.Guest.Endpoint, BootedGuest.Patience, new LinkOptions { Manner = AttachManner.Observer });
            await observer.WriteMemoryAsync(scenario.Flag, BitConverter.GetBytes(1UL), MemoryView.Physical);
            var figures = await lab.DoneAsync(scenario);
            (figures.KernelEntries, figures.UserEntries).ShouldBe((scenario.Expected, scenario.Expected));

            var counted = (await observer.ListEventsAsync()).Single(entry => entry.Id == added.Id);
            (counted.KernelReached, counted.UserReached).ShouldBe((figures.KernelEntries, figures.UserEntries));
            counted.BreaksSuppressed.ShouldBe(figures.KernelEntries + figures.UserEntries);
            (await observer.GetStatusAsync()).State.ShouldBe(TargetState.Running);
            (await Should.ThrowAsync<TargetException>(observer.PauseAsync())).Status.ShouldBe(ReplyStatus.ObserveOnly);
        });
}
