using System;
using System.Linq;
using System.Text.RegularExpressions;

namespace HvDbg.Tests.Assembly;

/// <summary>What the same line is called in nasm's own syntax. No encodings: names, the place of the segment, and sizes only.</summary>
internal static partial class NasmSyntax
{
    /// <summary>Instructions that a 64-bit register makes no other than a 32-bit one, so that nasm leaves REX.W out or has no such form.</summary>
    private static readonly string[] s_ignoreWidth =
    [
        "mov", "sldt", "str", "lldt", "ltr", "verr", "verw", "lmsw", "pextrb", "pextrw", "pinsrb", "pinsrw", "pmovmskb", "movmskps", "movmskpd",
        "vextractps", "extractps", "vmovmskps", "vmovmskpd", "vpextrb", "vpextrw", "vpinsrb", "vpinsrw", "vpmovmskb", "tpause", "umwait",
    ];

    internal static string Of(string line)
    {
        var text = line.Replace("xmmword", "oword", StringComparison.Ordinal);
        text = WideAddress().Replace(text, "[qword 0x$1]");
        text = SegmentBefore().Replace(text, "[$1:");
        text = text.Replace(" ptr ", " ", StringComparison.Ordinal);
        foreach (var (ours, theirs) in new[]
        {
            ("call far dword", "call word far"), ("call far fword", "call dword far"), ("call far tword", "call qword far"),
            ("jmp far dword", "jmp word far"), ("jmp far fword", "jmp dword far"), ("jmp far tword", "jmp qword far"),
            ("sysretq", "o64 sysret"), ("sysexitq", "o64 sysexit"), ("pcmpestri64", "o64 pcmpestri"), ("pcmpestrm64", "o64 pcmpestrm"),
            ("getsecd", "getsec"),
        })
        {
            text = text.StartsWith(ours, StringComparison.Ordinal) ? theirs + text[ours.Length..] : text;
        }

        return text;
    }

    /// <summary>nasm refuses some sizes that are right, such as "clflush byte [rax]"; where it has only one form anyway they say nothing.</summary>
    internal static string WithoutSize(string line) => line.Contains(" far ", StringComparison.Ordinal) ? Of(line) : SizeWord().Replace(Of(line), "[");

    /// <summary>Instructions that look at 16 bits of a register, whatever its size.</summary>
    private static readonly string[] s_words = ["lldt", "ltr", "verr", "verw", "lmsw"];

    /// <summary>The line with 32-bit or 16-bit registers, where that is the same instruction.</summary>
    internal static string Narrow(string line)
    {
        var mnemonic = line.Split(' ')[0];
        if (s_words.Contains(mnemonic))
        {
            return Registers().Replace(line, m => m.Value is ['r', >= '0' and <= '9', ..] ? m.Value + "w" : m.Value[1..])
                .Replace(" e", " ", StringComparison.Ordinal).Replace("r9d", "r9w", StringComparison.Ordinal);
        }

        return s_ignoreWidth.Contains(mnemonic) ? Registers().Replace(line, m => m.Value is ['r', >= '0' and <= '9', ..] ? m.Value + "d" : "e" + m.Value[1..]) : line;
    }

    [GeneratedRegex(@"\[0x([0-9a-f]{16})\]")]
    private static partial Regex WideAddress();

    [GeneratedRegex(@"\b([cdefgs]s):\[")]
    private static partial Regex SegmentBefore();

    [GeneratedRegex(@"\b(byte|word|dword|fword|qword|tword|oword|yword) \[")]
    private static partial Regex SizeWord();

    // Outside of brackets only: an address keeps its registers.
    [GeneratedRegex(@"\b(r[a-ds][xip]|r[ds]i|r[89]|r1[0-5])\b(?![^\[]*\])")]
    private static partial Regex Registers();
}
