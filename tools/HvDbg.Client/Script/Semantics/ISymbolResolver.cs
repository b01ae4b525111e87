namespace HvDbg.Client.Script.Semantics;

/// <summary>A symbol of the guest as a script names it.</summary>
/// <param name="Module">Empty: none was named.</param>
public readonly record struct SymbolName(string Module, string Name)
{
    /// <summary>As it is written.</summary>
    public override string ToString() => Module.Length == 0 ? Name : Module + "!" + Name;
}

/// <summary>Knows addresses of the guest's symbols.</summary>
public interface ISymbolResolver
{
    /// <summary>The address; null: no such symbol is known.</summary>
    ulong? Resolve(SymbolName symbol);
}

/// <summary>Knows none.</summary>
public sealed class NoSymbols : ISymbolResolver
{
    public static NoSymbols Instance { get; } = new();

    public ulong? Resolve(SymbolName symbol) => null;
}
