using System;
using System.Linq;
using System.Text;
using HvKernel.Link;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Link;

public sealed unsafe class LogRingTests : IDisposable
{
    private readonly byte[] _memory = GC.AllocateArray<byte>(LogRing.MemoryBytes + 4096, pinned: true);
    private readonly byte* _ring;

    public LogRingTests()
    {
        fixed (byte* start = _memory)
        {
            _ring = start;
        }

        LogRing.Initialize(_ring);
    }

    public void Dispose() => _memory[LogRing.MemoryBytes..].ShouldAllBe(value => value == 0);

    [Fact]
    public void Text_comes_back_and_the_next_boot_finds_it()
    {
        LogRing.IsValid(_ring).ShouldBeTrue();
        Add("one\r\n");
        LogRing.Line(_ring, "two"u8);
        Read().ShouldBe("one\r\ntwo\r\n");
        Read(5).ShouldBe("two\r\n");
        Read(11).ShouldBe("");
        LogRing.IsProven(_ring).ShouldBeFalse();
        LogRing.Prove(_ring);
        LogRing.IsProven(_ring).ShouldBeTrue();
        Read().ShouldBe("one\r\ntwo\r\n");
    }

    [Fact]
    public void The_oldest_text_gives_way()
    {
        var all = string.Concat(Enumerable.Range(0, 5000).Select(i => $"line {i}\r\n"));
        foreach (var part in all.Chunk(77))
        {
            Add(new string(part));
        }

        Read().ShouldBe(all[^(int)LogRing.Capacity..]);
    }

    [Fact]
    public void Any_damaged_byte_of_the_head_makes_it_none()
    {
        Add("text\r\n");
        for (var i = 0; i < 36; i++)
        {
            _ring[i] ^= 0x40;
            LogRing.IsValid(_ring).ShouldBeFalse($"byte {i}");
            Add("lost");
            LogRing.Length(_ring).ShouldBe(0u);
            _ring[i] ^= 0x40;
        }

        Read().ShouldBe("text\r\n");
    }

    [Fact]
    public void A_copy_elsewhere_is_none_and_memory_that_was_cleared_neither()
    {
        var copy = GC.AllocateArray<byte>(LogRing.MemoryBytes, pinned: true);
        _memory.AsSpan(0, LogRing.MemoryBytes).CopyTo(copy);
        fixed (byte* start = copy)
        {
            LogRing.IsValid(start).ShouldBeFalse();
            copy.AsSpan().Clear();
            LogRing.IsValid(start).ShouldBeFalse();
            LogRing.Length(null).ShouldBe(0u);
        }
    }

    [Fact]
    public void Whatever_stands_there_only_text_comes_out()
    {
        new Random(7).NextBytes(_memory.AsSpan(40, LogRing.MemoryBytes - 40));
        Add("seen\r\n");

        // Somebody has written a count of his own, with the checksum that belongs to it.
        ((LogRingHead*)_ring)->Written = ulong.MaxValue - 3;
        ((LogRingHead*)_ring)->Checksum = HvKernel.Protocol.Crc32.Of(_ring, 32);
        Add("0123456789");
        Read().ShouldAllBe(letter => letter == '\r' || letter == '\n' || (letter >= ' ' && letter < 0x7F));
    }

    private void Add(string text)
    {
        fixed (byte* bytes = Encoding.ASCII.GetBytes(text))
        {
            LogRing.Append(_ring, bytes, text.Length);
        }
    }

    private string Read(uint offset = 0)
    {
        var text = new byte[LogRing.MemoryBytes];
        fixed (byte* target = text)
        {
            return Encoding.ASCII.GetString(text, 0, LogRing.Read(_ring, offset, target, text.Length));
        }
    }
}
