using System;
using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Assembly;
using Iced.Intel;
using Shouldly;
using Xunit;
using Assembler = HvDbg.Client.Assembly.Assembler;
using IcedCode = Iced.Intel.Code;

namespace HvDbg.Tests.Assembly;

/// <summary>
/// Every instruction that the assembler knows, in every form, against nasm. Bytes that differ pass only where both decode to the same
/// instruction: "add eax, ebx" is 01 D8 and 03 C3.
/// </summary>
public class NasmTests
{
    /// <summary>Forms that nasm 2.16 does not have; what we make of them has to decode to what was written.</summary>
    private static readonly string[] s_unknownToNasm = ["movsx", "movzx", "movsxd", "vpcmpestri64", "vpcmpestrm64"];

    private static readonly string[] s_lines =
    [
        .. new[]
        {
            "[rax]", "[rsp]", "[rbp]", "[r12]", "[r13]", "[rax+1]", "[rax-1]", "[rax+0x7f]", "[rax+0x80]", "[rax-0x80]", "[rax-0x81]", "[rbp-8]",
            "[rsp+rax]", "[rax+rsp]", "[rax*2]", "[rax*3]", "[rax*4]", "[rax*5]", "[rax*8+4]", "[rax*9]", "[r13+rbp*2]", "[rbp+rax]", "[r13*8]",
            "[rbp+r13]", "[4*rdx+rcx-5]", "[(1+1)*rdx+rcx]", "[eax]", "[eax+ecx*2+5]", "[r9d-0x1000]", "[0x188]", "[-8]", "[0x7fffffff]",
            "[rax+rax]", "[2*rax+2]", "[rbx+0x7fffffff]", "[rbx-0x80000000]", "[rcx+2*3+1]", "[rdx-(4-1)]", "[eax+0xffffffff]", "[rsp*1+rbx]",
        }.SelectMany(a => new[] { "mov rdx, " + a, "add dword ptr " + a + ", 5", "lea r10, " + a }),
        "mov rax, qword ptr gs:[0x188]", "mov rax, [gs:0x188]", "inc byte fs:[rdx]", "mov al, ds:[rax]", "mov al, ss:[rax]", "mov al, es:[rbp]",
        "gs lodsb", "fs xlatb",
        .. new[] { "0", "1", "-1", "0x7f", "0x80", "0xff", "-0x80", "0x7fff", "0x7fffffff" }
            .SelectMany(n => new[] { "mov rax, ", "mov ecx, ", "add eax, ", "add rcx, ", "imul ecx, edx, ", "imul ecx, ", "push ", "cmp dword [rax], ", "xor edx, ", "test rcx, " }
                .Select(i => i + n)),
        .. new[] { "0x80000000", "0xffffffff", "0x100000000", "0xffffffff80000000", "0xffffffffffffffff", "-0x80000000", "0x8000000000000000" }.Select(n => "mov rax, " + n),
        "add rax, 0xffffffffffffffff", "add eax, 0xffffffff", "add eax, 0xffffff80", "add ax, 0xffff", "add ax, 0x1234", "add al, 0x80", "add al, -1",
        "cmp qword [rdi], 0xffffffff80000000", "and rax, 0x7fffffff", "mov byte [rax], 0xff", "mov word [rax], 0xffff", "mov qword [rax], -1",
        "lock add [rax], ecx", "lock cmpxchg16b [rsi]", "lock inc dword [rax]", "lock xadd [rax], al", "lock bts [rax], ecx", "xacquire lock add [rax], ecx",
        "xrelease mov [rax], ecx", "rep movsb", "rep stosq", "repe cmpsb", "repz scasw", "repne scasd", "repnz cmpsq", "rep lodsb", "rep insb", "rep outsd",
        "mov ds, ax", "mov ax, gs", "mov word [rax], ds", "mov ds, word [rax]", "lldt ax", "ltr cx", "verr word [rax]", "lmsw ax", "str ax", "lar eax, cx", "lsl ecx, dx",
        "test [rax], ecx", "test ecx, [rax]", "xchg [rax], ecx", "xchg ecx, [rax]", "xchg eax, eax", "xchg rax, rax", "xchg ax, ax", "xchg eax, ecx", "xchg ecx, eax", "xchg rax, r8",
        "shl eax, 1", "shl eax, 2", "shl eax, cl", "sal rdx, 3", "rol byte [rax], 1", "shld eax, ecx, cl", "shrd [rax], rcx, 7",
        "jmp $", "jmp rax", "jmp [rax]", "call r9", "call [rsp+8]", "jmp near $+5", "jmp short $+5", "jz $+0x10", "jnz $-0x10", "jrcxz $", "jecxz $", "loop $", "loope $", "loopnz $",
        "mov eax, 'abcd'", "mov al, 'x'", "cmp rax, 'HDBG'", "push word 5", "push qword 5", "push fs", "pop gs", "enter 0x10, 3", "ret 8", "ret", "retf", "retf 8", "retn",
        "int 0x80", "int3", "int1", "in al, 0x60", "in eax, dx", "out dx, al", "out 0x80, eax", "fadd st0, st1", "fadd st1, st0", "fadd dword [rax]", "fadd qword [rax]",
        "faddp", "faddp st1, st0", "faddp st3", "fxch", "fxch st3", "fcomi st2", "fucomp", "fld st1", "fld tword [rax]", "fild qword [rax]", "fistp word [rax]", "fnstsw ax", "fstsw [rax]",
        "fnstcw [rax]", "fstcw [rax]", "fwait", "fcmove st0, st1", "cmpeqps xmm1, xmm2", "cmpltsd xmm1, [rax]", "vcmpneq_oqpd ymm1, ymm2, ymm3", "pclmulhqlqdq xmm1, xmm2",
        "blendvps xmm1, xmm2, xmm0", "movd xmm1, eax", "movd eax, xmm1", "movq xmm1, rax", "movq rax, xmm1", "movq xmm1, xmm2", "movq xmm1, [rax]", "movq [rax], xmm1", "movd mm1, [rax]",
        "movsd xmm1, [rax]", "movsd [rax], xmm1", "movsd", "cmpsd", "cmpsd xmm1, xmm2, 3", "movss xmm1, xmm2", "cvtsi2sd xmm1, dword [rax]", "cvtsi2sd xmm1, rax", "cvttsd2si rax, xmm1",
        "pextrq [rax], xmm1, 1", "vpgatherdd xmm1, [rax+xmm2*4], xmm3", "vgatherqpd ymm1, [rax+ymm2*8+0x100], ymm3", "vpgatherdd xmm1, [xmm2+rax], xmm3", "vpgatherdd xmm1, [xmm2*4], xmm3",
        "mov rax, cr0", "mov cr8, rax", "mov rax, dr6", "rdfsbase rax", "wrgsbase ecx", "invlpg [rax]", "sgdt [rax]", "lidt [rax]", "nop", "nop dword [rax]", "nop ax", "pause",
        "movzx eax, byte [rax]", "movzx eax, word [rax]", "movsx rax, al", "movsxd rax, dword [rax]", "cbw", "cqo", "cdqe", "bswap r9", "crc32 eax, byte [rax]", "rdrand rax", "rdseed cx",
        "popf", "pushf", "popfq", "pushfq", "iretq", "iret", "iretw", "sysretq", "xbegin $+0x10", "xabort 5", "ud2", "ud1 eax, ecx", "mov spl, r9b", "mov r8b, al",
    ];

