using System.Runtime.InteropServices;
using HvKernel.Cpu;

namespace HvKernel.Guests.Conformance;

/// <summary>What the assembly part and C# tell each other about a check (asm/layout.inc, REC_...).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal unsafe struct Record
{
    public const int Registers = 15;
    public const int LogEntries = 64;

    /// <summary>rax rbx rcx rdx rsi rdi rbp r8-r15: on the way in, and as they were at the end.</summary>
    public fixed ulong Register[Registers];
    public ulong Vector;
    public ulong Error;
    public ulong Rip;
    public ulong Cs;
    public ulong Rflags;
    public ulong Rsp;
    public ulong Ss;
    public ulong Cr2;

    /// <summary>Whether #DB and interrupts are listed and the check goes on.</summary>
    public ulong Logging;
    public ulong LogCount;

    /// <summary>What control registers are set to after a check.</summary>
    public ulong Cr0;
    public ulong Cr3;
    public ulong Cr4;
    public fixed byte GdtOperand[16];
    public fixed byte IdtOperand[16];

    /// <summary>As the check left them.</summary>
    public ulong FinalCr0;
    public ulong FinalCr4;
    public ulong FinalCr3;

    /// <summary>Vector, RIP, and DR6 with RFLAGS above it.</summary>
    public fixed ulong Log[3 * LogEntries];

    /// <summary>IA32_APIC_BASE between checks.</summary>
    public ulong ApicBase;
}

/// <summary>The same for modes without 64-bit addresses (asm/legacy.asm, LREC_...).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal unsafe struct LegacyRecord
{
    public const int Registers = 7;

    /// <summary>eax ebx ecx edx esi edi ebp.</summary>
    public fixed uint Register[Registers];
    public uint Ds;
    public uint Vector;
    public uint Error;
    public uint Eip;
    public uint Cs;
    public uint Eflags;
    public uint Cr0;
    public uint Cr3;
    public uint Cr4;
    public uint Cr2;
    public uint Mode;
    public uint Check;
    public uint BaseCr0;
    public uint BaseCr3;
    public uint BaseCr4;
    public uint Finish;
    public uint Logging;
    public uint LogCount;
    public fixed uint Log[32];
}

/// <summary>What IRETQ takes.</summary>
internal struct InterruptFrame
{
    public ulong Rip;
    public ulong Cs;
    public ulong Rflags;
    public ulong Rsp;
    public ulong Ss;
}

/// <summary>A row of the table that the macro `check` makes.</summary>
internal unsafe struct Check
{
    public byte* Name;
    public ulong Code;
    public CheckMode Mode;
}

/// <summary>Where a check runs (asm/layout.inc).</summary>
internal enum CheckMode : ulong
{
    Kernel64 = 0,
    User64 = 1,
    Kernel32 = 2,
    User32 = 3,

    /// <summary>Protected mode: paging off, PAE paging, 32-bit paging, a 16-bit code segment.</summary>
    Protected = 4,
    Pae = 5,
    Paging32 = 6,
    Protected16 = 7,
    Real = 8,
}

/// <summary>Addresses in the assembly part, in the order of CnfAddresses (asm/run.asm).</summary>
internal unsafe struct CodeAddresses
{
    public Check* Checks;
    public Check* ChecksEnd;
    public byte* Probes;
    public byte* ProbesEnd;
    public byte* Legacy;
    public byte* LegacyEnd;
    public ulong Stubs;
    public Record* Record;
    public ulong Finish;
    public ulong LegacyEntry;
    public ulong LegacyStubs32;
    public ulong LegacyStubs16;
}
