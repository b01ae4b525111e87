using System.Collections.Generic;
using System.Collections.Immutable;
using HvDbg.Client.Script.Semantics;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Code;

/// <summary>Where code came from: holds from this offset up to the next one.</summary>
public readonly record struct CodeLine(int Offset, SourceSpan Span);

/// <summary>A script as machine code.</summary>
/// <param name="Bytes">
/// The code, entered at its first byte by the convention of custom code (rcx: safe buffer or 0, rdx: GUEST_REGS, r8: context), its last byte
/// the only RET that ends it. It may use every register, and keeps none but rsp.
/// </param>
/// <param name="UsesVectorState">Whether it changes SSE registers.</param>
/// <param name="Lines">In the order of their offsets.</param>
/// <param name="Script">What it was made from.</param>
public sealed record CompiledScript(ImmutableArray<byte> Bytes, bool UsesVectorState, IReadOnlyList<CodeLine> Lines, BoundScript Script)
{
    /// <summary>The place in the script that the instruction at an offset belongs to; null: code of the compiler's own.</summary>
    public SourceSpan? SpanOf(int offset)
    {
        SourceSpan? found = null;
        foreach (var line in Lines)
        {
            if (line.Offset > offset)
            {
                break;
            }

            found = line.Span.Source is null ? null : line.Span;
        }

        return found;
    }
}
