using System.Linq;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

public sealed class PlainCampaign() : LabCampaign("plain");

public sealed class TwoRootCampaign() : LabCampaign("two-root");

public sealed class PcidCampaign() : LabCampaign("pcid");

public sealed class PlainCampaignWithShadowRoots() : LabCampaign("plain", "mbec");

public sealed class TwoRootCampaignWithShadowRoots() : LabCampaign("two-root", "mbec");

public sealed class PcidCampaignWithShadowRoots() : LabCampaign("pcid", "mbec");

public sealed class LabCountsWithOneRoot(PlainCampaign campaign) : LabCountTests(campaign), IClassFixture<PlainCampaign>;

public sealed class LabCountsWithTwoRoots(TwoRootCampaign campaign) : LabCountTests(campaign), IClassFixture<TwoRootCampaign>;

public sealed class LabCountsWithProcessContextIdentifiers(PcidCampaign campaign) : LabCountTests(campaign), IClassFixture<PcidCampaign>;

public sealed class LabCountsWithOneShadowedRoot(PlainCampaignWithShadowRoots campaign)
    : LabCountTests(campaign), IClassFixture<PlainCampaignWithShadowRoots>;

public sealed class LabCountsWithTwoShadowedRoots(TwoRootCampaignWithShadowRoots campaign)
    : LabCountTests(campaign), IClassFixture<TwoRootCampaignWithShadowRoots>;

public sealed class LabCountsWithShadowRootsAndProcessContextIdentifiers(PcidCampaignWithShadowRoots campaign)
    : LabCountTests(campaign), IClassFixture<PcidCampaignWithShadowRoots>;

/// <summary><c>!mode</c> counts exactly what the guest made, for each kind of transition, in one address-space mode.</summary>
public abstract class LabCountTests(LabCampaign campaign)
{
    private const int InterruptVector = 0x80;
    private const int TimerVector = 0x40;

