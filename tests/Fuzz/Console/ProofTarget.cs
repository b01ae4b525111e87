using System;
using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Code;
using HvKernel.Fuzzing;
using Iced.Intel;

namespace HvDbg.Fuzzing;

/// <summary>
/// <see cref="BlobAnalysis"/>: whatever it calls provable is looked at again by <see cref="DirectCheck"/>, which shares nothing with it but the
/// decoder. Blobs are made of random bytes and of instructions that are provable alone.
/// </summary>
public sealed class ProofTarget : FuzzTarget<byte[]>
{
    private const int PoolSize = 20_000;
    private readonly List<byte[]> _harmless = [];
    private readonly List<byte[]> _others = [];

    public override string Name => "proof";

    public override TimeSpan Preparation => TimeSpan.FromMinutes(1);

    public override void Prepare()
    {
        var random = new FuzzRandom(7);
        while (_harmless.Count < PoolSize)
        {
            if (Instruction(random) is not { } instruction)
                continue;
            if (BlobAnalysis.Of(instruction).Provable)
                _harmless.Add(instruction);
            else if (_others.Count < PoolSize)
                _others.Add(instruction);
        }
    }

    protected override byte[][] Generate(FuzzRandom random)
    {
        if (random.OneIn(8))
            return [.. random.Bytes(random.Between(1, 40)).Select(value => new[] { value })];
        var pieces = new byte[random.Between(1, random.OneIn(30) ? 200 : 12)][];
        for (var i = 0; i < pieces.Length; i++)
        {
            pieces[i] = random.Below(24) switch
            {
                0 => _others[random.Below(_others.Count)],
                1 or 2 or 3 => [(byte)(0x70 + random.Below(16)), (byte)random.Below(random.OneIn(4) ? 128 : 12)],
                4 => [0xEB, (byte)random.Below(12)],
                5 => [0x0F, (byte)(0x80 + random.Below(16)), (byte)random.Below(30), 0, 0, 0],
                6 => [(byte)(0xE0 + random.Below(4)), (byte)random.Below(12)],
                _ => _harmless[random.Below(_harmless.Count)],
            };
        }

        return random.OneIn(2) ? [.. pieces, [0xC3]] : pieces;
    }

    protected override string Run(byte[][] input, FuzzRandom random)
    {
        var code = input.SelectMany(piece => piece).ToArray();
        var analysis = BlobAnalysis.Of(code);
        if (!analysis.Provable)
        {
            FuzzFailureException.Unless(analysis.Reason.Length > 0 && analysis.UsesVectorState && analysis.UsesGs, "not provable, without a reason");
            return "not provable";
        }

        if (DirectCheck.Objection(code, analysis) is { } objection)
            throw new FuzzFailureException($"called provable: {objection}");
        return analysis.EndsWithRet ? "provable, returns" : "provable, falls to its end";
    }

    protected override string Describe(byte[][] input) => string.Join(' ', input.Select(Convert.ToHexString));

    // One instruction made of a random opcode map, prefixes and bytes.
    private static byte[]? Instruction(FuzzRandom random)
    {
        byte[] head = random.Below(10) switch
        {
            0 => [0x0F],
            1 => [0x48],
            2 => [0x66, 0x0F],
            3 => [0x0F, 0x38],
            4 => [0xC5],
            5 => [0xC4],
            6 => [random.Of<byte>([0xF0, 0xF2, 0xF3, 0x64, 0x65, 0x66, 0x67, 0x2E])],
            7 => [(byte)random.Between(0xD8, 0xDF)],
            _ => [],
        };
        byte[] bytes = [.. head, .. random.Bytes(15)];
        var decoder = Iced.Intel.Decoder.Create(64, new ByteArrayCodeReader(bytes));
        decoder.Decode(out var instruction);
        return instruction.IsInvalid ? null : bytes[..instruction.Length];
    }
}
