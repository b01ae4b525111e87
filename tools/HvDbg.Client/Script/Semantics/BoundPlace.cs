using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Semantics;

/// <summary>Something that has a value and can take one.</summary>
public abstract record BoundPlace(SourceSpan Span, ScriptType Type);

/// <summary>A local variable or a parameter.</summary>
public sealed record LocalPlace(SourceSpan Span, LocalSymbol Local) : BoundPlace(Span, Local.Type);

/// <summary>A global word, common to all scripts.</summary>
public sealed record GlobalPlace(SourceSpan Span, GlobalSymbol Global) : BoundPlace(Span, IntegerType.Word);

/// <summary>A register of the guest, or a part or flag of one.</summary>
public sealed record RegisterPlace(SourceSpan Span, GuestRegister Register) : BoundPlace(Span, IntegerType.Word);

/// <summary>Memory at an address (a word): what <c>*p</c>, <c>p-&gt;f</c> and <c>a[i]</c> mean. Field offsets and indices are part of the address.</summary>
public sealed record MemoryPlace(SourceSpan Span, ScriptType Type, BoundExpression Address) : BoundPlace(Span, Type);

/// <summary>A part of a place: a field or an element with a constant index.</summary>
/// <param name="Offset">Bytes from the beginning of <paramref name="Whole"/>.</param>
public sealed record PartPlace(SourceSpan Span, ScriptType Type, BoundPlace Whole, int Offset) : BoundPlace(Span, Type);
