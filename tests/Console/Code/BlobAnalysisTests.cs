using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using HvDbg.Client.Assembly;
using HvDbg.Client.Code;
using Iced.Intel;
using Shouldly;
using Xunit;
using Assembler = HvDbg.Client.Assembly.Assembler;
using Decoder = Iced.Intel.Decoder;

namespace HvDbg.Tests.Code;

public class BlobAnalysisTests
{
    [Theory]

    // The manual pages' own: the tag in rbx (its compare has the constant 47424448), and the image name through GS.
    [InlineData("488B5A404881FB484442477402EB0848C7424048444232C3", 5)]
    [InlineData("65488B042588010000488B80B8000000480550040000C3", 4)]
    [InlineData("90 90 90", 3)]
    [InlineData("C3", 1)]
    [InlineData("90", 1)]
    [InlineData("31C0 C3", 2)]
    [InlineData("EB00 C3", 2)]
    [InlineData("EB01 C3 C3", 2)]
    [InlineData("EB02 FFFF 90 C3", 3)]
    [InlineData("7401 90", 2)]
    [InlineData("7400", 1)]
    [InlineData("EB00", 1)]
    [InlineData("0F8400000000 C3", 2)]
    [InlineData("E900000000 C3", 2)]
    [InlineData("E301 90 C3", 3)]
    [InlineData("E201 90 C3", 3)]
    [InlineData("7401 90 7401 90 90", 5)]
    [InlineData("0F0B", 1)]
    [InlineData("7402 0F0B C3", 2)]
    [InlineData("50 58 C3", 3)]
    [InlineData("4889CC C3", 2)]
    [InlineData("5C C3", 2)]
    [InlineData("C8100000 C9 C3", 3)]
    [InlineData("9C 58 C3", 3)]
    [InlineData("A4 48AB AC AE A6 C3", 6)]
    [InlineData("D7 C3", 2)]
    [InlineData("F00FC100 C3", 2)]
    [InlineData("F0480FC70A C3", 2)]
    [InlineData("48F7F1 C3", 2)]
    [InlineData("0F31 C3", 2)]
    [InlineData("0F01F9 C3", 2)]
    [InlineData("F30FC7F8 C3", 2)]
    [InlineData("480FC7F0 C3", 2)]
    [InlineData("0F18 00 C3", 2)]
    [InlineData("0FAEE8 C3", 2)]
    [InlineData("F390 C3", 2)]
    [InlineData("F30F1EFA C3", 2)]
    [InlineData("662E0F1F840000000000 C3", 2)]
    [InlineData("488B0500000000 C3", 2)]
    [InlineData("48A11122334455667788 C3", 2)]
    [InlineData("EB02 0000 48FFC0", 2)]
    [InlineData("F20F38F0C1 C3", 2)]
    [InlineData("C4E2F8F2C1 C3", 2)]
    [InlineData("9F 9E F8 FC C3", 5)]
    public void Code_that_ends_and_does_nothing_privileged_is_proved(string hex, int maximum)
    {
        var analysis = BlobAnalysis.Of(HexCode.Parse(hex));

        analysis.Reason.ShouldBe("");
        analysis.Provable.ShouldBeTrue();
        analysis.MaximumInstructions.ShouldBe(maximum);
        analysis.UsesVectorState.ShouldBeFalse();
        analysis.UsesGs.ShouldBe(hex.StartsWith("65", StringComparison.Ordinal));
        analysis.EndsWithRet.ShouldBe(hex.EndsWith("C3", StringComparison.Ordinal));
    }

    [Theory]

