using System;
using System.Linq;
using HvDbg.Client.Assembly;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Assembly;

public class AssemblerTests
{
    /// <summary>Texts that nasm reads as they are: labels, branches that grow, data, rip-relative addresses.</summary>
    [Theory]
    [InlineData("start:\nmov rbx, [rdx+0x40]\ncmp rbx, 0x47424448\nje found\njmp done\nfound:\nmov qword [rdx+0x40], 0x32424448\ndone:\nret")]
    [InlineData("mov ecx, 5\nagain: dec ecx\njnz again\nret")]
    [InlineData("a: jmp c\nb: jmp a\nc: jmp b\njmp d\nd:")]
    [InlineData("lea rax, [text]\nmov rcx, [number]\nret\ntext: db 'HDBG', 0\nnumber: dq 0x1122334455667788")]
    [InlineData("mov dword [value], 0x12345678\nadd byte [value+1], 5\ncmp rax, [value-4]\nvalue: dd 0")]
    [InlineData("lea rax, [rel $]\nlea rax, [rel after+0x10]\nafter: call after\nloop after\njrcxz after\nxbegin after")]
    [InlineData("db 1, 2, 'abc', 0xff, -1\ndw 0x1234, 'ab', 'abc'\ndd 'abcd', -2\ndq 'abcdefgh', 0xffffffffffffffff\ndb \"it's\"")]
    [InlineData("je near target\njmp near target\njmp short target\ntarget: nop")]
    [InlineData("addps xmm0, [mask]\nret\nmask: dd 1, 2, 3, 4")]
    public void A_text_with_labels_has_the_bytes_that_nasm_gives_it(string text) =>
        Convert.ToHexString(Assembler.Assemble(text)).ShouldBe(Convert.ToHexString(Nasm.AssembleText(text)));

    [Theory]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(129)]
    [InlineData(1000)]
    public void Branches_are_short_as_far_as_they_reach(int distance)
    {
        var filling = string.Concat(Enumerable.Repeat("nop\n", distance - 8));
        foreach (var text in new[]
        {
            $"jmp end\n{filling}jz end\njz end\nnop\nnop\nnop\nnop\nend: ret",
            $"start: nop\n{filling}jmp start\njnz start\ncall start",
        })
        {
            Convert.ToHexString(Assembler.Assemble(text)).ShouldBe(Convert.ToHexString(Nasm.AssembleText(text)));
        }
    }

    [Theory]
    [InlineData("mov eax, 10", "B810000000")]
    [InlineData("mov eax, 0n10", "B80A000000")]
    [InlineData("mov eax, 0x10", "B810000000")]
    [InlineData("mov eax, 10h", "B810000000")]
    [InlineData("mov eax, 0FFh", "B8FF000000")]
    [InlineData("mov eax, ff", "B8FF000000")]
    [InlineData("mov eax, 0t17", "B80F000000")]
    [InlineData("mov eax, 0y101", "B805000000")]
    [InlineData("mov rax, 1122`33445566", "48B86655443322110000")]
    [InlineData("mov rax, 0b101", "B801B10000")]
    [InlineData("mov al, 0add - 0adc", "B001")]
    [InlineData("mov eax, (1+2)*10 - 8", "B828000000")]
    [InlineData("face: mov eax, 0face; jmp face", "B8CEFA0000EBF9")]
    [InlineData("MOV RAX, QWORD PTR GS:[188]", "65488B042588010000")]
    [InlineData("mov rax, gs:[188]; mov rax, [rax+b8]; add rax, 450; ret", "65488B042588010000488B80B8000000480550040000C3")]
    [InlineData("mov rbx,[rdx+40]; cmp rbx,'GDBH'; nop", "488B5A404881FB4744424890")]
    [InlineData("nop // one; hlt\nnop # two; hlt\n; ;\nnop", "909090")]
    [InlineData("  nop\r\n\tnop ;nop;", "909090")]
    [InlineData("lea rax, [rip+10]", "488D0510000000")]
    [InlineData("lea rax, [rip]", "488D0500000000")]
    [InlineData("lea rax, [rip-7]", "488D05F9FFFFFF")]
    [InlineData("lea rax, [rip+here]; here: nop", "488D050000000090")]
    [InlineData("cmp dword [rip+10], 12345678", "813D1000000078563412")]
    [InlineData("jmp $", "EBFE")]
    [InlineData("jmp $+5", "EB03")]
    [InlineData("mov eax, ds; mov ds, ax", "8CD88ED8")]
    [InlineData("movsb byte ptr [rdi], byte ptr gs:[rsi]", "65A4")]
    [InlineData("", "")]
    [InlineData(" ; # nothing", "")]
    public void Notations(string text, string expected) => Convert.ToHexString(Assembler.Assemble(text)).ShouldBe(expected);

    [Fact]
    public void Numbers_as_targets_count_from_the_origin()
    {
        Assembler.Assemble("nop; jmp 7010; lea rax, [rel 7000]; call 7001", 0x7000)
            .ShouldBe(Convert.FromHexString("90EB0D488D05F6FFFFFFE8F2FFFFFF"));
        Assembler.Assemble("a: jmp a; lea rax, [a]", 0xFFFF_8000_0000_0000).ShouldBe(Assembler.Assemble("a: jmp a; lea rax, [a]"));
    }

    [Fact]
    public void The_mnemonics_are_in_order_and_in_small_letters()
    {
        Assembler.Mnemonics.ShouldBe(Assembler.Mnemonics.Order(StringComparer.Ordinal));
        Assembler.Mnemonics.ShouldAllBe(m => m == m.ToLowerInvariant());
        foreach (var name in new[]
        {
            "mov", "add", "movsb", "bt", "bts", "btr", "btc", "bsf", "lzcnt", "popcnt", "tzcnt", "andn", "pdep", "addpd", "movdqu", "vpaddd", "rdmsr", "rdtsc",
            "rdtscp", "cpuid", "vmread", "vmwrite", "sgdt", "rdpmc", "xgetbv", "jz", "jnbe", "setnz", "cmovc", "sal", "fld", "aesenc", "cmpxchg16b", "syscall",
        })
        {
            Assembler.Mnemonics.ShouldContain(name);
        }
    }

    [Fact]
    public void Any_text_is_assembled_or_refused_in_words()
    {
        var random = new Random(20261121);
        string[] pieces = ["mov", " ", "rax", "[", "]", "+", "*", ",", "-", "rel ", "gs:", ":", ";", "\n", "1", "0x", "'", "a", "b:", "short ", "qword ptr ", "db ", "lock ", "st", "(", ")", "jmp ", "$", "fffffffffffffffff", "9"];
        var refused = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 14)).Select(_ => pieces[random.Next(pieces.Length)]));
            try
            {
                Assembler.Assemble(text, RunManner.Contained);
            }
            catch (AssemblyException error)
            {
                refused++;
                error.Message.ShouldNotBeNullOrWhiteSpace();
                (error.Offset + error.Length).ShouldBeLessThanOrEqualTo(text.Length);
            }
        }

        refused.ShouldBeInRange(1, 19_999);
    }
}
