using System;
using HvKernel.Boot.Acpi;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Boot;

/// <summary>The walk from the RSDP to the definition blocks; what it meets may be anything.</summary>
public sealed class AcpiTablesTests : IDisposable
{
    private const ulong MemoryBytes = 0x1_0000;
    private const ulong Pointer = 0x100;
    private const ulong List = 0x1000;
    private const ulong Fixed = 0x2000;
    private const ulong Main = 0x3000;
    private const ulong Secondary = 0x4000;
    private static readonly byte[] Suspend = [0x08, .. "_S3_"u8, 0x12, 0x06, 0x04, 0x01, 0x01, 0x00, 0x00];
    private readonly FakeMemory _memory = new(MemoryBytes);

    public void Dispose() => _memory.Dispose();

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Both_kinds_of_definition_blocks_are_found(bool extendedList, bool extendedFixed)
    {
        Publish(extendedList, extendedFixed);
        Hide().ShouldBeTrue();
        _memory.Bytes(Main + 37, 4).ToArray().ShouldBe("XS3_"u8.ToArray());
        _memory.Bytes(Secondary + 37, 4).ToArray().ShouldBe("XS3_"u8.ToArray());
        Hide().ShouldBeFalse();
    }

    [Theory]
    [InlineData(Pointer)]
    [InlineData(MemoryBytes - 10)]
    [InlineData(ulong.MaxValue - 4)]
    public void A_pointer_that_is_none_is_left_alone(ulong pointer)
    {
        var memory = _memory.Open();
        AcpiTables.HideSuspend(ref memory, pointer).ShouldBeFalse();
    }

    [Theory]
    [InlineData(Pointer + 24, ulong.MaxValue)]
    [InlineData(Pointer + 24, MemoryBytes)]
    [InlineData(List + 4, 0ul)]
    [InlineData(List + 4, 0xFFFF_FFFFul)]
    [InlineData(List + 4, 0x7FFF_FFFFul)]
    public void Without_a_list_nothing_is_changed(ulong address, ulong value)
    {
        Publish(extendedList: true, extendedFixed: true);
        Write(address, value);
        Hide().ShouldBeFalse();
    }

    [Theory]
    [InlineData(List + 36, 0xFFFF_FFFF_FFFF_F000ul)]
    [InlineData(List + 36, 0ul)]
    [InlineData(Fixed + 4, 0x8000_0000ul)]
    [InlineData(Fixed + 4, 37ul)]
    [InlineData(Fixed + 140, 0xFFFF_FFFF_FFFF_FFFFul)]
    [InlineData(Main + 4, 35ul)]
    [InlineData(Main + 4, 0xFFFF_FFFFul)]
    public void A_table_that_makes_no_sense_is_passed_over_and_the_next_is_found(ulong address, ulong value)
    {
        Publish(extendedList: true, extendedFixed: true);
        Write(address, value);
        Hide().ShouldBeTrue();
        _memory.Bytes(Main + 37, 4).ToArray().ShouldBe("_S3_"u8.ToArray());
        _memory.Bytes(Secondary + 37, 4).ToArray().ShouldBe("XS3_"u8.ToArray());
    }

    private bool Hide()
    {
        var memory = _memory.Open();
        return AcpiTables.HideSuspend(ref memory, Pointer);
    }

    private void Publish(bool extendedList, bool extendedFixed)
    {
        _memory.Fill(Pointer, "RSD PTR "u8);
        _memory.Fill(Pointer + 15, [(byte)(extendedList ? 2 : 0)]);
        _memory.Write32(Pointer + 16, (uint)List);
        _memory.Write64(Pointer + 24, extendedList ? List : 0);
        var entryBytes = extendedList ? 8u : 4u;
        Header(List, "XSDT"u8, 36 + (2 * entryBytes));
        _memory.Write32(List + 36, (uint)Fixed);
        _memory.Write32(List + 36 + entryBytes, (uint)Secondary);
        Header(Fixed, "FACP"u8, extendedFixed ? 244u : 116u);
        _memory.Write32(Fixed + 40, extendedFixed ? 0 : (uint)Main);
        _memory.Write64(Fixed + 140, extendedFixed ? Main : 0);
        Block(Main, "DSDT"u8);
        Block(Secondary, "SSDT"u8);
    }

    private void Block(ulong address, ReadOnlySpan<byte> signature)
    {
        Header(address, signature, (uint)(36 + Suspend.Length));
        _memory.Fill(address + 36, Suspend);
    }

    private void Header(ulong address, ReadOnlySpan<byte> signature, uint length)
    {
        _memory.Fill(address, signature);
        _memory.Write32(address + 4, length);
    }

    // Lengths have four bytes, addresses eight.
    private void Write(ulong address, ulong value)
    {
        if ((address & 0xFFF) == 4)
        {
            _memory.Write32(address, (uint)value);
        }
        else
        {
            _memory.Write64(address, value);
        }
    }
}
