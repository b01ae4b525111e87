using System;
using System.Collections.Generic;

namespace HvDbg.Client;

/// <summary>
/// Follows the sequence numbers of the target's own messages and tells how many never came. The numbers wrap around at 2^32.
/// Numbers are given out when a message is queued, and urgent messages (stops, notices) overtake the bulk of transition records, so a number
/// that is missing behind an urgent message may still come; behind a bulk message it cannot.
/// </summary>
public sealed class SequenceTracker
{
    /// <summary>A line that is silent for this long has nothing more in the target's queue.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(500);

    // More than the target's queue can hold: such a gap is not made of messages that were overtaken.
    private const int MostOvertaken = 1 << 14;

    private readonly HashSet<uint> _missing = [];
    private uint? _expected;
    private uint? _announced;
    private TimeSpan _silentSince;

    /// <summary>Forgets everything: another boot of the target counts anew.</summary>
    public void Reset()
    {
        _expected = null;
        _announced = null;
        _missing.Clear();
    }

    /// <summary>A message arrived.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="overtakes">Whether messages of its type overtake others.</param>
    /// <param name="now">The time, from any fixed point.</param>
    /// <returns>How many numbers turned out to be lost.</returns>
    public uint OnMessage(uint sequence, bool overtakes, TimeSpan now)
    {
        _silentSince = now;
        var expected = _expected ?? sequence;
        var ahead = (int)(sequence - expected);
        if (ahead < 0)
        {
            _missing.Remove(sequence);
            return overtakes ? 0 : GiveUpBefore(sequence);
        }

        _expected = sequence + 1;
        if (!overtakes || ahead > MostOvertaken)
        {
            return (uint)ahead + GiveUpBefore(sequence);
        }

        for (var number = expected; number != sequence; number++)
        {
            _missing.Add(number);
        }

        return 0;
    }

    /// <summary>The target said which number its next message will have.</summary>
    /// <param name="next">That number.</param>
    /// <param name="now">The time, from the same point.</param>
    /// <param name="wentBack">Whether it is lower than one seen before, which only a reset of the target explains.</param>
    /// <returns>How many numbers turned out to be lost.</returns>
    public uint OnReport(uint next, TimeSpan now, out bool wentBack)
    {
        if (_expected is not { } expected)
        {
            _expected = _announced = next;
            _silentSince = now;
            wentBack = false;
            return 0;
        }

        wentBack = (int)(next - expected) < 0;
        if (wentBack || now - _silentSince < Silence)
        {
            return 0;
        }

        // What was given out before the silence began, and has not come through it, will not come.
        _silentSince = now;
        var lost = GiveUpBefore(expected);
        if (_announced is { } announced && (int)(announced - expected) > 0)
        {
            lost += announced - expected;
            _expected = announced;
        }

        _announced = next;
        return lost;
    }

    private uint GiveUpBefore(uint sequence) => (uint)_missing.RemoveWhere(number => (int)(number - sequence) < 0);
}
