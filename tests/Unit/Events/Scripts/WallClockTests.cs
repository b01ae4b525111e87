using System;
using System.Globalization;
using System.Text;
using HvKernel.Events.Scripts;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Events.Scripts;

/// <summary>The same dates and times as .NET's.</summary>
public sealed unsafe class WallClockTests
{
    private static string Date(ulong milliseconds)
    {
        var text = new byte[WallClock.DateBytes];
        fixed (byte* start = text)
            WallClock.WriteDate(milliseconds, start);
        return Encoding.ASCII.GetString(text);
    }

    private static string Time(ulong milliseconds)
    {
        var text = new byte[WallClock.TimeBytes];
        fixed (byte* start = text)
            WallClock.WriteTime(milliseconds, start);
        return Encoding.ASCII.GetString(text);
    }

    [Fact]
    public void Every_day_from_1970_to_2400_has_its_date()
    {
        for (var day = DateTime.UnixEpoch; day.Year < 2400; day = day.AddDays(1))
            Date((ulong)(day - DateTime.UnixEpoch).TotalMilliseconds).ShouldBe(day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) + "\0");
    }

    [Theory]
    [InlineData(0, "00:00:00.000\0")]
    [InlineData(86_399_999, "23:59:59.999\0")]
    [InlineData((86_400_000L * 20_000) + (7 * 3_600_000) + (8 * 60_000) + 9_010, "07:08:09.010\0")]
    public void A_time_is_that_of_its_day(long milliseconds, string expected) => Time((ulong)milliseconds).ShouldBe(expected);

    [Fact]
    public void The_clock_goes_on_by_ticks_from_where_it_was_set()
    {
        WallClock clock = default;
        clock.Set(1_000_000, 500);
        clock.Now(500, 1000).ShouldBe(1_000_000UL);
        clock.Now(500 + 2500, 1000).ShouldBe(1_002_500UL);

        // Ticks of a year at 4 GHz, times a thousand, are more than 64 bits.
        clock.Now(500 + (4_000_000_000UL * 86_400 * 365), 4_000_000_000).ShouldBe(1_000_000UL + (86_400_000UL * 365));
    }

    [Fact]
    public void What_is_no_date_is_not_taken()
    {
        WallClock clock = default;
        clock.Set(1000, 0);
        clock.Set(ulong.MaxValue, 0);
        clock.Now(0, 1).ShouldBe(1000UL);
    }
}
