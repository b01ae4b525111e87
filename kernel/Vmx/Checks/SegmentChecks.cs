using System;
using HvKernel.Cpu;

namespace HvKernel.Vmx.Checks;

/// <summary>
/// SDM vol. 3C, "Checks on Guest Segment Registers" and "Checks on Guest Descriptor-Table Registers". The rules of virtual-8086 mode, which has
/// its own, are not checked.
/// </summary>
public static class SegmentChecks
{
    // Order of the VMCS: ES CS SS DS FS GS LDTR TR, fields of one kind two apart.
    private const uint Cs = 1;
    private const uint Ss = 2;
    private const uint Fs = 4;
    private const uint Ldtr = 6;
    private const uint Tr = 7;

    private const ulong TableIndicator = 1 << 2;
    private const ulong RightsReserved = 0xFFFE_0F00;
    private const ulong Granularity = 1 << 15;
    private const ulong LongCode = 1 << 13;
    private const ulong DefaultBig = 1 << 14;
    private const ulong Unusable = 1 << 16;
    private const ulong Present = 1 << 7;
    private const ulong NoSystem = 1 << 4;
    private const ulong Vm = 1 << 17;

    public static ReadOnlySpan<byte> FirstFailure<TFields>(ref TFields fields)
        where TFields : struct, IVmcsFields
    {
        var broken = Tables(ref fields);
        if (broken.Length != 0 || (fields.Read(Vmcs.GuestRflags) & Vm) != 0)
        {
            return broken;
        }

        broken = System(ref fields);
        return broken.Length != 0 ? broken : Code(ref fields);
    }

    private static ReadOnlySpan<byte> Tables<TFields>(ref TFields fields)
        where TFields : struct, IVmcsFields
    {
        if (!GuestStateCheck.IsCanonical(fields.Read(Vmcs.GuestGdtrBase)) || !GuestStateCheck.IsCanonical(fields.Read(Vmcs.GuestIdtrBase)))
        {
            return "GDTR or IDTR base not canonical"u8;
        }

        return fields.Read(Vmcs.GuestGdtrLimit) >> 16 != 0 || fields.Read(Vmcs.GuestIdtrLimit) >> 16 != 0 ? "GDTR or IDTR limit above 16 bits"u8 : default;
    }

    private static ReadOnlySpan<byte> System<TFields>(ref TFields fields)
        where TFields : struct, IVmcsFields
    {
        var tr = Rights(ref fields, Tr);
        if ((Selector(ref fields, Tr) & TableIndicator) != 0)
        {
            return "TR selector is in the LDT"u8;
        }

        var type = tr & 15;
        if (type != 11 && (type != 3 || GuestStateCheck.IsIa32eGuest(ref fields)))
        {
            return "TR is no busy TSS of this mode"u8;
        }

        if ((tr & (Unusable | NoSystem | RightsReserved)) != 0 || (tr & Present) == 0 || !LimitFits(ref fields, Tr))
        {
            return "TR is unusable or has wrong access rights"u8;
        }

        if (!GuestStateCheck.IsCanonical(Base(ref fields, Tr)))
        {
            return "TR base not canonical"u8;
        }

        var ldtr = Rights(ref fields, Ldtr);
        if ((ldtr & Unusable) != 0)
        {
            return default;
        }

        if ((Selector(ref fields, Ldtr) & TableIndicator) != 0 || !GuestStateCheck.IsCanonical(Base(ref fields, Ldtr)))
        {
            return "LDTR selector or base is wrong"u8;
        }

        return (ldtr & 15) != 2 || (ldtr & (NoSystem | RightsReserved)) != 0 || (ldtr & Present) == 0 || !LimitFits(ref fields, Ldtr)
            ? "LDTR has wrong access rights"u8
            : default;
    }

