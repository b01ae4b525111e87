using HvKernel.Cpu;
using HvKernel.Guests.Lab;

namespace HvKernel.Guests.Conformance;

/// <summary>Every leaf that exists, with its subleaves, and some that do not.</summary>
internal static unsafe class CpuidChecks
{
    private const uint ExtendedState = 0xD;
    private const uint HypervisorLeaves = 0x4000_0000;
    private const uint ExtendedLeaves = 0x8000_0000;
    private const uint Nowhere = 0xC000_0000;

    public static void Run(Guest* guest)
    {
        CpuidResult result;
        Machine.Cpuid(0, 0, &result);
        Range(guest, 0, result.Eax + 1);
        Range(guest, HypervisorLeaves, HypervisorLeaves + 0x10);
        Range(guest, HypervisorLeaves + 0x0FFF_FFFF, HypervisorLeaves + 0x0FFF_FFFF);
        Machine.Cpuid(ExtendedLeaves, 0, &result);
        Range(guest, ExtendedLeaves, result.Eax + 1);
        Range(guest, Nowhere, Nowhere);
        Range(guest, uint.MaxValue, uint.MaxValue);
    }

    // Subleaf 0 always; others where they say something else.
    private static void Range(Guest* guest, uint first, uint last)
    {
        for (var leaf = first; ; leaf++)
        {
            CpuidResult zero;
            Machine.Cpuid(leaf, 0, &zero);
            Line(guest, leaf, 0, &zero);
            var subleaves = leaf == ExtendedState ? 64U : 8;
            for (uint subleaf = 1; subleaf < subleaves; subleaf++)
            {
                CpuidResult result;
                Machine.Cpuid(leaf, subleaf, &result);
                var differs = result.Eax != zero.Eax || result.Ebx != zero.Ebx || result.Ecx != zero.Ecx || result.Edx != zero.Edx;
                var says = (result.Eax | result.Ebx | (result.Ecx & ~0xFFU) | result.Edx) != 0;
                if (differs && says)
                {
                    Line(guest, leaf, subleaf, &result);
                }
            }

            if (leaf >= last)
            {
                return;
            }
        }
    }

    private static void Line(Guest* guest, uint leaf, uint subleaf, CpuidResult* result)
    {
        ref var output = ref guest->Output;
        output.Start("cpuid-leaf."u8);
        output.Digits(leaf, 8);
        output.Byte((byte)'.');
        output.Digits(subleaf, 2);
        output.Byte((byte)':');
        output.Field("eax"u8, result->Eax);
        output.Field("ebx"u8, result->Ebx);
        output.Field("ecx"u8, result->Ecx);
        output.Field("edx"u8, result->Edx);
        output.End();
    }
}
