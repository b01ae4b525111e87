using System.Runtime.InteropServices;

namespace HvKernel.Boot;

/// <summary>Content of the UEFI variable that counts boots.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct BootRecord
{
    /// <summary>Boots in a row that HvKernel has begun and of which nobody knows that they ended well.</summary>
    public uint Begun;
    public uint Reserved;

    /// <summary>When the last of them began, by the firmware's clock; 0 where it has none.</summary>
    public ulong Seconds;
}

/// <summary>
/// Whether this boot is to go without HvKernel, because those before did not come up. A boot counts as failed where the next one follows it quickly and
/// nothing says that it worked: who waits for a machine that hangs resets it, and does so again. Pure.
/// </summary>
public static class BootCount
{
    /// <summary>A boot that follows later than this was not asked for because the one before hung.</summary>
    public const ulong QuickSeconds = 15 * 60;

    private const int March = 3;
    private const int MonthsOfYear = 12;

    /// <summary>True: this boot goes without HvKernel, and the count begins anew. <paramref name="after"/> is what is to be kept.</summary>
    /// <param name="before">What the boot before has kept; all zero where there is nothing.</param>
    /// <param name="wasProven">Whether the boot before has left word that it worked.</param>
    /// <param name="now">The firmware's clock in seconds; 0 where it has none.</param>
    /// <param name="maximum">Boots that may fail; 0: any number.</param>
    /// <param name="after">The record of this boot.</param>
    public static bool IsSkipped(in BootRecord before, bool wasProven, ulong now, uint maximum, out BootRecord after)
    {
        // A clock that went back, or that there is none of, says nothing.
        var isQuick = now == 0 || before.Seconds == 0 || now < before.Seconds || now - before.Seconds <= QuickSeconds;
        var failed = wasProven || !isQuick ? 0 : before.Begun;
        after = default;
        if (maximum != 0 && failed >= maximum)
        {
            return true;
        }

        after.Begun = failed + 1;
        after.Seconds = now;
        return false;
    }

    /// <summary>Seconds since the first of January 1970 of a date of the Gregorian calendar, without time zone.</summary>
    public static ulong Seconds(uint year, uint month, uint day, uint hour, uint minute, uint second)
    {
        // Years begin in March, so that the day that leap years add is the last one.
        var y = month < March ? year - 1 : year;
        var m = month < March ? month + MonthsOfYear - March : month - March;
        var days = (365UL * y) + (y / 4) - (y / 100) + (y / 400) + (((153 * m) + 2) / 5) + day - 1 - 719_468;
        return (((((days * 24) + hour) * 60) + minute) * 60) + second;
    }
}
