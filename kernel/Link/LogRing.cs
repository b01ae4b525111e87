using System;
using HvKernel.Protocol;

namespace HvKernel.Link;

/// <summary>Head of the log in memory.</summary>
public struct LogRingHead
{
    public ulong Signature;

    /// <summary>Its own address: a copy elsewhere is none.</summary>
    public ulong Address;

    /// <summary>Bytes of text that it holds at most.</summary>
    public uint Capacity;

    /// <summary><see cref="LogRing.Good"/>, or 0.</summary>
    public uint Flags;

    /// <summary>Bytes that were ever written; the last <see cref="Capacity"/> of them are there.</summary>
    public ulong Written;

    /// <summary>CRC-32 of the fields before.</summary>
    public uint Checksum;
    public uint Reserved;
}

/// <summary>
/// The last messages, in memory that a warm reset leaves alone: boot text, notices, panics. The guest can write there, so nothing is believed that was not
/// checked just before, and nothing of it is more than text. Pure.
/// </summary>
public static unsafe class LogRing
{
    /// <summary>Bytes of memory for head and text.</summary>
    public const int MemoryBytes = 32 * 1024;
    public const uint Capacity = MemoryBytes - HeadBytes;

    /// <summary>This boot has shown that it works (BootProof).</summary>
    public const uint Good = 1;

    // "HvKlog01"
    private const ulong Signature = 0x3130_676F_6C4B_7648;
    private const int HeadBytes = 40;
    private const int CheckedBytes = 32;

    /// <summary>An empty log.</summary>
    public static void Initialize(byte* memory)
    {
        var head = (LogRingHead*)memory;
        *head = default;
        head->Signature = Signature;
        head->Address = (ulong)memory;
        head->Capacity = Capacity;
        Seal(head);
    }

    /// <summary>Whether a whole log stands here.</summary>
    public static bool IsValid(byte* memory)
    {
        var head = (LogRingHead*)memory;
        return head->Signature == Signature && head->Address == (ulong)memory && head->Capacity == Capacity && head->Checksum == Checksum(head);
    }

    /// <summary>Appends text; the oldest gives way. Does nothing where there is no log.</summary>
    public static void Append(byte* memory, byte* text, int count)
    {
        if (memory == null || !IsValid(memory))
        {
            return;
        }

        var head = (LogRingHead*)memory;
        var written = head->Written;
        for (var i = 0; i < count; i++)
        {
            memory[HeadBytes + (int)(written++ % Capacity)] = text[i];
        }

        head->Written = written;
        Seal(head);
    }

    /// <summary>One line of text.</summary>
    public static void Line(byte* memory, ReadOnlySpan<byte> text)
    {
        var line = stackalloc byte[LineBytes];
        var count = 0;
        for (; count < text.Length && count < LineBytes - 2; count++)
        {
            line[count] = text[count];
        }

        line[count++] = (byte)'\r';
        line[count++] = (byte)'\n';
        Append(memory, line, count);
    }

    /// <summary>Notes that this boot works.</summary>
    public static void Prove(byte* memory)
    {
        if (memory != null && IsValid(memory))
        {
            ((LogRingHead*)memory)->Flags |= Good;
            Seal((LogRingHead*)memory);
        }
    }

    /// <summary>Whether the boot that wrote this log has shown that it works.</summary>
    public static bool IsProven(byte* memory) => memory != null && IsValid(memory) && (((LogRingHead*)memory)->Flags & Good) != 0;

    /// <summary>Bytes of text that are there; 0 where there is no log.</summary>
    public static uint Length(byte* memory)
    {
        if (memory == null || !IsValid(memory))
        {
            return 0;
        }

        var written = ((LogRingHead*)memory)->Written;
        return written < Capacity ? (uint)written : Capacity;
    }

    /// <summary>Copies text from <paramref name="offset"/> behind the oldest byte on; answers how many bytes there were. Line ends stay, other unprintable bytes become '?'.</summary>
    public static int Read(byte* memory, uint offset, byte* target, int count)
    {
        var length = Length(memory);
        if (offset >= length)
        {
            return 0;
        }

        var available = length - offset;
        var copied = (uint)count < available ? count : (int)available;
        var start = ((LogRingHead*)memory)->Written - length + offset;
        for (var i = 0; i < copied; i++)
        {
            var letter = memory[HeadBytes + (int)((start + (ulong)i) % Capacity)];
            target[i] = letter is (byte)'\r' or (byte)'\n' or (>= 0x20 and < 0x7F) ? letter : (byte)'?';
        }

        return copied;
    }

    private const int LineBytes = 160;

    private static uint Checksum(LogRingHead* head) => Crc32.Of((byte*)head, CheckedBytes);

    private static void Seal(LogRingHead* head) => head->Checksum = Checksum(head);
}
