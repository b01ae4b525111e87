using System;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>
/// Sequence numbers of requests that may reach a firmware instead of the target. A console waits for a target by saying hello, while the
/// machine boots; firmware with a console on the same UART (OVMF takes COM2 as one) reads each byte as a key, and Esc, wherever in a frame
/// it stands, as the key that ends in its menu instead of the boot.
/// </summary>
public static class QuietSequence
{
    private const byte Escape = 0x1B;
    private const int MostTries = 1000;

    /// <summary>The number behind <paramref name="last"/>, or another one where the request's bytes with that one hold an Esc.</summary>
    public static uint After(uint last, MessageType type, ReadOnlySpan<byte> payload)
    {
        // 0 is the target's "no reply kept".
        var next = last == uint.MaxValue ? 1 : last + 1;
        if (type is not (MessageType.Hello or MessageType.Status))
        {
            return next;
        }

        // About one number in thirty is unfit: by its own bytes, or by the checksum's. Bounded, for a payload that holds one itself.
        for (var tries = 0; tries < MostTries && LinkSession.MakeFrame(type, next, payload).AsSpan().Contains(Escape); tries++)
        {
            next = (uint)Random.Shared.NextInt64(1, uint.MaxValue);
        }

        return next;
    }
}
