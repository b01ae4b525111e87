namespace HvDbg.Display;

/// <summary>Exceptions by the mnemonics of the SDM (vol. 3A, "Exceptions and Interrupts").</summary>
public static class ExceptionText
{
    private static readonly string?[] Names =
    [
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", null, "#TS", "#NP", "#SS", "#GP", "#PF", null,
        "#MF", "#AC", "#MC", "#XM", "#VE", "#CP",
    ];

    /// <summary>The mnemonic, or the vector's number where there is none.</summary>
    public static string Of(byte vector) => vector < Names.Length && Names[vector] is { } name ? name : $"vector 0x{Format.Hex(vector)}";
}
