using HvKernel.Protocol;
using Iced.Intel;
using IcedCode = Iced.Intel.Code;

namespace HvDbg.Client.Code;

/// <summary>
/// Which instructions assembly text may not use. The rules are for people who write assembly and would rather hear it now than when the
/// event triggers; they protect nothing. Bytes that are given in hexadecimal do not pass them, and meet the processor's own checks.
/// </summary>
public static class BlobRules
{
    /// <summary>Why assembly text may not use an instruction in a manner; null: it may.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="manner">
    /// How the code will run. <see cref="RunManner.Contained"/> refuses what is privileged, because it runs at CPL 3, and so does
    /// <see cref="RunManner.Direct"/>, which is not chosen for such code; "run auto" is one of these two. <see cref="RunManner.Root"/>
    /// refuses only what would take the machine away from HvKernel without an exception that it could catch.
    /// </param>
    /// <returns>One sentence that begins with the instruction's name, such as "rdmsr: a privileged instruction; it needs 'run root'".</returns>
    public static string? Refusal(in Instruction instruction, RunManner manner)
    {
        var name = instruction.Mnemonic.ToString().ToLowerInvariant();
        if (Always(instruction) is { } reason)
        {
            return $"{name}: {reason}; code may not use it";
        }

        return manner != RunManner.Root && NeedsRoot(instruction) ? $"{name}: a privileged instruction; it needs 'run root'" : null;
    }

    // Iced's list follows the SDM's "privileged" and leaves out what a descriptor or control register decides.
    private static bool NeedsRoot(in Instruction instruction) =>
        instruction.IsPrivileged || instruction.Mnemonic is Mnemonic.Rdpmc or Mnemonic.Mwait or Mnemonic.Monitor;

    private static string? Always(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Vmxon or Mnemonic.Vmxoff => "it would end or disturb VMX operation",
        Mnemonic.Vmlaunch or Mnemonic.Vmresume => "it would enter the guest in the middle of an exit",
        Mnemonic.Vmptrld or Mnemonic.Vmclear => "it would take the current VMCS away",
        Mnemonic.Mov when IsControlWrite(instruction) =>
            $"a write to {instruction.Op0Register.ToString().ToLowerInvariant()} would change the mode or the page tables that HvKernel runs on",
        Mnemonic.Clts or Mnemonic.Lmsw => "a write to cr0 would change the mode that HvKernel runs in",
        Mnemonic.Lgdt or Mnemonic.Lidt or Mnemonic.Lldt or Mnemonic.Ltr => "it would replace the descriptor tables that HvKernel runs on",
        Mnemonic.Iret or Mnemonic.Iretd or Mnemonic.Iretq or Mnemonic.Uiret or Mnemonic.Eretu or Mnemonic.Erets => "a return from an interrupt that was none",
        Mnemonic.Sysret or Mnemonic.Sysretq or Mnemonic.Sysexit or Mnemonic.Sysexitq or Mnemonic.Rsm => "it would leave HvKernel for another privilege level",
        Mnemonic.Syscall or Mnemonic.Sysenter => "it would jump to an entry point of the guest's kernel",
        Mnemonic.Retf => "a transfer to another code segment",
        Mnemonic.Call or Mnemonic.Jmp when IsFar(instruction.Code) => "a transfer to another code segment",
        Mnemonic.Swapgs => "it would exchange the GS base of HvKernel and the guest",
        Mnemonic.Sti => "an interrupt in the middle of an exit would not be the guest's",
        Mnemonic.Hlt => "the processor would wait with interrupts off",
        Mnemonic.Invd => "it would drop memory writes that are in the caches only",
        Mnemonic.Getsec => "it would leave VMX operation for the measured environment",
        _ => null,
    };

    private static bool IsControlWrite(in Instruction instruction) =>
        instruction.Code == IcedCode.Mov_cr_r64 && instruction.Op0Register is Register.CR0 or Register.CR3 or Register.CR4;

    private static bool IsFar(IcedCode code) => code is IcedCode.Call_m1616 or IcedCode.Call_m1632 or IcedCode.Call_m1664
        or IcedCode.Jmp_m1616 or IcedCode.Jmp_m1632 or IcedCode.Jmp_m1664;
}