    public static TheoryData<string> Kinds => [.. LabCampaign.Kinds.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_guest_makes_what_it_was_asked_for(string kind)
    {
        foreach (var run in new[] { "ku log", "u count", "k count", "u, k" })
        {
            var seen = campaign[$"{kind} {run}"];
            seen.Scenario.Mode.ShouldBe(campaign.Mode);
            seen.Scenario.HasTwoRoots.ShouldBe(campaign.Mode != "plain");
            seen.Scenario.Times.ShouldBe((ulong)LabCampaign.Kinds[kind]);
            seen.Guest.KernelEntries.ShouldBe(seen.Scenario.Expected);
            seen.Guest.UserEntries.ShouldBe(seen.Scenario.Expected);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Both_directions_are_counted_exactly(string kind)
    {
        var seen = campaign[$"{kind} ku log"];
        var counted = seen.Events.ShouldHaveSingleItem();
        counted.UserReached.ShouldBe(seen.Guest.UserEntries);
        counted.KernelReached.ShouldBe(seen.Guest.KernelEntries);
        counted.Dropped.ShouldBe(0UL);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void User_mode_reached_is_counted_exactly_and_nothing_else(string kind)
    {
        var seen = campaign[$"{kind} u count"];
        var counted = seen.Events.ShouldHaveSingleItem();
        counted.UserReached.ShouldBe(seen.Guest.UserEntries);
        counted.KernelReached.ShouldBe(0UL);
        seen.Records.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Kernel_reached_is_counted_exactly_and_nothing_else(string kind)
    {
        var seen = campaign[$"{kind} k count"];
        var counted = seen.Events.ShouldHaveSingleItem();
        counted.KernelReached.ShouldBe(seen.Guest.KernelEntries);
        counted.UserReached.ShouldBe(0UL);
        seen.Records.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Two_events_on_one_process_count_side_by_side(string kind)
    {
        var seen = campaign[$"{kind} u, k"];
        seen.Events.Count.ShouldBe(2);
        seen.Events[0].UserReached.ShouldBe(seen.Guest.UserEntries);
        seen.Events[0].KernelReached.ShouldBe(0UL);
        seen.Events[1].KernelReached.ShouldBe(seen.Guest.KernelEntries);
        seen.Events[1].UserReached.ShouldBe(0UL);
        ((ulong)seen.Records.Count).ShouldBe(seen.Guest.UserEntries);
        seen.Records.ShouldAllBe(record => record.Context == 3 && record.EventId == seen.Events[0].Id);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Records_alternate_from_user_to_kernel_in_order(string kind)
    {
        var seen = campaign[$"{kind} ku log"];
        ((ulong)seen.Records.Count).ShouldBe(seen.Guest.UserEntries + seen.Guest.KernelEntries);
        for (var i = 0; i < seen.Records.Count; i++)
        {
            seen.Records[i].Context.ShouldBe((byte)(i % 2 == 0 ? 3 : 0), $"record {i}");
            seen.Records[i].Processor.ShouldBe(0U);
            seen.Records[i].EventId.ShouldBe(seen.Events[0].Id);
        }

        seen.Records.Select(record => record.Tick).ShouldBeInOrder();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Records_name_the_first_instruction_of_the_new_mode(string kind)
    {
        var seen = campaign[$"{kind} ku log"];
        seen.Records[0].Rip.ShouldBe(seen.Scenario.Entry);
        seen.Records.Where(record => record.ReachedUser)
            .ShouldAllBe(record => record.Rip >= LabGuest.UserText && record.Rip < LabGuest.UserTextEnd);

        // Every way into the kernel ends in the stub of its vector or in LSTAR; the last one is always the system call "exit".
        var kernel = seen.Records.Where(record => !record.ReachedUser).Select(record => record.Rip).ToList();
        kernel[^1].ShouldBe(campaign.SyscallEntry);
        kernel[..^1].ShouldAllBe(rip => rip == KernelEntry(kind));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void One_exit_for_each_transition(string kind)
    {
        foreach (var run in new[] { "ku log", "u count", "k count", "u, k" })
        {
            var seen = campaign[$"{kind} {run}"];
            var exits = campaign.HasShadowRoots ? seen.Faults : seen.Violations;
            exits.ShouldBe(seen.Guest.UserEntries + seen.Guest.KernelEntries, run);
        }
    }

    // With two roots the guest's kernel writes the entry of the user half again for each page that it maps.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Nothing_else_of_the_kind_exits(string kind)
    {
        foreach (var run in new[] { "ku log", "u count", "k count", "u, k" })
        {
            var seen = campaign[$"{kind} {run}"];
            var others = campaign.HasShadowRoots ? seen.Violations : seen.Faults;
            var writes = campaign.HasShadowRoots && campaign.Mode != "plain" && kind == "pagefault" ? seen.Scenario.Times : 0;
            others.ShouldBe(writes, run);
        }
    }

    // Not "switch": there the loads of the neighbour, who is not watched, exit too.
    [Theory]
    [InlineData("syscall")]
    [InlineData("int")]
    [InlineData("pagefault")]
    [InlineData("ud")]
    [InlineData("timer")]
    public void Loads_of_CR3_by_the_process_itself_exit_only_where_a_shadow_must_follow(string kind)
    {
        foreach (var run in new[] { "ku log", "u count", "k count", "u, k" })
        {
            // The load that makes it current and the one that leaves it; and the next scenario's may come before the exits are read. A shadow
            // root must follow each load of the other root.
            var seen = campaign[$"{kind} {run}"];
            var own = campaign.HasShadowRoots && campaign.Mode != "plain" ? seen.Guest.UserEntries + seen.Guest.KernelEntries : 0;
            seen.ControlRegisterExits.ShouldBeInRange(own, own + 3, run);
        }
    }

    [Fact]
    public void A_disabled_event_counts_nothing_and_costs_nothing()
    {
        var seen = campaign["disabled"];
        seen.Guest.KernelEntries.ShouldBe(seen.Scenario.Expected);
        var counted = seen.Events.ShouldHaveSingleItem();
        counted.Enabled.ShouldBeFalse();
        (counted.UserReached + counted.KernelReached).ShouldBe(0UL);
        seen.Records.ShouldBeEmpty();
        seen.Violations.ShouldBe(0UL);
        seen.Faults.ShouldBe(0UL);
        seen.ControlRegisterExits.ShouldBe(0UL);
    }

    [Fact]
    public void An_event_on_core_0_counts_what_happens_there()
    {
        var seen = campaign["core 0"];
        var counted = seen.Events.ShouldHaveSingleItem();
        counted.Processor.ShouldBe(0U);
        counted.UserReached.ShouldBe(seen.Guest.UserEntries);
        counted.KernelReached.ShouldBe(seen.Guest.KernelEntries);
    }

    [Fact]
    public void Each_of_two_processes_has_its_own_counts()
    {
        var seen = campaign["both processes"];
        seen.Events.Count.ShouldBe(2);
        seen.Events[0].UserReached.ShouldBe(seen.Guest.UserEntries);
        seen.Events[0].KernelReached.ShouldBe(seen.Guest.KernelEntries);

        // B is resumed for each yield of A: by the switch, and by its own interrupt.
        seen.Guest.OtherUserEntries.ShouldBe(2 * seen.Scenario.Times);
        seen.Guest.OtherKernelEntries.ShouldBe(2 * seen.Scenario.Times);
        seen.Events[1].UserReached.ShouldBe(seen.Guest.OtherUserEntries);
        seen.Events[1].KernelReached.ShouldBe(seen.Guest.OtherKernelEntries);
    }

    [Theory]
    [InlineData("no event")]
    [InlineData("after clearing")]
    public void Without_events_no_exit_is_taken(string run)
    {
        var seen = campaign[run];
        seen.Events.ShouldBeEmpty();
        seen.Guest.KernelEntries.ShouldBe(seen.Scenario.Expected);
        seen.Violations.ShouldBe(0UL);
        seen.Faults.ShouldBe(0UL);
        seen.ControlRegisterExits.ShouldBe(0UL);
    }

    [Fact]
    public void A_process_in_ring_3_is_caught_at_once()
    {
        var seen = campaign["set in ring 3"];
        seen.Guest.ShouldBe(new LabFigures(1, 1, 0, 0));
        var counted = seen.Events.ShouldHaveSingleItem();
        counted.KernelReached.ShouldBe(1UL);
        counted.UserReached.ShouldBe(0UL);
    }

    private ulong KernelEntry(string kind) => kind switch
    {
        "int" => Stub(InterruptVector),
        "pagefault" => Stub(14),
        "ud" => Stub(6),
        "timer" => Stub(TimerVector),
        _ => campaign.SyscallEntry,
    };

    private static ulong Stub(int vector) => LabGuest.EntryText + (ulong)(16 * vector);
}
