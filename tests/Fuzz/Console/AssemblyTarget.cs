using System;
using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Assembly;
using HvDbg.Tests.Assembly;
using HvKernel.Fuzzing;
using Iced.Intel;
using Assembler = HvDbg.Client.Assembly.Assembler;
using Decoder = Iced.Intel.Decoder;

namespace HvDbg.Fuzzing;

/// <summary><see cref="Assembler"/>: text becomes instructions that the processor knows, or an error that says where.</summary>
public sealed class AssemblyTarget : FuzzTarget<string>
{
    private static readonly string[] Mnemonics = [.. Assembler.Mnemonics];

    private static readonly string[] Usual =
    [
        "mov", "add", "lea", "push", "pop", "jmp", "jz", "call", "ret", "movzx", "movsxd", "xchg", "imul", "shl", "cmp", "test", "vaddps", "movaps", "cvtsi2sd",
        "rep", "lock", "repne", "db", "dw", "dd", "dq", "in", "out", "int", "enter", "loop", "cmpxchg16b", "bswap", "shld", "vpgatherdd", "fld", "fstp", "movsb", "cmpeqps",
    ];

    private static readonly string[] Operands =
    [
        "al", "ah", "ax", "eax", "rax", "r8", "r8b", "r15d", "spl", "rsp", "rip", "cs", "gs", "cr0", "cr8", "dr7", "xmm0", "xmm15", "xmm31", "ymm1", "zmm2", "mm3", "st", "st0", "st(1)", "k1",
        "0", "1", "7f", "80", "ff", "100", "7fffffff", "80000000", "ffffffff", "100000000", "ffffffffffffffff", "10000000000000000", "0n10", "0nz", "-1", "-80", "'a'", "'abcd'", "'abcdefghi'",
        "l0", "l1", "$", "$$", "short l0", "near l1", "short 1000", "[rax]", "[rax+rcx*8+10]", "[rsp*2]", "[rax*3]", "[l0]", "[rip+l0]", "[rel l1]", "[rip+10]", "[ffffffff80000000]", "[123456789abcdef0]",
        "byte ptr [rax]", "word [rbx]", "dword ptr gs:[188]", "qword [fs:0]", "xmmword ptr [rcx]", "ymmword [rdx]", "tbyte [rax]", "ptr [rax]", "qword ptr", "gs:[rax]", "[gs:rax]", "es:rax", "(1+2)*3", "(1", "1/0", "1<<4", "\"text\"", "\"", "?",
        "[rax+rbx+rcx]", "[rax-rbx]", "[eax]", "[ax]", "[al]", "[]", "[", "]", "{k1}", "far [rax]", "dup(5)",
    ];

    private static readonly string[] Separators = [" ", ", ", ",", "; ", "\n", ";\n", " : ", ":", "//x\n", "#\n", "\t", "\r\n", "", "+", "*"];

    private string[] _samples = [];

    public override string Name => "assembly";

    public override TimeSpan Preparation => TimeSpan.FromMinutes(1);

    // What is wrong with a text is looked for among all instructions: a millisecond.
    public override long CasesOf(long cases) => Math.Max(1, cases / 4);

    public override void Prepare()
    {
        var samples = new List<string>();
        foreach (var code in Enum.GetValues<Code>().Where((code, i) => i % 3 == 0 && code.ToOpCode() is { IsInstruction: true, Mode64: true }))
        {
            try
            {
                samples.AddRange(SampleLines.Of(code.Mnemonic().ToString().ToLowerInvariant(), [code]));
            }
            catch (NotSupportedException)
            {
                // AVX-512, which the assembler does not offer.
            }
        }

        _samples = [.. samples];
    }

    protected override string[] Generate(FuzzRandom random)
    {
        if (!random.OneIn(3))
            return FromSamples(random);
        var pieces = new List<string>();
        for (var lines = random.Between(1, random.OneIn(20) ? 40 : 4); lines > 0; lines--)
        {
            if (random.OneIn(4))
                pieces.Add(random.OneIn(2) ? "l0: " : "l1:");
            pieces.Add(random.OneIn(2) ? random.Of<string>(Mnemonics) : random.Of<string>(Usual));
            pieces.Add(" ");
            for (var operands = random.Below(4); operands > 0; operands--)
            {
                pieces.Add(random.OneIn(30) ? ((char)random.Below(0x10000)).ToString() : random.Of<string>(Operands));
                pieces.Add(operands == 1 ? "" : random.OneIn(15) ? random.Of<string>(Separators) : ", ");
            }

            pieces.Add(random.OneIn(12) ? random.Of<string>(Separators) : "; ");
        }

        return [.. pieces];
    }

