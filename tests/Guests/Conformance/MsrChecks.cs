using HvKernel.Cpu;
using HvKernel.Guests.Lab;

namespace HvKernel.Guests.Conformance;

/// <summary>Reads of all registers in the two architectural ranges, writes of legal and illegal values, and a sample of the other 2^32.</summary>
internal static unsafe class MsrChecks
{
    private const uint RangeBytes = 0x2000;
    private const uint HighRange = 0xC000_0000;
    private const uint Block = 0x400;
    private const int Samples = 2048;
    private const ulong Seed = 0x1234_5678_9ABC_DEF1;
    private const ulong HashBasis = 0xCBF2_9CE4_8422_2325;
    private const ulong HashPrime = 0x100_0000_01B3;

    public static void Run(Guest* guest)
    {
        for (uint index = 0x480; index <= 0x493; index++)
        {
            Read(guest, index);
        }

        Read(guest, Msr.Ia32FeatureControl);
        Read(guest, 0x8B);
        Read(guest, 0x17);
        Read(guest, Msr.Ia32MtrrCap);
        Read(guest, Msr.Ia32Pat);
        Read(guest, Msr.Ia32Efer);
        Writes(guest);
        Sweep(guest, 0);
        Sweep(guest, HighRange);
        Sample(guest);
        guest->Saved.Restore(guest->Record);
    }

    private static void Read(Guest* guest, uint index)
    {
        ref var output = ref guest->Output;
        output.Start("msr-read."u8);
        output.Digits(index, 8);
        output.Byte((byte)':');
        if (Runner.TryReadMsr(guest, index, out var value))
        {
            output.Field("value"u8, value);
        }
        else
        {
            output.Field("vector"u8, guest->Record->Vector);
            output.Field("error"u8, guest->Record->Error);
        }

        output.End();
    }

    private static void Writes(Guest* guest)
    {
        Write(guest, Msr.Ia32ApicBase, 0x8000_0000_FEE0_0900);
        Write(guest, Msr.Ia32FeatureControl, 0);
        Write(guest, Msr.Ia32FeatureControl, 5);
        Write(guest, 0x3B, 0x1000);
        Write(guest, 0x79, 0);
        Write(guest, 0x8B, 0);
        Write(guest, Msr.Ia32MtrrCap, 0);
        Write(guest, Msr.Ia32SysenterCs, 0x1_0000_0008);
        Write(guest, Msr.Ia32SysenterEsp, 0x7FFF_FFFF_FFFF);
        Write(guest, Msr.Ia32SysenterEsp, 0x8000_0000_0000);
        Write(guest, Msr.Ia32SysenterEip, 0xFFFF_8000_0000_0000);
        Write(guest, Msr.Ia32SysenterEip, 0xFFFF_7FFF_FFFF_FFFF);
        Write(guest, 0x1A0, ulong.MaxValue);
        Write(guest, Msr.Ia32DebugCtl, 1);
        Write(guest, Msr.Ia32DebugCtl, 2);
        Write(guest, Msr.Ia32DebugCtl, 1 << 14);
        Write(guest, Msr.Ia32DebugCtl, 1UL << 40);
        Write(guest, 0x20E, 0x0600_0006);
        Write(guest, 0x20E, 0x0600_0002);
        Write(guest, 0x20E, 1UL << 51);
        Write(guest, 0x20F, 0xFF00_0000);
        Write(guest, 0x20F, 0xFF00_0400);
        Write(guest, Msr.Ia32MtrrFix4KC0000, 0x0606_0606_0606_0606);
        Write(guest, Msr.Ia32MtrrFix4KC0000, 0x0206_0606_0606_0606);
        for (ulong type = 0; type < 9; type++)
        {
            Write(guest, Msr.Ia32Pat, 0x0007_0406_0007_0400 | type);
        }

        Write(guest, Msr.Ia32Pat, 0x0807_0406_0007_0406);
        Write(guest, Msr.Ia32Pat, 0x0000_0000_0000_0006);
        Write(guest, Msr.Ia32MtrrDefType, 0xC02);
        Write(guest, Msr.Ia32MtrrDefType, 0x1_0000_0C06);
        Write(guest, 0x480, 0);
        Write(guest, 0x48B, 0);
        Write(guest, Msr.Ia32Efer, 0xD01);
        Write(guest, Msr.Ia32Efer, 0x500);
        Write(guest, Msr.Ia32Efer, 0xC00);
        Write(guest, Msr.Ia32Efer, 0x900);
        Write(guest, Msr.Ia32Efer, 0x1D00);
        Write(guest, Msr.Ia32Efer, 0xD02);
        Write(guest, Msr.Ia32Efer, 0x1_0000_0D00);
        Write(guest, Msr.Ia32Star, ulong.MaxValue);
        Write(guest, Msr.Ia32Lstar, 0x7FFF_FFFF_FFFF);
        Write(guest, Msr.Ia32Lstar, 0x8000_0000_0000);
        Write(guest, 0xC000_0083, 0x8000_0000_0000);
        Write(guest, 0xC000_0084, 0xFFFF_FFFF);
        Write(guest, 0xC000_0084, 0x1_0000_0000);
        Write(guest, Msr.Ia32FsBase, 0x8000_0000_0000);
        Write(guest, Msr.Ia32GsBase, 0xFFFF_8000_0000_0000);
        Write(guest, Msr.Ia32KernelGsBase, 0x8000_0000_0000);
        Write(guest, 0xC000_0103, 0xFFFF_FFFF);
        Write(guest, 0xC000_0103, 0x1_0000_0000);
        Write(guest, 0xDA0, 0x100);
        Write(guest, 0xDA0, ulong.MaxValue);
        Write(guest, 0x802, 0);
        Write(guest, 0x83F, 0x50);
        Write(guest, 0x1FFF, 0);
        Write(guest, 0x2000, 0);
        Write(guest, 0xBFFF_FFFF, 0);
        Write(guest, 0xC000_2000, 0);
        Write(guest, uint.MaxValue, 0);
    }

