namespace HvKernel.Events.Scripts;

/// <summary>
/// Date and time for scripts: what a console has said last, carried on by the time-stamp counter. HvKernel does not read the clock chip, whose index
/// register is the guest's. Pure.
/// </summary>
public unsafe struct WallClock
{
    /// <summary>Bytes of the texts, the zero at their end included: YYYY-MM-DD and HH:MM:SS.mmm.</summary>
    public const int DateBytes = 11;
    public const int TimeBytes = 13;

    private const ulong MillisecondsPerDay = 86_400_000;

    // Year 9999 ends here: what a console says beyond is no date.
    private const ulong MostMilliseconds = 253_402_300_800_000;

    private ulong _milliseconds;
    private ulong _tick;

    /// <summary>Milliseconds since 1970, UTC, at a tick. What is no date is not taken.</summary>
    public void Set(ulong milliseconds, ulong tick)
    {
        if (milliseconds < MostMilliseconds)
        {
            _milliseconds = milliseconds;
            _tick = tick;
        }
    }

    /// <summary>Milliseconds since 1970, UTC.</summary>
    /// <param name="tick">Time-stamp counter now.</param>
    /// <param name="frequency">Ticks of it a second.</param>
    public readonly ulong Now(ulong tick, ulong frequency)
    {
        var since = tick - _tick;
        var now = _milliseconds + (since / frequency * 1000) + (since % frequency * 1000 / frequency);
        return now < MostMilliseconds ? now : MostMilliseconds - 1;
    }

    /// <summary>Writes the date with a zero at its end.</summary>
    public static void WriteDate(ulong milliseconds, byte* text)
    {
        // Years that begin in March have their odd day at the end: an era is 400 of them, 146,097 days, from 0000-03-01 on.
        var day = (milliseconds / MillisecondsPerDay) + 719_468;
        var era = day / 146_097;
        var dayOfEra = day % 146_097;
        var yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        var dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        var fromMarch = ((5 * dayOfYear) + 2) / 153;
        var month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
        var year = (era * 400) + yearOfEra + (month <= 2 ? 1UL : 0);
        Number(text, year, 4);
        text[4] = (byte)'-';
        Number(text + 5, month, 2);
        text[7] = (byte)'-';
        Number(text + 8, dayOfYear - (((153 * fromMarch) + 2) / 5) + 1, 2);
        text[10] = 0;
    }

    /// <summary>Writes the time with a zero at its end.</summary>
    public static void WriteTime(ulong milliseconds, byte* text)
    {
        var ofDay = milliseconds % MillisecondsPerDay;
        Number(text, ofDay / 3_600_000, 2);
        text[2] = (byte)':';
        Number(text + 3, ofDay / 60_000 % 60, 2);
        text[5] = (byte)':';
        Number(text + 6, ofDay / 1000 % 60, 2);
        text[8] = (byte)'.';
        Number(text + 9, ofDay % 1000, 3);
        text[12] = 0;
    }

    private static void Number(byte* text, ulong value, int digits)
    {
        for (var i = digits - 1; i >= 0; i--)
        {
            text[i] = (byte)('0' + (value % 10));
            value /= 10;
        }
    }
}
