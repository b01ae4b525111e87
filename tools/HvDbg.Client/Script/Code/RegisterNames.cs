using System;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>Parts of registers.</summary>
internal static class RegisterNames
{
    private static readonly AssemblerRegister64[] Whole = [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];
    private static readonly AssemblerRegister32[] Double = [eax, ecx, edx, ebx, esp, ebp, esi, edi, r8d, r9d, r10d, r11d, r12d, r13d, r14d, r15d];
    private static readonly AssemblerRegister16[] Words = [ax, cx, dx, bx, sp, bp, si, di, r8w, r9w, r10w, r11w, r12w, r13w, r14w, r15w];
    private static readonly AssemblerRegister8[] Bytes = [al, cl, dl, bl, spl, bpl, sil, dil, r8b, r9b, r10b, r11b, r12b, r13b, r14b, r15b];

    internal static AssemblerRegister32 Low32(this AssemblerRegister64 register) => Double[Array.IndexOf(Whole, register)];

    internal static AssemblerRegister16 Low16(this AssemblerRegister64 register) => Words[Array.IndexOf(Whole, register)];

    internal static AssemblerRegister8 Low8(this AssemblerRegister64 register) => Bytes[Array.IndexOf(Whole, register)];
}
