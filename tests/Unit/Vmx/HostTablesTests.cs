using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using HvKernel.Tests.Memory;
using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Vmx;

/// <summary>Tables decoded by SDM vol. 3A: "Segment Descriptors", figures "64-Bit IDT Gate Descriptors" and "64-Bit TSS Format".</summary>
public sealed unsafe class HostTablesTests
{
    private const ulong Tss = 0xFFFF_8123_4567_89A0;
    private const ulong Stubs = 0x0000_7ABC_DEF1_2340;

    private static ulong[] Gdt()
    {
        using var bytes = new GuardedBytes([.. System.Linq.Enumerable.Repeat((byte)0xCC, 5 * 8)]);
        HostTables.WriteGdt((ulong*)bytes.Start, Tss);
        return new ReadOnlySpan<ulong>(bytes.Start, 5).ToArray();
    }

    private static ulong Bits(ulong value, int high, int low) => value >> low & ((1UL << (high - low + 1)) - 1);

    [Fact]
    public void The_null_descriptor_is_zero() => Gdt()[0].ShouldBe(0UL);

    [Fact]
    public void Code_is_64_bit_and_privileged()
    {
        var code = Gdt()[HostTables.CodeSelector / 8];
        Bits(code, 47, 47).ShouldBe(1UL);       // present
        Bits(code, 46, 45).ShouldBe(0UL);       // DPL
        Bits(code, 44, 44).ShouldBe(1UL);       // not a system segment
        Bits(code, 43, 43).ShouldBe(1UL);       // code
        Bits(code, 42, 42).ShouldBe(0UL);       // not conforming
        Bits(code, 53, 53).ShouldBe(1UL);       // L
        Bits(code, 54, 54).ShouldBe(0UL);       // D must be clear with L
    }

    [Fact]
    public void Data_is_writable_and_privileged()
    {
        var data = Gdt()[HostTables.DataSelector / 8];
        Bits(data, 47, 44).ShouldBe(0b1001UL);
        Bits(data, 43, 43).ShouldBe(0UL);
        Bits(data, 41, 41).ShouldBe(1UL);
    }

    [Fact]
    public void The_TSS_descriptor_is_a_busy_one_and_covers_it()
    {
        var gdt = Gdt();
        var (low, high) = (gdt[HostTables.TssSelector / 8], gdt[(HostTables.TssSelector / 8) + 1]);
        (Bits(low, 39, 16) | (Bits(low, 63, 56) << 24) | (high << 32)).ShouldBe(Tss);
        (high >> 32).ShouldBe(0UL);
        (Bits(low, 15, 0) | (Bits(low, 51, 48) << 16)).ShouldBe(103UL);
        Bits(low, 55, 55).ShouldBe(0UL);        // limit in bytes
        Bits(low, 47, 40).ShouldBe(0x8BUL);     // present, DPL 0, busy 64-bit TSS
    }

    [Fact]
    public void Selectors_are_those_of_the_GDT_at_level_0()
    {
        // VM entry refuses host selectors with RPL or TI set, and a null TR.
        foreach (var selector in new[] { HostTables.CodeSelector, HostTables.DataSelector, HostTables.TssSelector })
        {
            (selector & 7).ShouldBe(0);
            selector.ShouldBeGreaterThan((ushort)0);
        }
    }

    [Fact]
    public void The_TSS_has_four_stacks_and_no_permission_bitmap()
    {
        using var bytes = new GuardedBytes(new byte[HostTables.TssBytes]);
        HostTables.WriteTss(bytes.Start);
        for (var i = 0; i < HostTables.InterruptStacks; i++)
            HostTables.SetInterruptStack(bytes.Start, i, 0x1111_0000_0000_0000UL * (ulong)(i + 1));
        var tss = new ReadOnlySpan<byte>(bytes.Start, HostTables.TssBytes);
        BinaryPrimitives.ReadUInt64LittleEndian(tss[36..]).ShouldBe(0x1111_0000_0000_0000UL);    // IST1
        BinaryPrimitives.ReadUInt64LittleEndian(tss[44..]).ShouldBe(0x2222_0000_0000_0000UL);
        BinaryPrimitives.ReadUInt64LittleEndian(tss[52..]).ShouldBe(0x3333_0000_0000_0000UL);    // IST3
        BinaryPrimitives.ReadUInt64LittleEndian(tss[60..]).ShouldBe(0x4444_0000_0000_0000UL);    // IST4
        BinaryPrimitives.ReadUInt16LittleEndian(tss[102..]).ShouldBe((ushort)104);              // I/O map base, behind the limit
        tss[..36].IndexOfAnyExcept((byte)0).ShouldBe(-1);
        tss[68..102].IndexOfAnyExcept((byte)0).ShouldBe(-1);
    }

    [Fact]
    public void Every_vector_has_an_interrupt_gate_to_its_own_stub()
    {
        using var bytes = new GuardedBytes(new byte[4096]);
        HostTables.WriteIdt((ulong*)bytes.Start, Stubs);
        Dictionary<int, ulong> stacks = new() { [2] = 1, [8] = 2, [18] = 3 };       // NMI, #DF, #MC
        for (var vector = 0; vector < 256; vector++)
        {
            var low = ((ulong*)bytes.Start)[2 * vector];
            var high = ((ulong*)bytes.Start)[(2 * vector) + 1];
            (Bits(low, 15, 0) | (Bits(low, 63, 48) << 16) | (Bits(high, 31, 0) << 32)).ShouldBe(Stubs + (16UL * (ulong)vector));
            (high >> 32).ShouldBe(0UL);
            Bits(low, 31, 16).ShouldBe(HostTables.CodeSelector);
            Bits(low, 34, 32).ShouldBe(stacks.GetValueOrDefault(vector, 4UL));
            Bits(low, 39, 35).ShouldBe(0UL);
            Bits(low, 47, 40).ShouldBe(0x8EUL);     // present, DPL 0, interrupt gate: IF is cleared
        }
    }
}