    // Branches.
    [InlineData("EBFE", "jmp short 0x0 at offset 0x0: it jumps backward")]
    [InlineData("90 EBFD", "at offset 0x1: it jumps backward")]
    [InlineData("FA EBFE", "cli at offset 0x0: a privileged instruction")]
    [InlineData("90 74FD", "at offset 0x1: it jumps backward")]
    [InlineData("75F0", "at offset 0x0: it jumps out of the code")]
    [InlineData("EB01", "it jumps out of the code")]
    [InlineData("E2FE", "it jumps backward")]
    [InlineData("E3FE", "it jumps backward")]
    [InlineData("E9FFFFFF7F", "it jumps out of the code")]
    [InlineData("E900000080", "it jumps out of the code")]
    [InlineData("7401 48 FFC0 C3", "a branch to offset 0x3 goes into the middle of the instruction before it")]
    [InlineData("7401 B8 00000000 C3", "a branch to offset 0x3 goes into the middle of the instruction before it")]
    [InlineData("66E90000 9090 C3", "a branch with a prefix")]
    [InlineData("F2EB00 C3", "a branch with a prefix")]
    [InlineData("2E7400 C3", "a branch with a prefix")]
    [InlineData("48EB00 C3", "a branch with a prefix")]
    [InlineData("67E300 C3", "a branch with a prefix")]
    [InlineData("FFE0", "where it goes is decided at run time")]
    [InlineData("FF20", "where it goes is decided at run time")]
    [InlineData("FF2D00000000", "where it goes is decided at run time")]
    [InlineData("48FF28", "where it goes is decided at run time")]
    [InlineData("FFD0 C3", "calls and VM entries")]
    [InlineData("E800000000 58 C3", "calls and VM entries")]
    [InlineData("FF18 C3", "calls and VM entries")]

    // The end.
    [InlineData("", "there is no code")]
    [InlineData("C3 C3", "ret at offset 0x0: only the last byte may return")]
    [InlineData("7401 C3 90 C3", "ret at offset 0x2: only the last byte may return")]
    [InlineData("C3 90", "only the last byte may return")]
    [InlineData("C3 00000000", "only the last byte may return")]
    [InlineData("C20800", "only a plain ret (C3) ends code")]
    [InlineData("F3C3", "only a plain ret (C3) ends code")]
    [InlineData("66C3", "only a plain ret (C3) ends code")]
    [InlineData("48C3", "only a plain ret (C3) ends code")]
    [InlineData("CB", "only a plain ret (C3) ends code")]
    [InlineData("48CB", "only a plain ret (C3) ends code")]
    [InlineData("7401 C3", "the branch at offset 0x0 goes behind the ret at the end")]
    [InlineData("B0C3", "the last byte is C3 and not a ret that is reached")]
    [InlineData("B8000000C3", "the last byte is C3 and not a ret that is reached")]
    [InlineData("0F0B C3", "the last byte is C3 and not a ret that is reached")]
    [InlineData("EB01 C3", "the last byte is C3 and not a ret that is reached")]
    [InlineData("48", "the instruction at offset 0x0 is cut off by the end")]
    [InlineData("90 488B", "the instruction at offset 0x1 is cut off by the end")]
    [InlineData("06", "the bytes at offset 0x0 are no instruction")]
    [InlineData("F090", "the bytes at offset 0x0 are no instruction")]
    [InlineData("F089C8", "the bytes at offset 0x0 are no instruction")]
    [InlineData("66666666666666666666666666666690", "the bytes at offset 0x0 are no instruction")]

