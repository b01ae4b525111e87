using System.Collections.Generic;
using Iced.Intel;

namespace HvDbg.Client.Assembly;

/// <summary>One piece of the text: a label, data, or an instruction.</summary>
/// <param name="Offset">Where it begins in the text.</param>
/// <param name="Length">Characters of it.</param>
internal abstract record AssemblyStatement(int Offset, int Length);

internal sealed record LabelStatement(int Offset, int Length, string Name) : AssemblyStatement(Offset, Length);

internal sealed record DataStatement(int Offset, int Length, byte[] Bytes) : AssemblyStatement(Offset, Length);

/// <param name="Offset">Where it begins in the text.</param>
/// <param name="Length">Characters of it.</param>
/// <param name="Mnemonic">The instruction's name as it was written.</param>
/// <param name="Prefixes">What stands before it.</param>
/// <param name="Operands">Its operands, in the order of the text.</param>
internal sealed record InstructionStatement(
    int Offset,
    int Length,
    AssemblyToken Mnemonic,
    AssemblyPrefixes Prefixes,
    IReadOnlyList<AssemblyOperand> Operands) : AssemblyStatement(Offset, Length);

/// <summary>The prefixes that were written.</summary>
internal sealed record AssemblyPrefixes
{
    public AssemblyToken? Lock { get; init; }

    /// <summary>rep, repe or repz.</summary>
    public AssemblyToken? Repeat { get; init; }

    /// <summary>repne or repnz.</summary>
    public AssemblyToken? RepeatNotEqual { get; init; }
    public AssemblyToken? Acquire { get; init; }
    public AssemblyToken? Release { get; init; }
    public Register Segment { get; init; }
    public AssemblyToken? SegmentToken { get; init; }
}
