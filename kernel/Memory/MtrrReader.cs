using HvKernel.Cpu;

namespace HvKernel.Memory;

/// <summary>Reads <see cref="MtrrState"/> from this processor.</summary>
public static unsafe class MtrrReader
{
    /// <summary>Reads all MTRRs. <paramref name="physicalAddressBits"/> is CPUID.80000008H:EAX[7:0].</summary>
    public static void Read(MtrrState* mtrrs, int physicalAddressBits)
    {
        *mtrrs = default;
        var capability = MsrAccess.Read(Msr.Ia32MtrrCap);
        mtrrs->PhysicalAddressBits = physicalAddressBits;
        mtrrs->DefaultType = MsrAccess.Read(Msr.Ia32MtrrDefType);
        mtrrs->HasFixed = (capability & (1 << 8)) != 0;
        var count = (int)(capability & 0xFF);
        mtrrs->VariableCount = count < MtrrState.MaximumVariable ? count : MtrrState.MaximumVariable;
        for (uint i = 0; i < 2 * mtrrs->VariableCount; i++)
        {
            mtrrs->Variable[i] = MsrAccess.Read(Msr.Ia32MtrrPhysBase0 + i);
        }

        if (!mtrrs->HasFixed)
        {
            return;
        }

        var types = (ulong*)mtrrs->Fixed;
        types[0] = MsrAccess.Read(Msr.Ia32MtrrFix64K00000);
        types[1] = MsrAccess.Read(Msr.Ia32MtrrFix16K80000);
        types[2] = MsrAccess.Read(Msr.Ia32MtrrFix16KA0000);
        for (uint i = 0; i < 8; i++)
        {
            types[3 + i] = MsrAccess.Read(Msr.Ia32MtrrFix4KC0000 + i);
        }
    }
}