    // Hostile: mode, tables, stack of an interrupt, handlers.
    [InlineData("48CF", "iretq at offset 0x0: only a plain ret")]
    [InlineData("0F0118", "a privileged instruction")]
    [InlineData("0F0110", "a privileged instruction")]
    [InlineData("0F00D8", "a privileged instruction")]
    [InlineData("0F22D8", "a privileged instruction")]
    [InlineData("0F22C0", "a privileged instruction")]
    [InlineData("0F20D8", "a privileged instruction")]
    [InlineData("0F23F8", "a privileged instruction")]
    [InlineData("440F22C0", "a privileged instruction")]
    [InlineData("0F30", "a privileged instruction")]
    [InlineData("0F32", "a privileged instruction")]
    [InlineData("0F01C4", "a privileged instruction")]
    [InlineData("0F78C1", "a privileged instruction")]
    [InlineData("0F79C1", "a privileged instruction")]
    [InlineData("0F01F8", "a privileged instruction")]
    [InlineData("F4", "a privileged instruction")]
    [InlineData("FB", "a privileged instruction")]
    [InlineData("EC", "a privileged instruction")]
    [InlineData("E680", "a privileged instruction")]
    [InlineData("0F08", "a privileged instruction")]
    [InlineData("0F09", "a privileged instruction")]
    [InlineData("0F06", "a privileged instruction")]
    [InlineData("0F0138", "a privileged instruction")]
    [InlineData("0F01D1", "a privileged instruction")]
    [InlineData("0F01CA", "a privileged instruction")]
    [InlineData("0F01CB", "a privileged instruction")]
    [InlineData("0F07", "only a plain ret")]
    [InlineData("0F35", "only a plain ret")]
    [InlineData("0FAA", "only a plain ret")]
    [InlineData("0F05", "calls and VM entries")]
    [InlineData("0F34", "calls and VM entries")]
    [InlineData("0F01C2", "calls and VM entries")]
    [InlineData("0F01C1", "calls and VM entries")]
    [InlineData("CC", "it enters an interrupt handler")]
    [InlineData("CD80", "it enters an interrupt handler")]
    [InlineData("F1", "it enters an interrupt handler")]
    [InlineData("9D", "popfq at offset 0x0: not among the instructions that may run directly")]
    [InlineData("669D", "not among the instructions")]
    [InlineData("FD", "std at offset 0x0: not among the instructions")]

    // Segments.
    [InlineData("8ED0", "ss belongs to HvKernel")]
    [InlineData("8EE8", "gs belongs to HvKernel")]
    [InlineData("8CD8", "ds belongs to HvKernel")]
    [InlineData("0FA1", "fs belongs to HvKernel")]
    [InlineData("0FA9", "gs belongs to HvKernel")]
    [InlineData("0FA0", "fs belongs to HvKernel")]
    [InlineData("0FB220", "not among the instructions")]
    [InlineData("64488B042500000000", "FS is not the guest's")]
    [InlineData("64A4", "FS is not the guest's")]
    [InlineData("0F00C0", "not among the instructions")]
    [InlineData("0F00C8", "not among the instructions")]
    [InlineData("0F01E0", "not among the instructions")]
    [InlineData("0F0100", "not among the instructions")]
    [InlineData("0F0108", "not among the instructions")]
    [InlineData("0F02C0", "not among the instructions")]
    [InlineData("F3480FAEC0", "not among the instructions")]
    [InlineData("F3480FAED8", "not among the instructions")]

