using System;
using Iced.Intel;

namespace HvDbg.Client.Assembly;

/// <summary>A number that may lean on a label: <c>Constant</c>, or the label's address plus it.</summary>
/// <param name="Constant">Sum of all numbers.</param>
/// <param name="Label">Name of the one label; <see cref="AssemblyValue.Here"/> for the instruction's own address; null: a plain number.</param>
internal readonly record struct AssemblyValue(Int128 Constant, string? Label)
{
    /// <summary>The name that stands for the address of the instruction itself.</summary>
    internal const string Here = "$";

    internal bool IsNumber => Label is null;
}

internal enum AssemblyOperandKind
{
    Register,
    Memory,

    /// <summary>A number or a branch target.</summary>
    Value,
}

internal enum BranchReach
{
    Any,
    Short,
    Near,
    Far,
}

/// <summary>How a RIP-relative operand was written.</summary>
internal enum RipForm
{
    None,

    /// <summary>The address is the value: a label, or <c>[rel …]</c>.</summary>
    Target,

    /// <summary>The value is counted from the next instruction: <c>[rip+10]</c>.</summary>
    Displacement,
}

/// <summary>One operand as it was written.</summary>
internal sealed record AssemblyOperand(AssemblyOperandKind Kind, int Offset, int Length)
{
    public Register Register { get; init; }

    /// <summary>Number, branch target, or displacement.</summary>
    public AssemblyValue Value { get; init; }

    /// <summary>Bytes, from "qword ptr" and the like; 0: not said.</summary>
    public int Size { get; init; }
    public Register Segment { get; init; }
    public Register Base { get; init; }
    public Register Index { get; init; }
    public int Scale { get; init; } = 1;
    public RipForm Rip { get; init; }

    /// <summary>Eight bytes of address and no register ("moffs").</summary>
    public bool IsWideAbsolute => Kind == AssemblyOperandKind.Memory && Base == Register.None && Index == Register.None && Value.IsNumber
        && OperandMatch.Low64(Value.Constant) is < int.MinValue or > int.MaxValue;

    public BranchReach Reach { get; init; }

    /// <summary>How a message calls it.</summary>
    public string Shown => Kind switch
    {
        AssemblyOperandKind.Register => RegisterTable.Name(Register),
        AssemblyOperandKind.Memory => Size == 0 ? "memory" : $"{SizeWords.Name(Size)} ptr",
        _ => Value.Label is null ? "a number" : Value.Label,
    };
}

/// <summary>The words for operand sizes.</summary>
internal static class SizeWords
{
    /// <summary>Bytes; 0: no such word.</summary>
    internal static int Find(string word) => word.ToLowerInvariant() switch
    {
        "byte" => 1,
        "word" => 2,
        "dword" => 4,
        "fword" => 6,
        "qword" or "mmword" => 8,
        "tword" or "tbyte" => 10,
        "oword" or "xmmword" or "dqword" => 16,
        "yword" or "ymmword" => 32,
        "zword" or "zmmword" => 64,
        _ => 0,
    };

    internal static string Name(int size) => size switch
    {
        1 => "byte",
        2 => "word",
        4 => "dword",
        6 => "fword",
        8 => "qword",
        10 => "tbyte",
        16 => "xmmword",
        32 => "ymmword",
        64 => "zmmword",
        _ => size + " bytes",
    };
}
