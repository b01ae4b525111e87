using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Iced.Intel;
using Shouldly;
using Xunit;
using Assembler = HvDbg.Client.Assembly.Assembler;
using Decoder = Iced.Intel.Decoder;
using IcedCode = Iced.Intel.Code;

namespace HvDbg.Tests.Assembly;

/// <summary>What a disassembler writes is read back as the same instruction.</summary>
public class RoundTripTests
{
    /// <summary>Where the instructions stand; branch targets and rip-relative addresses are counted from it.</summary>
    private const ulong Origin = 0x4000_0000;

    private static readonly FormatterOptions[] s_styles =
    [
        new() { HexPrefix = "0x", HexSuffix = "", UppercaseHex = false, SmallHexNumbersInDecimal = false, MemorySizeOptions = MemorySizeOptions.Always, RipRelativeAddresses = true },
        new() { SmallHexNumbersInDecimal = false, MemorySizeOptions = MemorySizeOptions.Always, RipRelativeAddresses = true, UppercaseAll = true, AddLeadingZeroToHexNumbers = true, SpaceAfterOperandSeparator = true },
    ];

    [Fact]
    public void A_disassembled_instruction_assembles_to_itself()
    {
        var assembled = 0;
        var bytes = Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf(15);
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(20_000).WithReplay(20261121, 7),
            Prop.ForAll(bytes.ToArbitrary(), code => assembled += Holds(code)));

        // Or the property would hold of nothing.
        assembled.ShouldBeGreaterThan(8_000);
    }

    private static int Holds(byte[] code)
    {
        var instruction = Decode(code);
        if (instruction.IsInvalid || !IsWritable(instruction))
        {
            return 0;
        }

        foreach (var style in s_styles)
        {
            var line = Text(instruction, style);
            var again = Decode(Assembler.Assemble(line, Origin));
            if (Text(again, style) != line && !IsShortened(instruction, again))
            {
                throw new InvalidOperationException($"{Convert.ToHexString(code[..instruction.Length])}: {line} became {Text(again, style)}");
            }
        }

        return 1;
    }

    private static Instruction Decode(byte[] code)
    {
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code), Origin);
        decoder.Decode(out var instruction);
        return instruction;
    }

    private static string Text(in Instruction instruction, FormatterOptions style)
    {
        var output = new StringOutput();
        new IntelFormatter(style).Format(instruction, output);
        return output.ToStringAndReset();
    }

    // mov rax, 5 is written shorter as mov eax, 5.
    private static bool IsShortened(in Instruction was, in Instruction now) =>
        was.Mnemonic == Mnemonic.Mov && now.Code == IcedCode.Mov_r32_imm32 && was.Op0Register.IsGPR64()
        && was.Op0Register == now.Op0Register.GetFullRegister() && was.GetImmediate(1) == now.GetImmediate(1);

    // Another length tells of prefixes that mean nothing.
    private static int Length(in Instruction instruction) =>
        Encoder.Create(64, new Nowhere()).TryEncode(instruction, Origin, out var length, out _) ? (int)length : 0;

    /// <summary>
    /// Left out: instructions that the assembler does not offer, and texts that do not say what the bytes are, because the formatter writes
    /// prefixes without a meaning (data16, addr32, bnd, notrack, hints) or leaves them away, or because there are two encodings and
    /// it tells them apart by the order of operands that does not matter (xchg; fadd st(0), st).
    /// </summary>
    private static bool IsWritable(in Instruction instruction)
    {
        var name = instruction.Mnemonic.ToString().ToLowerInvariant();
        var text = Text(instruction, s_styles[0]);
        return Assembler.Mnemonics.Contains(name)
            && instruction.Encoding is EncodingKind.Legacy or EncodingKind.VEX
            && !new[] { "data16", "data64", "addr32", "bnd ", "notrack", "hint-", "eip", "rex", "xacquire", "xrelease" }.Any(text.Contains)
            && (!instruction.HasRepPrefix || instruction.IsStringInstruction)
            && (!instruction.HasRepnePrefix || (instruction.IsStringInstruction && (name.StartsWith("cmps", StringComparison.Ordinal) || name.StartsWith("scas", StringComparison.Ordinal))))
            && (instruction.SegmentPrefix == Register.None || instruction.MemorySegment == instruction.SegmentPrefix)
            && !instruction.IsPrefixedString()

            // [rax*1+8] is written shorter as [rax+8], [rax*2] as [rax+rax].
            && (instruction.MemoryBase != Register.None || !instruction.MemoryIndex.IsGPR() || instruction.MemoryIndexScale > 2)
            && Length(instruction) == instruction.Length
            && !(instruction.HasSegmentPrefix && instruction.HasOpKind(OpKind.MemoryESRDI) && !instruction.HasOpKind(OpKind.MemorySegRSI))
            && !(instruction.Op0Register == Register.ST0 && instruction.Op1Register == Register.ST0)
            && !(instruction.Mnemonic == Mnemonic.Xchg && instruction.Op0Kind == OpKind.Register)
            && !(instruction.Mnemonic == Mnemonic.Xlatb && instruction.MemoryBase != Register.RBX)
            && instruction.Mnemonic is not (Mnemonic.Prefetch or Mnemonic.Prefetchw)
            && instruction.Code is not (IcedCode.Bswap_r16 or IcedCode.Getsecq or IcedCode.Xbegin_rel16 or IcedCode.Pushfw or IcedCode.Popfw or IcedCode.Iretw or IcedCode.Iretd)
            && instruction.Mnemonic is not (Mnemonic.Pushf or Mnemonic.Popf or Mnemonic.Reservednop);
    }
}

internal sealed class Nowhere : CodeWriter
{
    public override void WriteByte(byte value)
    {
    }
}

internal static class InstructionText
{
    // 67 before a string instruction: the registers are esi and edi.
    internal static bool IsPrefixedString(this Instruction instruction) =>
        Enumerable.Range(0, instruction.OpCount).Select(instruction.GetOpKind).Any(k => k
            is OpKind.MemorySegESI or OpKind.MemoryESEDI or OpKind.MemorySegEDI or OpKind.MemorySegSI or OpKind.MemoryESDI or OpKind.MemorySegDI);
}
