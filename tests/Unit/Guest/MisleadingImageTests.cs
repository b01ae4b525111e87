using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using HvKernel.Guest.Linux;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Guest;

/// <summary>Images made to keep the search busy: each place looks like the right one up to the end of a long check.</summary>
public sealed unsafe class MisleadingImageTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static void ShouldEndSoon(byte[] content, Func<ImageBytes, bool> find)
    {
        using var bytes = new GuardedBytes(content);
        var clock = Stopwatch.StartNew();
        find(new ImageBytes(bytes.Start, (uint)bytes.Length)).ShouldBeFalse();
        clock.Elapsed.ShouldBeLessThan(Patience);
    }

    private static bool FindSymbols(ImageBytes image) => KallsymsFinder.TryFind(in image, KallsymsBuilder.ImageBase, out _);

    [Fact]
    public void Letters_everywhere_are_no_endless_search_for_tokens()
    {
        // Four letters as tokens of themselves in each 32 bytes: the 160 tokens that should follow are read at each.
        var content = new byte[200 << 20];
        content.AsSpan().Fill((byte)'a');
        for (var at = 0; at < content.Length; at += 32)
            content[at + 1] = content[at + 3] = content[at + 5] = content[at + 7] = 0;
        ShouldEndSoon(content, FindSymbols);
    }

    [Fact]
    public void Names_that_fit_from_everywhere_are_no_endless_search_for_their_beginning()
    {
        // Every 8 bytes are one name of 7 tokens, and the number of all names: all beginnings meet all markers, but for the last one.
        const uint Blocks = 3000;
        const uint Count = Blocks * 256;
        var random = new Random(1);
        var whole = KallsymsBuilder.Build(KallsymsForm.B, KallsymsBuilder.Symbols(random, 1500, perCpu: false), 0x1000, 0x10000);
        var tokens = whole.AsSpan().IndexOf("a\0b\0c\0d\0"u8);
        tokens.ShouldBeGreaterThan(0);
        KallsymsTables tables;
        using (var bytes = new GuardedBytes(whole))
        {
            var image = new ImageBytes(bytes.Start, (uint)bytes.Length);
            KallsymsFinder.TryFind(in image, KallsymsBuilder.ImageBase, out tables).ShouldBeTrue();
        }

        var before = (int)(Blocks * 2048 + (1 << 20));
        var content = new byte[before + 0x10000];
        var words = MemoryMarshal.Cast<byte, ulong>(content.AsSpan(0, before));
        words.Fill(((ulong)Count << 32) | 0x0101_0107);
        var markers = MemoryMarshal.Cast<byte, uint>(content.AsSpan(before));
        for (var i = 0; i < Blocks; i++)
            markers[i] = (uint)i * 2048;
        whole.AsSpan((int)tables.TokenTable, (int)(tables.TokenIndex + 512 - tables.TokenTable)).CopyTo(content.AsSpan(before + (int)Blocks * 4));
        ShouldEndSoon(content, FindSymbols);
    }

    [Fact]
    public void Types_that_end_wrongly_are_not_read_from_every_beginning()
    {
        // Headers in the first half, whose types all begin at the second half: small ones up to the last, which is none.
        var content = new byte[12 << 20];
        var half = content.Length / 2;
        var words = MemoryMarshal.Cast<byte, uint>(content.AsSpan());
        for (var at = 0; at + 24 <= half; at += 24)
        {
            uint[] header = [Btf.MagicAndVersion, 24, (uint)(half - at - 24), (uint)half, 0, 0];
            header.CopyTo(words[(at / 4)..]);
            words[at / 4 + 5] = 4;
            words[at / 4 + 4] = (uint)(half - at - 24) + (uint)half - 16;
        }

        for (var at = half; at + 12 <= content.Length; at += 12)
            words[at / 4 + 1] = at + 24 > content.Length ? 31u << 24 : 2u << 24;
        ShouldEndSoon(content, image => Btf.TryFind(in image, out _, out _));
    }

    [Fact]
    public void Anonymous_members_far_from_any_mark_are_not_looked_up_for_ever()
    {
        // Structs of structs without names, chained by qualifiers, among so many types that each one is far from a mark.
        const uint Types = 200_000;
        var b = new BtfBuilder();
        for (uint i = 1; i <= Types; i++)
            b.Type(9, "", i % 15 == 0 ? Types + 1 : i + 1);
        var members = new (string, uint, uint)[2000];
        for (var i = 0; i < members.Length; i++)
            members[i] = ("", (uint)(Types - 1000 - i * 45 / 15 * 15 + 1), 0);
        b.Type(4, "endless", 8, false, members);
        using var bytes = new GuardedBytes(b.Build());
        var image = new ImageBytes(bytes.Start, (uint)bytes.Length);
        Btf.TryOpen(in image, 0, out var btf).ShouldBeTrue();
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 20; i++)
            btf.TryMember(Types + 1, "x"u8, out _).ShouldBeFalse();
        clock.Elapsed.ShouldBeLessThan(Patience);
    }
}