    // Writes, reads back, and puts the old value back.
    private static void Write(Guest* guest, uint index, ulong value)
    {
        ref var output = ref guest->Output;
        var exists = Runner.TryReadMsr(guest, index, out var before);
        output.Start("msr-write."u8);
        output.Digits(index, 8);
        output.Field("value"u8, value);
        output.Byte((byte)':');
        if (Runner.TryWriteMsr(guest, index, value))
        {
            if (Runner.TryReadMsr(guest, index, out var after))
            {
                output.Field("reads"u8, after);
            }

            if (exists)
            {
                Runner.TryWriteMsr(guest, index, before);
            }
        }
        else
        {
            output.Field("vector"u8, guest->Record->Vector);
            output.Field("error"u8, guest->Record->Error);
        }

        guest->Saved.Restore(guest->Record);
        output.End();
    }

    // Time and its kin, what has lines of its own, and what acts when it is written.
    private static bool IsLeftOut(uint index) => index switch
    {
        0x10 or 0x3A or 0x79 or 0xE7 or 0xE8 or 0x6E0 => true,
        >= 0x480 and <= 0x493 => true,
        >= 0xC1 and <= 0xC8 => true,
        >= 0x309 and <= 0x30C => true,
        _ => false,
    };

    private static void Sweep(Guest* guest, uint start)
    {
        for (var block = start; block < start + RangeBytes; block += Block)
        {
            ulong readable = 0;
            ulong same = 0;
            ulong ones = 0;
            var hash = HashBasis;
            for (var index = block; index < block + Block; index++)
            {
                if (IsLeftOut(index))
                {
                    continue;
                }

                var exists = Runner.TryReadMsr(guest, index, out var value);
                hash = Mix(Mix(hash, index), exists ? value : ulong.MaxValue - 1);
                readable += exists ? 1U : 0;
                if (exists && Runner.TryWriteMsr(guest, index, value))
                {
                    same++;
                    hash = Mix(hash, index);
                }

                if (Runner.TryWriteMsr(guest, index, ulong.MaxValue))
                {
                    ones++;
                    hash = Mix(hash, ~index);
                    if (exists)
                    {
                        Runner.TryWriteMsr(guest, index, value);
                    }
                }
            }

            ref var output = ref guest->Output;
            output.Start("msr-sweep."u8);
            output.Digits(block, 8);
            output.Byte((byte)':');
            output.Field("readable"u8, readable);
            output.Field("take-own-value"u8, same);
            output.Field("take-ones"u8, ones);
            output.Field("hash"u8, hash);
            output.End();
        }
    }

    private static void Sample(Guest* guest)
    {
        var state = Seed;
        ulong readable = 0;
        ulong writable = 0;
        var hash = HashBasis;
        for (var i = 0; i < Samples; i++)
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            var index = (uint)(state >> 16);
            if (index is < RangeBytes or (>= HighRange and < HighRange + RangeBytes))
            {
                continue;
            }

            var exists = Runner.TryReadMsr(guest, index, out var value);
            readable += exists ? 1U : 0;
            hash = Mix(Mix(hash, index), exists ? value : ulong.MaxValue - 1);
            if (Runner.TryWriteMsr(guest, index, state))
            {
                writable++;
                hash = Mix(hash, index);
            }
        }

        ref var output = ref guest->Output;
        output.Start("msr-sample:"u8);
        output.Field("samples"u8, Samples);
        output.Field("readable"u8, readable);
        output.Field("writable"u8, writable);
        output.Field("hash"u8, hash);
        output.End();
    }

    private static ulong Mix(ulong hash, ulong value) => (hash ^ value ^ (value >> 29)) * HashPrime;
}
