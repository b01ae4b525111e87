using HvKernel.Cpu;
using HvKernel.Guests.Lab;

namespace HvKernel.Guests.Conformance;

/// <summary>The state of the processor that every check starts from, beside what <see cref="Record"/> restores at its end.</summary>
internal unsafe struct Saved
{
    private const int Count = 20;
    private const uint ApicBaseMsr = 0x1B;
    private const ulong ApicEnable = 1 << 11;
    private const ulong X2ApicEnable = 1 << 10;
    private const ulong Apic = 0xFEE0_0000;
    private const uint FirstX2ApicMsr = 0x800;
    private const uint Masked = 1 << 16;

    private fixed uint _index[Count];
    private fixed ulong _value[Count];
    private fixed bool _exists[Count];
    private bool _hasXsave;
    private ulong _xcr0;

    /// <summary>Sets the control registers up and remembers what is there.</summary>
    public void Initialize(Guest* guest)
    {
        CpuidResult leaf;
        Machine.Cpuid(1, 0, &leaf);
        _hasXsave = (leaf.Ecx & (1 << 26)) != 0;
        var hasAvx = (leaf.Ecx & (1 << 28)) != 0;
        _xcr0 = hasAvx ? 7UL : 3;
        Machine.WriteMsr(Msr.Ia32Efer, (Machine.ReadMsr(Msr.Ia32Efer) | Efer.Nxe) & ~1UL);
        guest->Record->Cr0 = Cr0.Pe | Cr0.Mp | Cr0.Et | Cr0.Ne | Cr0.Wp | Cr0.Pg;
        guest->Record->Cr4 = Cr4.Pae | Cr4.Pge | Cr4.OsFxsr | Cr4.OsXmmExcpt | (_hasXsave ? Cr4.OsXsave : 0);
        ControlRegisters.WriteCr0(guest->Record->Cr0);
        ControlRegisters.WriteCr4(guest->Record->Cr4);
    }

    /// <summary>Remembers the registers below. Faults can be taken by now.</summary>
    public void Remember(Guest* guest)
    {
        var i = 0;
        Keep(guest, ref i, 0x3B);
        Keep(guest, ref i, Msr.Ia32SysenterCs);
        Keep(guest, ref i, Msr.Ia32SysenterEsp);
        Keep(guest, ref i, Msr.Ia32SysenterEip);
        Keep(guest, ref i, 0x1A0);
        Keep(guest, ref i, Msr.Ia32DebugCtl);
        Keep(guest, ref i, Msr.Ia32Pat);
        Keep(guest, ref i, Msr.Ia32MtrrDefType);
        Keep(guest, ref i, 0x20E);
        Keep(guest, ref i, 0x20F);
        Keep(guest, ref i, Msr.Ia32MtrrFix4KC0000);
        Keep(guest, ref i, 0xDA0);
        Keep(guest, ref i, Msr.Ia32Efer);
        Keep(guest, ref i, Msr.Ia32Star);
        Keep(guest, ref i, Msr.Ia32Lstar);
        Keep(guest, ref i, 0xC000_0083);
        Keep(guest, ref i, 0xC000_0084);
        Keep(guest, ref i, Msr.Ia32KernelGsBase);
        Keep(guest, ref i, 0xC000_0103);
        Keep(guest, ref i, Msr.Ia32GsBase);
        if ((Machine.ReadMsr(ApicBaseMsr) & X2ApicEnable) != 0)
        {
            Fatal.Stop("firmware uses x2APIC mode"u8);
        }

        Restore(guest->Record);
    }

    /// <summary>Writes what differs.</summary>
    public void Restore(Record* record)
    {
        Machine.DisableInterrupts();
        for (var i = 0; i < Count; i++)
        {
            if (_exists[i] && Machine.ReadMsr(_index[i]) != _value[i])
            {
                Machine.WriteMsr(_index[i], _value[i]);
            }
        }

        if (_hasXsave && Machine.ReadXcr0() != _xcr0)
        {
            Machine.WriteXcr0(_xcr0);
        }

        Machine.WriteDr7(0x400);
        Machine.WriteDr0(0);
        Machine.WriteDr1(0);
        Machine.WriteDr2(0);
        Machine.WriteDr3(0);
        Machine.WriteDr6(0xFFFF_0FF0);
        RestoreApic(record);
    }

    // What is still pending is taken. There is no way back from x2APIC mode but over the disabled state, and some processors never leave that one.
    private static void RestoreApic(Record* record)
    {
        Machine.WriteCr8(0);
        record->ApicBase = Machine.ReadMsr(ApicBaseMsr);
        if ((record->ApicBase & ApicEnable) == 0)
        {
            return;
        }

        Write(record, 0xF0, 0x1FF);
        Write(record, 0x350, Masked);
        Write(record, 0x360, Masked);
        Write(record, 0x370, Masked);
        Write(record, 0x320, Masked | Layout.TimerVector);
        Write(record, 0x380, 0);
        Write(record, 0x3E0, 0xB);
        Machine.TakeInterrupts();
    }

    private static void Write(Record* record, uint register, uint value)
    {
        if ((record->ApicBase & X2ApicEnable) != 0)
        {
            Machine.WriteMsr(FirstX2ApicMsr + (register >> 4), value);
        }
        else
        {
            *(uint*)(Apic + register) = value;
        }
    }

    private void Keep(Guest* guest, ref int i, uint index)
    {
        _index[i] = index;
        _exists[i] = Runner.TryReadMsr(guest, index, out var value);
        _value[i] = value;
        i++;
    }
}