    // Time, power, other state.
    [InlineData("F3A4", "how often it repeats is decided at run time")]
    [InlineData("F348AB", "how often it repeats is decided at run time")]
    [InlineData("F2AE", "how often it repeats is decided at run time")]
    [InlineData("F366A5", "how often it repeats is decided at run time")]
    [InlineData("F36C", "a privileged instruction")]
    [InlineData("F388C0", "a repeat prefix has no meaning here")]
    [InlineData("F2F00100", "a repeat prefix has no meaning here")]
    [InlineData("0F01C8", "not among the instructions")]
    [InlineData("0F01C9", "not among the instructions")]
    [InlineData("660FAEF1", "not among the instructions")]
    [InlineData("F20FAEF1", "not among the instructions")]
    [InlineData("0FA2", "not among the instructions")]
    [InlineData("0F33", "not among the instructions")]
    [InlineData("0F01D0", "not among the instructions")]
    [InlineData("0F01E8", "not among the instructions")]
    [InlineData("0F01EE", "not among the instructions")]
    [InlineData("0F01EF", "not among the instructions")]
    [InlineData("0FAE38", "not among the instructions")]
    [InlineData("660F38F801", "not among the instructions")]
    [InlineData("0F38F901", "not among the instructions")]
    [InlineData("C7F800000000", "transactions")]
    [InlineData("C6F800", "not among the instructions")]
    [InlineData("0F01D5", "not among the instructions")]
    [InlineData("0F01D6", "not among the instructions")]
    [InlineData("F30F1EC8", "not among the instructions")]
    [InlineData("F30FAEE8", "not among the instructions")]
    [InlineData("0FAE00", "not among the instructions")]
    [InlineData("0FAE08", "not among the instructions")]
    [InlineData("0FAE20", "not among the instructions")]
    [InlineData("0FAE28", "not among the instructions")]
    [InlineData("D928", "not among the instructions")]
    [InlineData("D920", "not among the instructions")]
    [InlineData("DD20", "not among the instructions")]
    [InlineData("DD30", "not among the instructions")]
    [InlineData("62F17C4858C1", "not among the instructions")]
    [InlineData("C5FC41C1", "not among the instructions")]
    [InlineData("C5F892C1", "not among the instructions")]
    [InlineData("C4E2784900", "not among the instructions")]
    [InlineData("0FFF00", "it leaves the code in a way that is not followed")]
    [InlineData("0FB900", "it leaves the code in a way that is not followed")]
    public void Other_code_is_not_proved_and_the_reason_is_given(string hex, string reason)
    {
        var analysis = BlobAnalysis.Of(hex.Length == 0 ? [] : HexCode.Parse(hex));

        analysis.Provable.ShouldBeFalse();
        analysis.Reason.ShouldContain(reason);
        analysis.Reason.ShouldNotContain("\n");
        analysis.MaximumInstructions.ShouldBe(0);
        (analysis.UsesVectorState, analysis.UsesGs).ShouldBe((true, true));
    }

    [Theory]
    [InlineData("addps xmm0, xmm1", true, false)]
    [InlineData("movups [rdx], xmm3", true, false)]
    [InlineData("vpaddd ymm1, ymm2, [rdx]", true, false)]
    [InlineData("vzeroupper", true, false)]
    [InlineData("ldmxcsr [rdx]", true, false)]
    [InlineData("stmxcsr [rdx]", true, false)]
    [InlineData("fld1", true, false)]
    [InlineData("fnstenv [rdx]", true, false)]
    [InlineData("fninit", true, false)]
    [InlineData("fcmove st0, st1", true, false)]
    [InlineData("emms", true, false)]
    [InlineData("paddb mm0, mm1", true, false)]
    [InlineData("aesenc xmm0, xmm1", true, false)]
    [InlineData("sha1msg1 xmm0, xmm1", true, false)]
    [InlineData("cvttsd2si rax, xmm0", true, false)]
    [InlineData("movd eax, xmm0", true, false)]
    [InlineData("vpgatherdd xmm0, [rdx+xmm1*4], xmm2", true, false)]
    [InlineData("movnti [rdx], eax", false, false)]
    [InlineData("prefetcht0 [rdx]", false, false)]
    [InlineData("crc32 eax, cl", false, false)]
    [InlineData("pextrw eax, xmm0, 1", true, false)]
    [InlineData("mov rax, gs:[188]", false, true)]
    [InlineData("mov gs:[rax], cl", false, true)]
    [InlineData("gs lodsb", false, true)]
    [InlineData("movups xmm0, gs:[188]", true, true)]
    [InlineData("lea rax, [rip+5]; nop", false, false)]
    [InlineData("mov rax, ds:[188]", false, false)]
    public void Vector_state_and_GS_are_seen(string line, bool vector, bool gs)
    {
        var analysis = BlobAnalysis.Of(Assembler.Assemble(line + "; ret"));

        analysis.Reason.ShouldBe("");
        (analysis.UsesVectorState, analysis.UsesGs).ShouldBe((vector, gs));
    }

    [Fact]
    public void What_is_not_reached_does_not_count()
    {
        var analysis = BlobAnalysis.Of(Assembler.Assemble("jmp over; addps xmm0, xmm1; mov rax, gs:[188]; hlt; over: nop; ret"));

        analysis.Provable.ShouldBeTrue();
        (analysis.UsesVectorState, analysis.UsesGs, analysis.MaximumInstructions).ShouldBe((false, false, 3));
        analysis.Instructions.Select(i => i.Text).ShouldBe(["jmp short 0xf", "nop", "ret"]);
    }

