using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Linq;
using HvDbg.Client.Script.Text;
using Iced.Intel;

namespace HvDbg.Client.Script.Code;

/// <summary>A place in the code that branches can name before it is known.</summary>
internal sealed class CodeLabel(Label label)
{
    internal Label Label = label;
}

/// <summary>
/// Instructions with the places in the script that they come from; literals and code that runs rarely go behind all other code.
/// </summary>
internal sealed class CodeEmitter
{
    private readonly List<SourceSpan> _spans = [];
    private readonly Queue<(SourceSpan Span, Action Emit)> _rare = [];
    private readonly List<(ImmutableArray<byte> Bytes, CodeLabel Label)> _literals = [];
    private SourceSpan _span;
    private int _labelled = -1;

    /// <summary>For the instructions themselves.</summary>
    internal Assembler Assembler { get; } = new(64);

    /// <summary>What the next instructions belong to; default: to nothing in the script.</summary>
    internal SourceSpan Span
    {
        get => _span;
        set
        {
            Settle();
            _span = value;
        }
    }

    /// <summary>Where the literals begin, for who must tell them from other addresses.</summary>
    internal CodeLabel Literals => field ??= NewLabel();

    /// <summary>Whether anything was put off to stand behind the code so far.</summary>
    internal bool HasMore => _rare.Count + _literals.Count != 0;

    internal int LiteralBytes => _literals.Sum(literal => literal.Bytes.Length);

    internal CodeLabel NewLabel() => new(Assembler.CreateLabel());

    /// <summary>The label stands for the next instruction. Each needs one of its own.</summary>
    internal void Place(CodeLabel label)
    {
        if (_labelled == Assembler.Instructions.Count)
        {
            // Iced takes one label for an instruction.
            Assembler.zero_bytes();
        }

        Assembler.Label(ref label.Label);
        _labelled = Assembler.Instructions.Count;
    }

    /// <summary>Code for later: it runs rarely, and stands out of the way. It belongs to the place in the script that is current now.</summary>
    internal void Later(Action emit) => _rare.Enqueue((Span, emit));

    /// <summary>Everything put off so far, and what that puts off.</summary>
    internal void EmitRare()
    {
        while (_rare.TryDequeue(out var rare))
        {
            Span = rare.Span;
            rare.Emit();
        }

        Span = default;
    }

    /// <summary>A literal's address, to be loaded relative to RIP.</summary>
    internal CodeLabel Literal(ImmutableArray<byte> bytes)
    {
        foreach (var literal in _literals)
        {
            if (literal.Bytes.AsSpan().SequenceEqual(bytes.AsSpan()))
            {
                return literal.Label;
            }
        }

        var label = NewLabel();
        _literals.Add((bytes, label));
        return label;
    }

    /// <summary>The literals' bytes, one behind the other.</summary>
    internal void EmitLiterals()
    {
        if (_literals.Count != 0)
        {
            Place(Literals);
        }

        foreach (var (bytes, label) in _literals)
        {
            Place(label);
            Assembler.db(bytes.AsSpan());
        }
    }

    /// <summary>The code, which runs at any address, and where each part of it comes from.</summary>
    internal (ImmutableArray<byte> Bytes, IReadOnlyList<CodeLine> Lines) Encode()
    {
        Settle();
        var stream = new MemoryStream();
        var result = Assembler.Assemble(new StreamCodeWriter(stream), 0, BlockEncoderOptions.ReturnNewInstructionOffsets);
        var offsets = result.Result[0].NewInstructionOffsets;
        var lines = new List<CodeLine>();
        for (var i = 0; i < offsets.Length; i++)
        {
            if (offsets[i] != uint.MaxValue && (lines.Count == 0 || lines[^1].Span != _spans[i]))
            {
                lines.Add(new CodeLine((int)offsets[i], _spans[i]));
            }
        }

        return (ImmutableArray.Create(stream.ToArray()), lines);
    }

    // Instructions since the last change belong to the place that was current.
    private void Settle()
    {
        while (_spans.Count < Assembler.Instructions.Count)
        {
            _spans.Add(_span);
        }
    }
}