    [Fact]
    public void Every_form_of_every_instruction_has_the_bytes_that_nasm_gives_it()
    {
        var codes = Enum.GetValues<IcedCode>().ToLookup(c => c.Mnemonic().ToString().ToLowerInvariant());
        var lines = Assembler.Mnemonics.SelectMany(m => SampleLines.Of(m, codes[m].Where(IsOffered))).ToList();
        lines.Select(l => l.Split(' ')[0]).Distinct().Count().ShouldBeGreaterThan(1000);
        Differences(lines).ShouldBeEmpty();
    }

    [Fact]
    public void Addresses_numbers_prefixes_and_short_forms_are_those_of_nasm() => Differences(s_lines).ShouldBeEmpty();

    private static List<string> Differences(IReadOnlyList<string> lines)
    {
        var count = lines.Count;
        var all = Nasm.Assemble([.. lines.Select(NasmSyntax.Of), .. lines.Select(NasmSyntax.WithoutSize), .. lines.Select(NasmSyntax.Narrow).Select(NasmSyntax.Of)]);
        var differences = new List<string>();
        for (var i = 0; i < count; i++)
        {
            byte[] ours;
            try
            {
                ours = Assembler.Assemble(lines[i]);
            }
            catch (AssemblyException error)
            {
                differences.Add($"{lines[i]}: refused ({error.Message}), nasm: {Shown(all[i])}");
                continue;
            }

            // Only where nasm has no such form: without its size the line would be another instruction to it.
            var unknown = all[i].Problem.Length > 0 && s_unknownToNasm.Contains(lines[i].Split(' ')[0]);
            var candidates = unknown ? [] : new[] { all[i], all[count + i], all[(2 * count) + i] }.Where(r => r.Problem.Length == 0).ToList();
            var agrees = candidates.Count > 0
                ? Text(ours).Length > 0 && IsSame(lines[i], ours, candidates[0].Bytes)
                : unknown && Text(ours).Split(' ')[0] == lines[i].Split(' ')[0];
            if (!agrees)
            {
                differences.Add($"{lines[i]}: {Convert.ToHexString(ours)} ({Text(ours)}), nasm: {Shown(all[i])}");
            }
        }

        return differences;
    }

