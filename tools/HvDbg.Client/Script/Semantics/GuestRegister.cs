namespace HvDbg.Client.Script.Semantics;

/// <summary>Registers of the guest as whole registers; 0 to 15 are GUEST_REGS in order.</summary>
public enum GuestRegisterId
{
    Rax = 0, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15,
    Rip = 16, Rflags, Cr3,

    // From here on only through a helper.
    Cs = 32, Ds, Es, Ss, Fs, Gs, Tr, Ldtr, FsBase, GsBase, KernelGsBase, Gdtr, Idtr,
    Cr0, Cr2, Cr4, Cr8, Dr0, Dr1, Dr2, Dr3, Dr6, Dr7, Efer,
}

/// <summary>A register, or bits of one, as a script names it.</summary>
/// <param name="Name">Without the @, lower case.</param>
/// <param name="Id">The whole register.</param>
/// <param name="Shift">The lowest bit that counts: 8 for ah, the flag's bit for flags.</param>
/// <param name="Bits">How many bits count, 1 to 64. Reading extends with zeros; writing leaves all other bits alone, those of 32-bit names too (HyperDbg's rule).</param>
public sealed record GuestRegister(string Name, GuestRegisterId Id, int Shift = 0, int Bits = 64);
