using HvDbg.Client.Assembly;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Assembly;

/// <summary>Every wrong text says where it is wrong, how long the wrong piece is, and what was expected.</summary>
public class AssemblerErrorTests
{
    [Theory]
    [InlineData("mvo eax, 1", 1, 1, 3, "mvo is no known instruction; did you mean mov?")]
    [InlineData("pusj rax", 1, 1, 4, "pusj is no known instruction; did you mean push?")]
    [InlineData("retq", 1, 1, 4, "retq is no known instruction; did you mean ret")]
    [InlineData("xyzzyplugh", 1, 1, 10, "xyzzyplugh is no known instruction")]
    [InlineData("nop; nop; nopp", 1, 11, 4, "nopp is no known instruction; did you mean nop")]
    [InlineData("nop\nnop\n  frobnicate eax", 3, 3, 10, "frobnicate is no known instruction")]
    [InlineData("vmovdqa64 zmm0, zmm1", 1, 1, 9, "vmovdqa64 is no known instruction")]
    [InlineData("eax", 1, 1, 3, "expected an instruction; eax is a register")]
    [InlineData("qword", 1, 1, 5, "expected an instruction; qword is a keyword")]
    [InlineData("[rax]", 1, 1, 1, "expected an instruction, a label or db, dw, dd, dq; found '['")]
    [InlineData("'text'", 1, 1, 6, "expected an instruction, a label or db, dw, dd, dq; found the text 'text'")]
    [InlineData("mov", 1, 1, 3, "mov: expected 2 operands, found 0")]
    [InlineData("mov eax", 1, 1, 7, "mov: expected 2 operands, found 1")]
    [InlineData("add eax, ebx, ecx", 1, 1, 17, "add: expected 2 operands, found 3")]
    [InlineData("ret eax, 1", 1, 1, 10, "ret: expected 0 or 1 operands, found 2")]
    [InlineData("nop; cpuid eax", 1, 6, 9, "cpuid: expected no operands, found 1")]
    [InlineData("imul 5, 6, 7, 8", 1, 1, 15, "imul: expected 1, 2 or 3 operands, found 4")]
    [InlineData("mov eax,", 1, 9, 0, "expected a register, a number, a label or memory in brackets; found the end of the text")]
    [InlineData("mov eax,\nnop", 1, 9, 1, "expected a register, a number, a label or memory in brackets; found the end of the line")]
    [InlineData("mov eax, ; nop", 1, 10, 1, "expected a register, a number, a label or memory in brackets; found ';'")]
    [InlineData("mov eax ebx", 1, 9, 3, "expected ',', ';' or the end of the line; found 'ebx'")]
    [InlineData("nop nop", 1, 5, 3, "expected a register, a number, a label or memory in brackets; nop is an instruction")]
    [InlineData("mov eax, add", 1, 10, 3, "add is an instruction (the number is written 0add)")]
    [InlineData("mov eax, db", 1, 10, 2, "db is a keyword (the number is written 0db)")]
    [InlineData("mov eax, [rbx", 1, 14, 0, "expected ']', '+', '-' or '*'; found the end of the text")]
    [InlineData("mov eax, rbx]", 1, 13, 1, "expected ',', ';' or the end of the line; found ']'")]
    [InlineData("mov eax, []", 1, 10, 2, "expected an address between [ and ]")]
    [InlineData("mov eax, [rbx+rcx+rdx]", 1, 11, 11, "expected at most a base and an index register")]
    [InlineData("mov eax, [rbx*3+rcx]", 1, 11, 9, "expected a scale of 1, 2, 4 or 8, on one register")]
    [InlineData("mov eax, [rbx*6]", 1, 11, 5, "expected a scale of 1, 2, 4 or 8")]
    [InlineData("mov eax, [rbx*0]", 1, 14, 2, "expected a scale of 1, 2, 4 or 8")]
    [InlineData("mov eax, [rbx*rcx]", 1, 14, 1, "expected a number on one side of '*'")]
    [InlineData("mov eax, [rbx-rcx]", 1, 14, 4, "a register or label cannot be subtracted")]
    [InlineData("mov eax, [rbx+rsp*2]", 1, 11, 9, "rsp cannot be an index register")]
    [InlineData("mov eax, [rsp*4]", 1, 11, 5, "rsp cannot be an index register")]
    [InlineData("mov eax, [rsp+rsp]", 1, 11, 7, "rsp cannot be an index register")]
    [InlineData("mov eax, [ax]", 1, 11, 2, "ax cannot be in an address: expected 64-bit or 32-bit registers")]
    [InlineData("mov eax, [rbx+ecx]", 1, 11, 7, "32-bit and 64-bit registers cannot stand in one address")]
    [InlineData("mov eax, [rip+rbx]", 1, 11, 7, "rip cannot be combined with other registers")]
    [InlineData("mov eax, [eip]", 1, 11, 3, "expected rip: eip-relative addresses are not supported")]
    [InlineData("mov eax, [rel rbx]", 1, 15, 3, "rel is for an address without registers")]
    [InlineData("mov eax, [rbx+100000000]", 1, 11, 13, "the displacement does not fit: expected at most 32 bits with a sign")]
    [InlineData("a: mov eax, [a+rbx]", 1, 14, 5, "a label and registers cannot stand in one address")]
    [InlineData("mov ecx, [1122334455667788]", 1, 10, 18, "a 64-bit address goes with al, ax, eax or rax only")]
    [InlineData("mov eax, gs:188", 1, 13, 3, "expected '[' behind gs:; found '188'")]
    [InlineData("mov eax, gs:[fs:188]", 1, 14, 2, "two segments for one operand")]
    [InlineData("mov eax, rbx+1", 1, 10, 5, "registers can be added and multiplied within [ ] only")]
    [InlineData("mov qword eax, 1", 1, 5, 5, "qword is for memory in brackets, not for a register")]
    [InlineData("mov eax, dword 1", 1, 10, 7, "dword is for memory in brackets, not for a number")]
    [InlineData("mov [rax], 5", 1, 5, 5, "size of the operand: expected byte ptr, word ptr, dword ptr or qword ptr")]
    [InlineData("inc [rax]", 1, 5, 5, "size of the operand: expected byte ptr, word ptr, dword ptr or qword ptr")]
    [InlineData("shl [rax], cl", 1, 5, 5, "size of the operand: expected byte ptr, word ptr, dword ptr or qword ptr")]
    [InlineData("bt [rax], 5", 1, 4, 5, "size of the operand: expected word ptr, dword ptr or qword ptr")]
    [InlineData("movzx eax, [rbx]", 1, 12, 5, "size of the operand: expected byte ptr or word ptr")]
    [InlineData("push [rax]", 1, 6, 5, "size of the operand: expected word ptr or qword ptr")]
    [InlineData("fld [rax]", 1, 5, 5, "size of the operand: expected dword ptr, qword ptr or tbyte ptr")]
    [InlineData("cvtsi2sd xmm0, [rax]", 1, 16, 5, "size of the operand: expected dword ptr or qword ptr")]
    [InlineData("add eax, bl", 1, 10, 2, "add: the sizes of eax and bl do not go together")]
    [InlineData("mov rax, ebx", 1, 10, 3, "mov: the sizes of rax and ebx do not go together")]
    [InlineData("mov rax, dword ptr [rbx]", 1, 10, 15, "mov: the sizes of rax and dword ptr do not go together")]
    [InlineData("mov al, 100", 1, 9, 3, "the number does not fit: expected at most 8 bits")]
    [InlineData("mov eax, 100000000", 1, 10, 9, "the number does not fit: expected at most 32 bits")]
    [InlineData("add rax, 80000000", 1, 10, 8, "the number does not fit: expected at most 32 bits with a sign")]
    [InlineData("int 100", 1, 5, 3, "the number does not fit: expected at most 8 bits")]
    [InlineData("ret 12345", 1, 5, 5, "the number does not fit: expected at most 16 bits")]
    [InlineData("shl eax, 100", 1, 10, 3, "the number does not fit: expected at most 8 bits")]
    [InlineData("mov rax, 10000000000000000", 1, 10, 17, "the number has more than 64 bits")]
    [InlineData("mov rax, 0n12x", 1, 10, 5, "0n12x is no number: expected hexadecimal digits")]
    [InlineData("mov rax, 0y12", 1, 10, 4, "0y12 is no number: expected hexadecimal digits")]
    [InlineData("mov rax, nowhere", 1, 10, 7, "there is no register, label or hexadecimal number nowhere")]
    [InlineData("jmp nowhere", 1, 5, 7, "there is no register, label or hexadecimal number nowhere")]
    [InlineData("a: nop; a: nop", 1, 9, 1, "the label a stands twice")]
    [InlineData("loop: nop", 1, 1, 4, "loop is an instruction and cannot be a label")]
    [InlineData("rax: nop", 1, 1, 3, "rax is a register and cannot be a label")]
    [InlineData("1a: nop", 1, 1, 2, "a label begins with a letter, '_', '.' or '@': 1a does not")]
    [InlineData("a: mov rax, a", 1, 13, 1, "a label's address is not known before the code is placed")]
    [InlineData("a: dq a", 1, 7, 1, "dq: a label's address is not known before the code is placed")]
    [InlineData("a: b: jmp a+b", 1, 12, 2, "two labels cannot be added")]
    [InlineData("jmp short 1000", 1, 5, 10, "bytes away: expected one from -128 to 127")]
    [InlineData("jrcxz 1000", 1, 7, 4, "bytes away: expected one from -128 to 127")]
    [InlineData("call 100000000", 1, 6, 9, "the target is out of reach: expected one within 2 GiB of the instruction")]
    [InlineData("mov eax, short 5", 1, 10, 7, "mov: short is for branch targets")]
    [InlineData("jmp [eax+100000000]", 1, 6, 13, "the displacement does not fit")]
    [InlineData("db", 1, 3, 0, "expected a register, a number, a label or memory in brackets; found the end of the text")]
    [InlineData("db 100", 1, 4, 3, "the number does not fit: expected at most 8 bits")]
    [InlineData("db 1,, 2", 1, 6, 1, "found ','")]
    [InlineData("dd rax", 1, 4, 3, "dd: expected a number or a text in quotes, found a register")]
    [InlineData("db 'abc", 1, 4, 4, "a text without its closing '")]
    [InlineData("db \"abc\nnop", 1, 4, 4, "a text without its closing \"")]
    [InlineData("mov rax, '123456789'", 1, 10, 11, "a text as a number has one to eight characters")]
    [InlineData("mov rax, ''", 1, 10, 2, "a text as a number has one to eight characters")]
    [InlineData("mov eax, %ebx", 1, 10, 1, "unexpected character '%': registers are written without %")]
    [InlineData("nop / comment", 1, 5, 1, "unexpected character '/': a comment begins with // or #")]
    [InlineData("vaddps xmm1 {k1}, xmm2, xmm3", 1, 13, 1, "unexpected character '{': AVX-512 masks and rounding are not supported")]
    [InlineData("lock", 1, 5, 0, "expected an instruction behind lock; found the end of the text")]
    [InlineData("lock nop", 1, 1, 4, "lock: expected an instruction that changes memory")]
    [InlineData("lock add eax, ebx", 1, 1, 4, "lock: expected an instruction that changes memory")]
    [InlineData("lock mov [rax], ebx", 1, 1, 4, "lock: expected an instruction that changes memory")]
    [InlineData("rep add [rax], ebx", 1, 1, 3, "rep: expected a string instruction")]
    [InlineData("repne movsb", 1, 1, 5, "repne: expected cmps or scas; found movsb")]
    [InlineData("gs add eax, ebx", 1, 1, 2, "gs: expected an instruction with memory; found add")]
    [InlineData("mov al, bl, [ah]", 1, 14, 2, "ah cannot be in an address")]
    [InlineData("mov ah, r8b", 1, 5, 2, "ah cannot stand together with r8 to r15")]
    [InlineData("mov [rax], [rbx]", 1, 12, 5, "mov: expected")]
    [InlineData("mov 5, eax", 1, 5, 1, "mov: expected")]
    [InlineData("mov cs, 5", 1, 9, 1, "mov: expected")]
    [InlineData("lea rax, rbx", 1, 10, 3, "lea: expected memory; found rbx")]
    [InlineData("jmp eax", 1, 5, 3, "jmp: expected a label, a 64-bit register or memory")]
    [InlineData("addps xmm0, eax", 1, 13, 3, "addps: expected an xmm register or memory; found eax")]
    [InlineData("movsb [rax], [rsi]", 1, 1, 18, "movsb: expected no operands, found 2")]
    [InlineData("fld st(8)", 1, 8, 1, "expected a number from 0 to 7 in st(…); found '8'")]
    [InlineData("mov eax, (1", 1, 12, 0, "expected ')'; found the end of the text")]
    public void A_wrong_text_is_refused_at_its_place(string text, int line, int column, int length, string message)
    {
        var error = Should.Throw<AssemblyException>(() => Assembler.Assemble(text));

        error.Message.ShouldContain(message);
        (error.Line, error.Column, error.Length).ShouldBe((line, column, length));
        error.Message.ShouldNotContain("\n");
        var lines = text.Split('\n');
        var before = 0;
        for (var i = 0; i < line - 1; i++)
        {
            before += lines[i].Length + 1;
        }

        error.Offset.ShouldBe(before + column - 1);
    }