    private static ReadOnlySpan<byte> Code<TFields>(ref TFields fields)
        where TFields : struct, IVmcsFields
    {
        var unrestricted = (fields.Read(Vmcs.SecondaryProcessorBasedControls) & SecondaryBased.UnrestrictedGuest) != 0;
        var protectedMode = (fields.Read(Vmcs.GuestCr0) & Cr0.Pe) != 0;
        var cs = Rights(ref fields, Cs);
        var ss = Rights(ref fields, Ss);
        var csDpl = (cs >> 5) & 3;
        var ssDpl = (ss >> 5) & 3;
        var csType = cs & 15;
        if (!unrestricted && ((Selector(ref fields, Ss) ^ Selector(ref fields, Cs)) & 3) != 0)
        {
            return "SS.RPL is not CS.RPL"u8;
        }

        if (csType is not (9 or 11 or 13 or 15) && !(csType == 3 && unrestricted))
        {
            return "CS type is no accessed code segment"u8;
        }

        if ((csType == 3 && csDpl != 0) || (csType is 9 or 11 && csDpl != ssDpl) || (csType is 13 or 15 && csDpl > ssDpl))
        {
            return "CS.DPL does not go with its type and SS.DPL"u8;
        }

        if ((cs & Unusable) != 0 || (cs & (Present | NoSystem)) != (Present | NoSystem) || (cs & RightsReserved) != 0 || !LimitFits(ref fields, Cs))
        {
            return "CS has wrong access rights"u8;
        }

        if (GuestStateCheck.IsIa32eGuest(ref fields) && (cs & LongCode) != 0 && (cs & DefaultBig) != 0)
        {
            return "CS.L and CS.D both set"u8;
        }

        if ((!protectedMode || csType == 3) && ssDpl != 0)
        {
            return "SS.DPL is not 0 in real mode"u8;
        }

        if ((ss & Unusable) == 0 && (ss & 15) is not (3 or 7))
        {
            return "SS type is no accessed writable data segment"u8;
        }

        return Data(ref fields, unrestricted);
    }

    private static ReadOnlySpan<byte> Data<TFields>(ref TFields fields, bool unrestricted)
        where TFields : struct, IVmcsFields
    {
        for (uint segment = 0; segment < Ldtr; segment++)
        {
            if (segment < Fs && segment != Cs && (Rights(ref fields, segment) & Unusable) == 0 && Base(ref fields, segment) >> 32 != 0)
            {
                return "base of SS, DS or ES above 32 bits"u8;
            }

            if (segment >= Fs && !GuestStateCheck.IsCanonical(Base(ref fields, segment)))
            {
                return "FS or GS base not canonical"u8;
            }

            var rights = Rights(ref fields, segment);
            if (segment == Cs || (rights & Unusable) != 0)
            {
                continue;
            }

            if ((rights & (Present | NoSystem)) != (Present | NoSystem) || (rights & RightsReserved) != 0 || !LimitFits(ref fields, segment))
            {
                return "a data segment has wrong access rights"u8;
            }

            var type = rights & 15;
            if (segment != Ss && ((type & 1) == 0 || ((type & 8) != 0 && (type & 2) == 0)))
            {
                return "a data segment is not accessed or not readable"u8;
            }

            if (segment != Ss && !unrestricted && type <= 11 && ((rights >> 5) & 3) < (Selector(ref fields, segment) & 3))
            {
                return "a data segment's DPL is below its RPL"u8;
            }
        }

        return default;
    }

    // G must be clear where the limit has a 0 among its lowest 12 bits, and set where it has a 1 above bit 19.
    private static bool LimitFits<TFields>(ref TFields fields, uint segment)
        where TFields : struct, IVmcsFields
    {
        var limit = fields.Read(Vmcs.GuestEsLimit + (2 * segment));
        var isGranular = (Rights(ref fields, segment) & Granularity) != 0;
        return ((limit & 0xFFF) == 0xFFF || !isGranular) && (limit >> 20 == 0 || isGranular);
    }

    private static ulong Selector<TFields>(ref TFields fields, uint segment)
        where TFields : struct, IVmcsFields
        => fields.Read(Vmcs.GuestEsSelector + (2 * segment));

    private static ulong Rights<TFields>(ref TFields fields, uint segment)
        where TFields : struct, IVmcsFields
        => fields.Read(Vmcs.GuestEsAccessRights + (2 * segment));

    private static ulong Base<TFields>(ref TFields fields, uint segment)
        where TFields : struct, IVmcsFields
        => fields.Read(Vmcs.GuestEsBase + (2 * segment));
}