    // Right ones, and nearly right ones.
    private string[] FromSamples(FuzzRandom random)
    {
        var pieces = new List<string>();
        for (var lines = random.Between(1, 6); lines > 0; lines--)
        {
            pieces.AddRange(_samples[random.Below(_samples.Length)].Split(' ').Select(word => word + " "));
            pieces.Add("\n");
        }

        for (var i = random.OneIn(2) ? 0 : random.Below(3); i > 0; i--)
            pieces[random.Below(pieces.Count)] = random.OneIn(2) ? random.Of<string>(Operands) : random.Of<string>(Separators);
        return [.. pieces];
    }

    protected override string Run(string[] input, FuzzRandom random)
    {
        var text = string.Concat(input);
        byte[] bytes;
        try
        {
            bytes = Assembler.Assemble(text, random.OneIn(4) ? random.Odd() : 0);
        }
        catch (CodeTextException problem)
        {
            CodeTexts.Check(text, problem);
            return "refused";
        }

        var isCode = !input.Any(piece => piece is "db" or "dw" or "dd" or "dq" or "dt" or "do");
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(bytes));
        var count = 0;
        while (isCode && decoder.IP < (ulong)bytes.Length)
        {
            decoder.Decode(out var instruction);
            FuzzFailureException.Unless(!instruction.IsInvalid, $"{Convert.ToHexString(bytes)} is no instruction at {decoder.IP:x}");
            count++;
        }

        return count == 0 ? "data or nothing" : "instructions";
    }

    protected override string Describe(string[] input) => System.Text.Json.JsonSerializer.Serialize(string.Concat(input));
}

/// <summary><see cref="HexCode"/>: the bytes that the digits say, or an error that says where.</summary>
public sealed class HexTarget : FuzzTarget<string>
{
    private static readonly string[] Pieces = ["0", "9", "a", "F", "90", "c3", "0x", "\\x", "x", "X", " ", "\n", "\t", "g", ",", "\\", "{", "é", "１", "\0", "0x9", "0x90", "x90", "\u00a0", "\ud83d"];

    private static readonly string[] Good = ["90", "c3 ", "\\x90", "0xA5", " ", "\n", "4889d8"];

    public override string Name => "hex";

    protected override string[] Generate(FuzzRandom random) =>
        [.. Enumerable.Range(0, random.Below(random.OneIn(50) ? 2000 : 24)).Select(_ => random.OneIn(12) ? random.Of<string>(Pieces) : random.Of<string>(Good))];

    protected override string Run(string[] input, FuzzRandom random)
    {
        var text = string.Concat(input);
        try
        {
            var bytes = HexCode.Parse(text);

            // Without blanks and prefixes there is one way to read it.
            var digits = new string([.. text.Where(char.IsAsciiHexDigit)]);
            if (!text.Contains('x', StringComparison.OrdinalIgnoreCase))
                FuzzFailureException.Unless(Convert.ToHexString(bytes).Equals(digits, StringComparison.OrdinalIgnoreCase), $"read as {Convert.ToHexString(bytes)}");
            return "bytes";
        }
        catch (CodeTextException problem)
        {
            CodeTexts.Check(text, problem);
            return "refused";
        }
    }

    protected override string Describe(string[] input) => System.Text.Json.JsonSerializer.Serialize(string.Concat(input));
}

/// <summary>What holds for every error in a text of code.</summary>
internal static class CodeTexts
{
    internal static void Check(string text, CodeTextException problem)
    {
        FuzzFailureException.Unless(problem.Offset >= 0 && problem.Length >= 0 && problem.Offset + problem.Length <= text.Length, "the place is not in the text");
        FuzzFailureException.Unless(problem.Line >= 1 && problem.Line <= text.Count(c => c == '\n') + 1 && problem.Column >= 1, "line and column are not in the text");
        FuzzFailureException.Unless(problem.Message.Length > 0 && !problem.Message.Any(c => c is '\n' or '\r'), $"the message is not one line: {problem.Message}");
    }
}
