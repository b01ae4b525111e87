using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;
using HvKernel.Boot;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Boot;

public sealed unsafe class PeImageTests
{
    /// <summary>The image that was built last, and one made by hand that has what a linker may do and ours does not.</summary>
    public static TheoryData<string> Images => File.Exists(Repository.Locate("out/hvkernel.efi")) ? ["synthetic", "hvkernel.efi"] : ["synthetic"];

    private static PeFile Open(string image) =>
        new(image == "synthetic" ? SyntheticPe.Make() : File.ReadAllBytes(Repository.Locate("out/hvkernel.efi")));

    [Theory]
    [MemberData(nameof(Images))]
    public void Size_and_sections_are_those_of_the_headers(string name)
    {
        using var file = Open(name);
        var image = new PeImage(file.Start);
        ((nint)image.Base).ShouldBe((nint)file.Start);
        image.Bytes.ShouldBe((uint)file.Size);
        image.Sections.ShouldBe(file.Headers.SectionHeaders.Length);
        for (var i = 0; i < image.Sections; i++)
        {
            var section = file.Headers.SectionHeaders[i];
            image.Section(i, out var start, out var end, out var writable, out var executable);
            start.ShouldBe((uint)section.VirtualAddress);
            end.ShouldBe((uint)(section.VirtualAddress + section.VirtualSize));
            writable.ShouldBe(section.SectionCharacteristics.HasFlag(SectionCharacteristics.MemWrite));
            executable.ShouldBe(section.SectionCharacteristics.HasFlag(SectionCharacteristics.MemExecute));
        }
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void No_section_is_writable_and_executable_and_none_shares_a_page(string name)
    {
        // Root's page tables give access by pages.
        using var file = Open(name);
        var image = new PeImage(file.Start);
        var free = 0u;
        var executables = 0;
        for (var i = 0; i < image.Sections; i++)
        {
            image.Section(i, out var start, out var end, out var writable, out var executable);
            (writable && executable).ShouldBeFalse();
            (start % Page.Bytes).ShouldBe(0u);
            start.ShouldBeGreaterThanOrEqualTo(free);
            free = (end + Page.Bytes - 1) / Page.Bytes * Page.Bytes;
            executables += executable ? 1 : 0;
        }
        executables.ShouldBeGreaterThan(0);
        free.ShouldBeLessThanOrEqualTo(image.Bytes);
        (image.Bytes % Page.Bytes).ShouldBe(0u);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void A_relocated_copy_differs_in_its_addresses_and_nowhere_else(string name)
    {
        using var file = Open(name);
        var relocations = file.Relocations();
        var copy = (byte*)NativeMemory.AlignedAlloc((nuint)file.Size, Page.Bytes);
        try
        {
            // As firmware left it: valid where it stands.
            Move(file.Image, relocations, (ulong)file.Start - file.Headers.PEHeader!.ImageBase);
            var expected = file.Image.ToArray();
            Move(expected, relocations, (ulong)copy - (ulong)file.Start);
            file.Image.CopyTo(new Span<byte>(copy, file.Size));
            new PeImage(file.Start).Relocate(copy).ShouldBeTrue();
            new ReadOnlySpan<byte>(copy, file.Size).SequenceEqual(expected).ShouldBeTrue();
            foreach (var offset in relocations)
            {
                var pointer = *(ulong*)(copy + offset);
                (pointer - (ulong)copy).ShouldBeLessThan((ulong)file.Size);
            }
        }
        finally
        {
            NativeMemory.AlignedFree(copy);
        }
    }

    private static void Move(Span<byte> image, List<int> relocations, ulong by)
    {
        foreach (var offset in relocations)
        {
            var at = image[offset..];
            BinaryPrimitives.WriteUInt64LittleEndian(at, BinaryPrimitives.ReadUInt64LittleEndian(at) + by);
        }
    }

    [Fact]
    public void Addresses_made_by_hand_point_into_the_copy()
    {
        using var file = Open("synthetic");
        file.Relocations().ShouldBe(SyntheticPe.Addresses);
        var copy = stackalloc byte[SyntheticPe.SizeOfImage];
        file.Image.CopyTo(new Span<byte>(copy, SyntheticPe.SizeOfImage));
        new PeImage(file.Start).Relocate(copy).ShouldBeTrue();
        for (var i = 0; i < SyntheticPe.Addresses.Length; i++)
        {
            // Not loaded by firmware: addresses are still those of the preferred base.
            var moved = SyntheticPe.PreferredBase + (ulong)SyntheticPe.Targets[i] + (ulong)copy - (ulong)file.Start;
            (*(ulong*)(copy + SyntheticPe.Addresses[i])).ShouldBe(moved);
        }
    }

    [Theory]
    [InlineData(1)]     // HIGH
    [InlineData(3)]     // HIGHLOW: a 32-bit address
    [InlineData(9)]
    [InlineData(15)]
    public void A_relocation_of_another_kind_is_refused(int type)
    {
        using var file = new PeFile(SyntheticPe.Make(type));
        var copy = stackalloc byte[SyntheticPe.SizeOfImage];
        new PeImage(file.Start).Relocate(copy).ShouldBeFalse();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]         // less than its own header
    [InlineData(41)]        // longer than the table
    [InlineData(-1)]
    public void A_block_of_relocations_with_a_wrong_size_is_refused(int size)
    {
        using var file = new PeFile(SyntheticPe.Make());
        BinaryPrimitives.WriteInt32LittleEndian(file.Image[0x6004..], size);
        var copy = stackalloc byte[SyntheticPe.SizeOfImage];
        new PeImage(file.Start).Relocate(copy).ShouldBeFalse();
    }

    [Fact]
    public void An_image_without_relocations_needs_none()
    {
        using var file = new PeFile(SyntheticPe.Make());
        file.Image.Slice(0x80 + 24 + 112 + (8 * 5), 8).Clear();
        var copy = stackalloc byte[SyntheticPe.SizeOfImage];
        file.Image.CopyTo(new Span<byte>(copy, SyntheticPe.SizeOfImage));
        new PeImage(file.Start).Relocate(copy).ShouldBeTrue();
        new ReadOnlySpan<byte>(copy, SyntheticPe.SizeOfImage).SequenceEqual(file.Image).ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void The_build_identity_is_the_linkers(string name)
    {
        using var file = Open(name);
        var id = new byte[16];
        fixed (byte* target = id)
            new PeImage(file.Start).BuildId(target);
        id.ShouldBe(file.BuildId);
        id.Distinct().Count().ShouldBeGreaterThan(4);
        if (name == "synthetic")
            id.ShouldBe(SyntheticPe.Identity);
    }

    [Fact]
    public void An_image_without_a_debug_directory_has_no_identity()
    {
        using var file = new PeFile(SyntheticPe.Make());
        file.Image.Slice(0x80 + 24 + 112 + (8 * 6), 8).Clear();
        var id = new byte[16];
        fixed (byte* target = id)
            new PeImage(file.Start).BuildId(target);
        id.ShouldAllBe(value => value == 0);
    }
}