    [Theory]
    [InlineData("rdmsr", RunManner.Contained, "rdmsr: a privileged instruction; it needs 'run root'")]
    [InlineData("rdmsr", RunManner.Direct, "rdmsr: a privileged instruction; it needs 'run root'")]
    [InlineData("wrmsr", RunManner.Contained, "wrmsr: a privileged instruction; it needs 'run root'")]
    [InlineData("vmread rax, rcx", RunManner.Contained, "vmread: a privileged instruction; it needs 'run root'")]
    [InlineData("mov rax, cr3", RunManner.Contained, "mov: a privileged instruction; it needs 'run root'")]
    [InlineData("mov dr7, rax", RunManner.Contained, "mov: a privileged instruction; it needs 'run root'")]
    [InlineData("in al, dx", RunManner.Contained, "in: a privileged instruction; it needs 'run root'")]
    [InlineData("cli", RunManner.Contained, "cli: a privileged instruction; it needs 'run root'")]
    [InlineData("wbinvd", RunManner.Contained, "wbinvd: a privileged instruction; it needs 'run root'")]
    [InlineData("invlpg [rax]", RunManner.Contained, "invlpg: a privileged instruction; it needs 'run root'")]
    [InlineData("rdpmc", RunManner.Contained, "rdpmc: a privileged instruction; it needs 'run root'")]
    [InlineData("vmxoff", RunManner.Root, "vmxoff: it would end or disturb VMX operation; code may not use it")]
    [InlineData("vmxoff", RunManner.Contained, "vmxoff: it would end or disturb VMX operation; code may not use it")]
    [InlineData("vmxon [rax]", RunManner.Root, "vmxon: ")]
    [InlineData("vmlaunch", RunManner.Root, "vmlaunch: ")]
    [InlineData("vmresume", RunManner.Root, "vmresume: ")]
    [InlineData("vmptrld [rax]", RunManner.Root, "vmptrld: ")]
    [InlineData("vmclear [rax]", RunManner.Root, "vmclear: ")]
    [InlineData("mov cr0, rax", RunManner.Root, "mov: a write to cr0")]
    [InlineData("mov cr3, rax", RunManner.Root, "mov: a write to cr3")]
    [InlineData("mov cr4, rax", RunManner.Root, "mov: a write to cr4")]
    [InlineData("clts", RunManner.Root, "clts: ")]
    [InlineData("lmsw ax", RunManner.Root, "lmsw: ")]
    [InlineData("lgdt [rax]", RunManner.Root, "lgdt: ")]
    [InlineData("lidt [rax]", RunManner.Root, "lidt: ")]
    [InlineData("ltr ax", RunManner.Root, "ltr: ")]
    [InlineData("lldt ax", RunManner.Root, "lldt: ")]
    [InlineData("iretq", RunManner.Root, "iretq: ")]
    [InlineData("sysretq", RunManner.Root, "sysretq: ")]
    [InlineData("sysexit", RunManner.Root, "sysexit: ")]
    [InlineData("swapgs", RunManner.Root, "swapgs: ")]
    [InlineData("sti", RunManner.Root, "sti: ")]
    [InlineData("hlt", RunManner.Root, "hlt: ")]
    [InlineData("jmp far [rax]", RunManner.Root, "jmp: ")]
    [InlineData("retf", RunManner.Contained, "retf: ")]
    public void An_instruction_that_code_may_not_use_is_refused_by_name(string line, RunManner manner, string message)
    {
        var error = Should.Throw<AssemblyException>(() => Assembler.Assemble("nop; " + line + "\nret", manner));

        error.Message.ShouldStartWith(message);
        (error.Line, error.Column, error.Length).ShouldBe((1, 6, line.Length));
        Assembler.Assemble(line).ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData("rdmsr; wrmsr; vmread rax, rcx; vmwrite rax, rcx; cli; mov rax, cr3; mov cr8, rax; mov dr7, rax; in al, dx; rdpmc", RunManner.Root)]
    [InlineData("mov rax, [rdx]; rdtsc; cpuid; int3; rdtscp; sgdt [rsp]; xgetbv; popf; pushf; loop $; call $; ud2; jmp [rax]", RunManner.Contained)]
    public void What_a_manner_can_run_is_accepted(string text, RunManner manner) => Assembler.Assemble(text, manner).ShouldBe(Assembler.Assemble(text));
}
