namespace HvKernel.Protocol;

/// <summary>
/// The envelope of every message, little-endian:
/// magic (4 bytes 7F 48 56 4B), payload length (2), type (1), reserved 0 (1), sequence (4), payload, CRC-32 (4).
/// The checksum covers everything between the magic and itself.
/// </summary>
public static class Frame
{
    /// <summary>The bytes 7F 'H' 'V' 'K' as they come over the line; 7F never occurs in the readable text that shares it.</summary>
    public const uint Magic = 0x4B56_487F;

    public const int HeaderBytes = 12;
    public const int ChecksumBytes = 4;

    /// <summary>Largest payload either side may send.</summary>
    public const int MaximumPayload = 2048;

    /// <summary>Largest whole frame.</summary>
    public const int MaximumBytes = HeaderBytes + MaximumPayload + ChecksumBytes;

    /// <summary>
    /// Completes a frame around a payload that already stands at <paramref name="frame"/> + <see cref="HeaderBytes"/>.
    /// </summary>
    /// <returns>Bytes of the whole frame.</returns>
    public static unsafe int Seal(byte* frame, MessageType type, uint sequence, int payloadLength)
    {
        *(uint*)frame = Magic;
        *(ushort*)(frame + 4) = (ushort)payloadLength;
        frame[6] = (byte)type;
        frame[7] = 0;
        *(uint*)(frame + 8) = sequence;
        var checksum = Crc32.Of(frame + 4, HeaderBytes - 4 + payloadLength);
        *(uint*)(frame + HeaderBytes + payloadLength) = checksum;
        return HeaderBytes + payloadLength + ChecksumBytes;
    }
}