    [Fact]
    public void The_longest_way_is_counted_not_the_sum()
    {
        var analysis = BlobAnalysis.Of(Assembler.Assemble("je right; nop; nop; nop; jmp end; right: nop; end: ret"));

        analysis.Instructions.Count.ShouldBe(7);
        analysis.MaximumInstructions.ShouldBe(6);
    }

    [Fact]
    public void A_long_way_is_not_run_directly()
    {
        BlobAnalysis.Of(Enumerable.Repeat((byte)0x90, BlobAnalysis.MostInstructions).ToArray()).Provable.ShouldBeTrue();
        BlobAnalysis.Of(Enumerable.Repeat((byte)0x90, BlobAnalysis.MostInstructions + 1).ToArray()).Reason
            .ShouldBe("its longest way has 4097 instructions, more than 4096");
    }

    [Fact]
    public void The_base_address_changes_texts_only()
    {
        var code = Assembler.Assemble("je end; mov rax, gs:[188]; end: ret");

        var high = BlobAnalysis.Of(code, 0xFFFF_FFFF_FFFF_FFF0);

        high.Provable.ShouldBeTrue();
        high.Instructions[0].Text.ShouldBe("je short 0xfffffffffffffffb");
    }

    [Fact]
    public void Random_code_is_analysed_and_proved_code_only_goes_forward()
    {
        var proved = 0;
        var generator = Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf().Resize(16);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(20_000).WithReplay(3, 20261121),
            Prop.ForAll(generator.ToArbitrary(), code =>
            {
                var analysis = BlobAnalysis.Of(code);
                BlobListing.Of(code).SelectMany(l => l.Bytes).ShouldBe(code);
                (analysis.Reason.Length == 0).ShouldBe(analysis.Provable);
                if (analysis.Provable)
                {
                    proved++;
                    Walk(code, analysis);
                }
            }));

        proved.ShouldBeGreaterThan(500);
    }

    // Follows every way through the code by decoding again: all go forward and end within the bound, at the ret, the end or ud2.
    private static void Walk(byte[] code, BlobAnalysis analysis)
    {
        var pending = new Stack<(int Offset, int Steps)>([(0, 0)]);
        for (var visits = 0; pending.TryPop(out var at); visits++)
        {
            if (visits > 100_000)
            {
                return;
            }

            at.Steps.ShouldBeLessThanOrEqualTo(analysis.MaximumInstructions);
            if (at.Offset == code.Length)
            {
                analysis.EndsWithRet.ShouldBeFalse();
                continue;
            }

            var decoder = Decoder.Create(64, new ByteArrayCodeReader(code, at.Offset, code.Length - at.Offset), (ulong)at.Offset);
            decoder.Decode(out var instruction);
            instruction.IsInvalid.ShouldBeFalse();
            instruction.IsPrivileged.ShouldBeFalse();
            var nexts = instruction.FlowControl switch
            {
                FlowControl.Next => [(long)instruction.NextIP],
                FlowControl.ConditionalBranch => [(long)instruction.NextIP, (long)instruction.NearBranchTarget],
                FlowControl.UnconditionalBranch => [(long)instruction.NearBranchTarget],
                FlowControl.Return when at.Offset == code.Length - 1 && code[at.Offset] == 0xC3 && analysis.EndsWithRet => Array.Empty<long>(),
                FlowControl.Exception when instruction.Mnemonic == Mnemonic.Ud2 => [],
                var other => throw new InvalidOperationException($"{instruction} is {other}"),
            };
            foreach (var next in nexts)
            {
                next.ShouldBeGreaterThan(at.Offset);
                next.ShouldBeLessThanOrEqualTo(code.Length);
                pending.Push(((int)next, at.Steps + 1));
            }
        }
    }
}
