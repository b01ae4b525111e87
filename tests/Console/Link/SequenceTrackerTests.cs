using System;
using HvDbg.Client;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Link;

public class SequenceTrackerTests
{
    private static readonly TimeSpan Start = TimeSpan.FromSeconds(100);

    private readonly SequenceTracker _tracker = new();

    [Fact]
    public void The_first_number_is_as_good_as_any() => Bulk(4_000_000_000).ShouldBe(0u);

    [Fact]
    public void A_gap_in_the_bulk_is_a_loss()
    {
        Bulk(7);
        Bulk(11).ShouldBe(3u);
        Bulk(12).ShouldBe(0u);
    }

    [Fact]
    public void Numbers_wrap_around()
    {
        Bulk(uint.MaxValue);
        Bulk(0).ShouldBe(0u);
        Bulk(2).ShouldBe(1u);
    }

    [Fact]
    public void What_an_urgent_message_overtook_is_no_loss()
    {
        Bulk(1);
        Urgent(4).ShouldBe(0u);
        Bulk(2).ShouldBe(0u);
        Bulk(3).ShouldBe(0u);
        Bulk(5).ShouldBe(0u);
    }

    [Fact]
    public void What_does_not_come_behind_an_urgent_message_is_a_loss_as_soon_as_the_bulk_goes_on()
    {
        Bulk(1);
        Urgent(4);
        Bulk(3).ShouldBe(1u);
        Bulk(5).ShouldBe(0u);
    }

    [Fact]
    public void A_report_over_a_busy_line_is_no_proof_and_over_a_silent_one_it_is()
    {
        Bulk(1);
        _tracker.OnReport(9, Start, out _).ShouldBe(0u);
        _tracker.OnReport(9, Start + SequenceTracker.Silence, out _).ShouldBe(0u, "9 may have been given out just now");
        _tracker.OnReport(9, Start + (2 * SequenceTracker.Silence), out var wentBack).ShouldBe(7u);
        wentBack.ShouldBeFalse();
        Bulk(9).ShouldBe(0u);
    }

    [Fact]
    public void A_lower_number_in_a_report_means_another_boot()
    {
        Bulk(50);
        _tracker.OnReport(3, Start, out var wentBack).ShouldBe(0u);
        wentBack.ShouldBeTrue();
        _tracker.Reset();
        Bulk(3).ShouldBe(0u);
    }

    private uint Bulk(uint sequence) => _tracker.OnMessage(sequence, overtakes: false, Start);

    private uint Urgent(uint sequence) => _tracker.OnMessage(sequence, overtakes: true, Start);
}
