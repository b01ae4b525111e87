using System;
using HvKernel.Boot;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Boot;

public class BootCountTests
{
    private const ulong Start = 1_700_000_000;
    private const ulong Quickly = 60;
    private const uint Maximum = 3;

    [Fact]
    public void After_so_many_failed_boots_one_goes_without_us_and_the_next_tries_again()
    {
        BootRecord record = default;
        var now = Start;
        for (uint boot = 1; boot <= Maximum; boot++)
        {
            BootCount.IsSkipped(record, wasProven: false, now, Maximum, out record).ShouldBeFalse();
            record.Begun.ShouldBe(boot);
            now += Quickly;
        }

        BootCount.IsSkipped(record, wasProven: false, now, Maximum, out record).ShouldBeTrue();
        record.Begun.ShouldBe(0u);
        BootCount.IsSkipped(record, wasProven: false, now + Quickly, Maximum, out record).ShouldBeFalse();
        record.Begun.ShouldBe(1u);
    }

    [Theory]
    [InlineData(true, 60UL, 1u)]
    [InlineData(false, 60UL, 4u)]
    [InlineData(false, BootCount.QuickSeconds, 4u)]
    [InlineData(false, BootCount.QuickSeconds + 1, 1u)]
    public void A_boot_that_worked_or_lasted_ends_the_row(bool wasProven, ulong later, uint begun)
    {
        var before = new BootRecord { Begun = 3, Seconds = Start };
        BootCount.IsSkipped(before, wasProven, Start + later, maximum: 10, out var after).ShouldBeFalse();
        after.Begun.ShouldBe(begun);
        after.Seconds.ShouldBe(Start + later);
    }

    [Theory]
    [InlineData(Start, 0UL)]
    [InlineData(0UL, Start)]
    [InlineData(Start, Start - 100_000)]
    public void A_clock_that_says_nothing_counts_as_quick(ulong before, ulong now) =>
        BootCount.IsSkipped(new BootRecord { Begun = Maximum, Seconds = before }, wasProven: false, now, Maximum, out _).ShouldBeTrue();

    [Fact]
    public void With_0_no_boot_is_skipped() =>
        BootCount.IsSkipped(new BootRecord { Begun = 1000, Seconds = Start }, wasProven: false, Start + 1, maximum: 0, out _).ShouldBeFalse();

    [Fact]
    public void Dates_become_seconds()
    {
        var random = new Random(3);
        for (var i = 0; i < 1000; i++)
        {
            var time = DateTime.UnixEpoch.AddSeconds(random.NextInt64(0, 4_000_000_000));
            BootCount.Seconds((uint)time.Year, (uint)time.Month, (uint)time.Day, (uint)time.Hour, (uint)time.Minute, (uint)time.Second)
                .ShouldBe((ulong)(time - DateTime.UnixEpoch).TotalSeconds, time.ToString("O"));
        }
    }
}
