namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>Type of what was reported as wrong: it fits everywhere, so that one mistake makes one message. No <see cref="BoundScript"/> has it.</summary>
internal sealed record ErrorType : ScriptType
{
    internal static ErrorType Instance { get; } = new();

    public override int Size => 8;

    public override string ToString() => "unknown";
}
