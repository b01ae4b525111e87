using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>Between the layouts of the protocol and bytes.</summary>
public static class Wire
{
    /// <summary>The bytes of a layout.</summary>
    public static byte[] Bytes<T>(in T value)
        where T : unmanaged =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();

    /// <summary>Reads a layout from the start of <paramref name="payload"/>, which may be longer.</summary>
    public static T Read<T>(ReadOnlySpan<byte> payload, MessageType type)
        where T : unmanaged =>
        MemoryMarshal.TryRead<T>(payload, out var value)
            ? value
            : throw new MalformedReplyException($"the target's {type & ~MessageType.ReplyBit} message is too short ({payload.Length} bytes of {Unsafe.SizeOf<T>()})");

    /// <summary>Reads one little-endian word.</summary>
    public static uint ReadWord(ReadOnlySpan<byte> payload, int offset, MessageType type) =>
        payload.Length >= offset + 4
            ? BinaryPrimitives.ReadUInt32LittleEndian(payload[offset..])
            : throw new MalformedReplyException($"the target's {type & ~MessageType.ReplyBit} message is too short ({payload.Length} bytes)");

    /// <summary>A name of fixed length, filled with zeros; bytes that are no ASCII show as '?'.</summary>
    public static unsafe string Name(byte* bytes, int length) => Name(new ReadOnlySpan<byte>(bytes, length));

    /// <inheritdoc cref="Name(byte*, int)"/>
    public static string Name(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        var text = new StringBuilder();
        foreach (var value in end < 0 ? bytes : bytes[..end])
        {
            text.Append(value is >= 0x20 and < 0x7F ? (char)value : '?');
        }

        return text.ToString();
    }
}