    private static bool IsSame(string line, byte[] ours, byte[] theirs) =>
        ours.SequenceEqual(theirs)
        || (ours.Length <= theirs.Length && Text(ours) == Text(theirs))
        || NasmSyntax.Narrow(Text(ours)) == NasmSyntax.Narrow(Text(theirs))
        || (line.StartsWith("xchg ", StringComparison.Ordinal) && Text(ours) == Swapped(Text(theirs)));

    private static string Swapped(string text)
    {
        var parts = text["xchg ".Length..].Split(',');
        return $"xchg {parts[^1]},{parts[0]}";
    }

    private static string Text(byte[] code)
    {
        var formatter = new IntelFormatter();
        var output = new StringOutput();
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        decoder.Decode(out var instruction);
        if (instruction.IsInvalid)
        {
            return "";
        }

        // fwait stands before some x87 instructions as an instruction of its own.
        formatter.Format(instruction, output);
        var text = output.ToStringAndReset();
        return instruction.Length == code.Length ? text : text + "; " + Text(code[instruction.Length..]);
    }

    private static string Shown((byte[] Bytes, string Problem) result) =>
        result.Problem.Length > 0 ? result.Problem : $"{Convert.ToHexString(result.Bytes)} ({Text(result.Bytes)})";

    private static bool IsOffered(IcedCode code) =>
        code.ToOpCode() is { Mode64: true, IntelDecoder64: true, IsInstruction: true, DecoderOption: DecoderOptions.None, Encoding: EncodingKind.Legacy or EncodingKind.VEX }
        && code is not (IcedCode.Bswap_r16 or IcedCode.Getsecq)
        && code.ToOpCode().MemorySize is not (MemorySize.FpuEnv14 or MemorySize.FpuState94)

        // Its register is the address, so the one in brackets must have 32 bits too; nasm puts the prefix there without being asked.
        && code != IcedCode.Movdir64b_r32_m512;
}
