using System;
using System.Linq;
using System.Text;
using HvKernel.Guest.Linux;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Guest;

/// <summary>Symbol tables made by hand in all the forms that kernels have had, and damaged ones.</summary>
public sealed unsafe class KallsymsTests
{
    private const int Start = 0x1_2340;
    private const int Size = 0x10_0000;

    private static bool Find(GuardedBytes bytes, out Kallsyms symbols, out KallsymsTables tables)
    {
        var image = new ImageBytes(bytes.Start, (uint)bytes.Length);
        var found = KallsymsFinder.TryFind(in image, KallsymsBuilder.ImageBase, out tables);
        symbols = new Kallsyms(in image, KallsymsBuilder.ImageBase, in tables);
        return found;
    }

    [Theory]
    [InlineData(KallsymsForm.A, 1)]
    [InlineData(KallsymsForm.A, 2)]
    [InlineData(KallsymsForm.B, 3)]
    [InlineData(KallsymsForm.B, 4)]
    [InlineData(KallsymsForm.BUnsigned, 5)]
    [InlineData(KallsymsForm.C, 6)]
    [InlineData(KallsymsForm.C, 7)]
    public void Every_form_is_read_whole(KallsymsForm form, int seed)
    {
        var random = new Random(seed);
        var expected = KallsymsBuilder.Symbols(random, 3000 + random.Next(300), perCpu: form is KallsymsForm.A or KallsymsForm.B);
        var content = KallsymsBuilder.Build(form, expected, Start + 8 * random.Next(16), Size);

        // In front, what looks like the tokens' letters: a table of 16-bit characters.
        for (var i = 0; i < 128; i++)
            content[0x8000 + seed + i * 2] = (byte)i;

        using var bytes = new GuardedBytes(content);
        Find(bytes, out var symbols, out var tables).ShouldBeTrue();
        tables.Form.ShouldBe(form);
        tables.Count.ShouldBe((uint)expected.Count);
        tables.Sequences.ShouldNotBe(0u);

        var text = new byte[1024];
        for (var i = 0; i < expected.Count; i++)
        {
            symbols.AddressOf((uint)i).ShouldBe(expected[i].Address);
            var length = symbols.NameOf((uint)i, text, out var type);
            $"{(char)type}{Encoding.ASCII.GetString(text, 0, length)}".ShouldBe(expected[i].TypedName);
        }
        foreach (var name in expected.GroupBy(s => s.TypedName[1..]))
        {
            symbols.TryFind(Encoding.ASCII.GetBytes(name.Key), out var address).ShouldBeTrue();
            address.ShouldBe(name.Min(s => s.Address));
        }
        foreach (var (address, _) in expected.Where(s => s.Address >= KallsymsBuilder.ImageBase && s.Address < KallsymsBuilder.ImageBase + Size - 1))
        {
            symbols.TryResolve(address, out var index, out var offset).ShouldBeTrue();
            offset.ShouldBe(0UL);
            index.ShouldBe((uint)expected.FindIndex(s => s.Address == address));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Without_a_good_sorted_index_names_are_found_one_by_one(bool outOfRange)
    {
        var expected = KallsymsBuilder.Symbols(new Random(8), 3000, perCpu: false);
        var content = KallsymsBuilder.Build(KallsymsForm.B, expected, Start, Size);
        using var whole = new GuardedBytes(content);
        Find(whole, out _, out var tables).ShouldBeTrue();
        if (outOfRange)
            content[tables.Sequences + 300] ^= 1;
        else
            content.AsSpan((int)tables.Sequences + 300, 3).CopyTo(content.AsSpan((int)tables.Sequences + 600));
        using var damaged = new GuardedBytes(content);
        Find(damaged, out var symbols, out tables).ShouldBeTrue();
        tables.Sequences.ShouldBe(0u);
        symbols.TryFind(Encoding.ASCII.GetBytes(expected[2500].TypedName[1..]), out var address).ShouldBeTrue();
        address.ShouldBe(expected[2500].Address);
    }

    [Fact]
    public void Without_tokens_names_or_addresses_nothing_is_found()
    {
        var expected = KallsymsBuilder.Symbols(new Random(9), 3000, perCpu: true);
        var content = KallsymsBuilder.Build(KallsymsForm.A, expected, Start, Size);
        using var whole = new GuardedBytes(content);
        Find(whole, out _, out var tables).ShouldBeTrue();
        var endOfToken = (uint)Array.IndexOf(content, (byte)0, (int)tables.TokenTable);
        foreach (var part in (uint[])[endOfToken, tables.TokenIndex + 100, tables.Names, tables.Names - 8, tables.Markers + 8, tables.Addresses + 4001])
        {
            var damaged = (byte[])content.Clone();
            damaged[part] ^= 0x41;
            using var bytes = new GuardedBytes(damaged);
            Find(bytes, out _, out _).ShouldBeFalse($"byte {part:x}");
        }
        foreach (var length in (int[])[0, 8, 31, 32, 4096, (int)tables.TokenTable + 600, (int)tables.TokenIndex + 511])
        {
            using var bytes = new GuardedBytes(content.AsSpan(0, length));
            Find(bytes, out _, out _).ShouldBeFalse($"{length} bytes");
        }
    }

    [Fact]
    public void Tables_that_change_after_they_were_found_are_read_within_bounds_and_in_bounded_time()
    {
        var random = new Random(10);
        var expected = KallsymsBuilder.Symbols(random, 3000, perCpu: true);
        var text = new byte[1024];
        foreach (var form in (KallsymsForm[])[KallsymsForm.A, KallsymsForm.B, KallsymsForm.C])
        {
            // The image ends right behind the tables, where reading on would be reading outside.
            using var bytes = new GuardedBytes(Shortened(KallsymsBuilder.Build(form, expected, Start, Size)));
            Find(bytes, out _, out var tables).ShouldBeTrue();
            for (var round = 0; round < 300; round++)
            {
                for (var i = 0; i < 40; i++)
                    bytes.Start[random.Next(Start, bytes.Length)] = (byte)(round % 3 == 0 ? 0xFF : random.Next(256));
                var image = new ImageBytes(bytes.Start, (uint)bytes.Length);
                var symbols = new Kallsyms(in image, KallsymsBuilder.ImageBase, in tables);
                for (var i = 0; i < 20; i++)
                {
                    var index = (uint)random.Next(3100);
                    symbols.NameOf(index, text, out _).ShouldBeLessThanOrEqualTo(1024);
                    symbols.TryFind(Encoding.ASCII.GetBytes(expected[i].TypedName[1..]), out _);
                    symbols.TryResolve(KallsymsBuilder.ImageBase + (ulong)random.Next(Size), out _, out _);
                }
                KallsymsFinder.TryFind(in image, KallsymsBuilder.ImageBase, out _);
            }
        }
    }

    [Theory]
    [InlineData(0x6161616161616161UL)]
    [InlineData(0x0064006300620061UL)]
    [InlineData(0x6400630062006100UL)]
    [InlineData(0x0000100000000000UL)]
    [InlineData(0UL)]
    public void Images_made_to_mislead_take_a_bounded_time(ulong pattern)
    {
        var content = new byte[8 << 20];
        for (var i = 0; i < content.Length; i += 8)
            BitConverter.TryWriteBytes(content.AsSpan(i), pattern + (pattern == 0x0000100000000000UL ? (ulong)i * 0x200 : 0));
        using var bytes = new GuardedBytes(content);
        Find(bytes, out _, out _).ShouldBeFalse();
    }

    private static ReadOnlySpan<byte> Shortened(byte[] image)
    {
        var end = Array.FindLastIndex(image, b => b != 0) + 1;
        return image.AsSpan(0, (end + 7) & ~7);
    }
}
