using System;
using System.Linq;
using HvKernel.Tests.Memory;
using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Vmx;

public sealed unsafe class MsrPolicyTests
{
    private const uint HighStart = 0xC000_0000;
    private const uint RangeSize = 0x2000;

    /// <summary>IA32_FEATURE_CONTROL; IA32_BIOS_UPDT_TRIG, written only; all VMX capability registers, 480H to 493H.</summary>
    private static readonly uint[] WatchedReads = [0x3A, .. Enumerable.Range(0x480, 0x14).Select(index => (uint)index)];
    private static readonly uint[] WatchedWrites = [0x3A, 0x79, .. Enumerable.Range(0x480, 0x14).Select(index => (uint)index)];

    private static byte[] Bitmap()
    {
        // Exactly 4096 bytes: one written behind them ends the test run.
        using var bytes = new GuardedBytes(new byte[4096]);
        MsrPolicy.FillBitmap(bytes.Start);
        return new ReadOnlySpan<byte>(bytes.Start, 4096).ToArray();
    }

    /// <summary>The bit that the processor looks at, SDM vol. 3C, "MSR-Bitmap Address": 1 KiB each for low reads, high reads, low writes, high writes.</summary>
    private static bool Exits(byte[] bitmap, uint index, bool isWrite)
    {
        var part = (isWrite ? 2048 : 0) + (index >= HighStart ? 1024 : 0);
        var bit = (int)(index & 0x1FFF);
        return (bitmap[part + (bit / 8)] & (1 << (bit % 8))) != 0;
    }

    [Fact]
    public void The_bitmap_is_the_policy_bit_for_bit()
    {
        var bitmap = Bitmap();
        foreach (var start in new uint[] { 0, HighStart })
        {
            for (uint i = 0; i < RangeSize; i++)
            {
                var index = start + i;
                if (Exits(bitmap, index, false) != (MsrPolicy.OnRead(index) != MsrTreatment.Pass)
                    || Exits(bitmap, index, true) != (MsrPolicy.OnWrite(index) != MsrTreatment.Pass))
                {
                    Assert.Fail($"{index:x}");
                }
            }
        }
    }

    [Fact]
    public void Only_the_registers_that_must_exit_do()
    {
        var bitmap = Bitmap();
        var all = Enumerable.Range(0, (int)RangeSize).Select(i => (uint)i).SelectMany(i => new[] { i, HighStart + i }).ToArray();
        all.Where(index => Exits(bitmap, index, isWrite: false)).OrderBy(index => index).ShouldBe(WatchedReads);
        all.Where(index => Exits(bitmap, index, isWrite: true)).OrderBy(index => index).ShouldBe(WatchedWrites);
    }

    [Fact]
    public void A_guest_sees_a_processor_whose_VMX_firmware_locked_off()
    {
        MsrPolicy.OnRead(0x3A).ShouldBe(MsrTreatment.Emulate);
        MsrPolicy.OnWrite(0x3A).ShouldBe(MsrTreatment.Refuse);
        for (uint index = 0x480; index <= 0x493; index++)
        {
            MsrPolicy.OnRead(index).ShouldBe(MsrTreatment.Refuse);
            MsrPolicy.OnWrite(index).ShouldBe(MsrTreatment.Refuse);
        }
    }

    [Fact]
    public void A_microcode_update_is_swallowed()
    {
        MsrPolicy.OnWrite(0x79).ShouldBe(MsrTreatment.Emulate);
        MsrPolicy.OnRead(0x79).ShouldBe(MsrTreatment.Pass);
        MsrPolicy.OnRead(0x8B).ShouldBe(MsrTreatment.Pass);
    }

    [Theory]
    [InlineData(0x2000u)]
    [InlineData(0x4000_0000u)]      // Hyper-V's, which Windows probes
    [InlineData(0x4000_0105u)]
    [InlineData(0xBFFF_FFFFu)]
    [InlineData(0xC000_2000u)]
    [InlineData(0xFFFF_FFFFu)]
    public void Outside_both_ranges_the_processor_decides(uint index)
    {
        MsrPolicy.OnRead(index).ShouldBe(MsrTreatment.Pass);
        MsrPolicy.OnWrite(index).ShouldBe(MsrTreatment.Pass);
    }

    [Fact]
    public void A_bitmap_is_filled_over_zeroes_and_touches_no_other_bit()
    {
        using var bytes = new GuardedBytes([.. Enumerable.Repeat((byte)0xFF, 4096)]);
        MsrPolicy.FillBitmap(bytes.Start);
        new ReadOnlySpan<byte>(bytes.Start, 4096).IndexOfAnyExcept((byte)0xFF).ShouldBe(-1);
    }
}
