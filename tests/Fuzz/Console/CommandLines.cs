using System.Collections.Generic;
using System.Linq;
using HvDbg.Commands;
using HvKernel.Fuzzing;

namespace HvDbg.Fuzzing;

/// <summary>Lines of the console's language: right ones, nearly right ones, and what nobody meant. The pieces joined are the line.</summary>
internal static class CommandLines
{
    private static readonly string[] Words =
    [
        "u", "k", "uk", "ku", "pid", "cr3", "core", "imm", "yes", "no", "sc", "on", "off", "stage", "pre", "post", "all", "buffer", "run", "auto",
        "contained", "root", "condition", "code", "asm", "output", "script", "log", "count", "l", "timeout", "event", "guest", "show", "e", "d", "c",
        "create", "open", "close", "file", "namedpipe", "tcp", "mode", "x", "file:/etc/passwd", "file:", "a,b", ",", "=", "+", "-", "*", "@rip", "@rax",
        "@nope", "@", "rax", "xmm0", "linux_banner", "127.0.0.1:1", "::", "\\", "'", "`", "%", "$", ";", "//", "#", "~", "?", "!", ".",
    ];

    private static readonly string[] Numbers =
    [
        "0", "1", "3", "9", "a", "10", "0x10", "0n10", "0t7", "0y101", "0n", "0x", "0xg", "1`0000", "`", "ffffffff", "100000000", "ffffffffffffffff",
        "10000000000000000", "0n4294967295", "0n4294967296", "0n18446744073709551615", "0n18446744073709551616", "-1", "+1", "1.5", "1e5", "0n９", "１",
        "100000", "100001", "4000", "10001", "80000000", "7fffffff",
    ];

    private static readonly string[] Groups =
    [
        "{90 90}", "{}", "{ }", "{nop}", "{nop; nop}", "{mov rax, gs:[0x188]; ret}", "{a, b}", "{a,a}", "{{}}", "{{90}}", "{9}", "{zz}", "{mov}", "{jmp $}",
        "{x:\njmp x}", "{\n}", "{\"}", "\"\"", "\"a b\"", "\"{\"", "\"}\"", "{ 0x90, 0x90 }", "{db \"}", "{xor eax, eax; inc rax // {", "{hlt}", "{file:/}", "{print(1);}",
    ];

    private static readonly string[] Broken = ["{", "}", "\"", "{{", "}}", "{\"", "\"{", "{90", "90}", "\"abc", "{{}", "\0", "\u001b[2J", "\r", "\n", "\t", "\u00a0", "\u2028", "\ud800", "é", "日本", "👍", "\u202e", "\u0130", "\ufeff"];

    private static readonly CommandSpec[] Specs = [.. CommandTable.Default.Commands];

    private static readonly string[][] Examples =
        [.. Specs.SelectMany(spec => spec.Examples).Select(example => example.Split(' ').Select(word => word + " ").ToArray())];

    internal static string[] Generate(FuzzRandom random)
    {
        switch (random.Below(20))
        {
            case < 9:
                return Mutated(random);
            case < 17:
                return FromGrammar(random);
            case 17:
                return [.. Enumerable.Range(0, random.Below(40)).Select(_ => Character(random))];
            case 18:
                return [Specs[random.Below(Specs.Length)].Name, " ", .. Enumerable.Range(0, random.Below(30)).Select(_ => random.OneIn(3) ? random.Of<string>(Groups) : random.Of<string>(Broken))];
            default:
                return random.OneIn(20) ? Long(random) : FromGrammar(random);
        }
    }

    private static string[] Mutated(FuzzRandom random)
    {
        var pieces = Examples[random.Below(Examples.Length)].ToList();
        for (var i = random.Below(5); i > 0; i--)
        {
            var at = random.Below(pieces.Count + 1);
            switch (random.Below(6))
            {
                case 0:
                    pieces.Insert(at, Piece(random) + " ");
                    break;
                case 1 when at < pieces.Count:
                    pieces.RemoveAt(at);
                    break;
                case 2 when at < pieces.Count:
                    pieces[at] = Piece(random) + " ";
                    break;
                case 3 when at < pieces.Count:
                    pieces.Insert(random.Below(pieces.Count), pieces[at]);
                    break;
                case 4 when at < pieces.Count:
                    var text = pieces[at];
                    var place = random.Below(text.Length);
                    pieces[at] = random.OneIn(2) && text.Length > 0 ? text.Remove(place, 1) : text.Insert(place, Character(random));
                    break;
                case 5 when at < pieces.Count:
                    pieces[at] = random.OneIn(2) ? pieces[at].ToUpperInvariant() : pieces[at].TrimEnd();
                    break;
            }
        }

        return [.. pieces];
    }

    private static string[] FromGrammar(FuzzRandom random)
    {
        var spec = Specs[random.Below(Specs.Length)];
        var names = spec.Names.ToArray();
        var pieces = new List<string> { names[random.Below(names.Length)] + " " };
        for (var i = random.Below(9); i > 0; i--)
        {
            pieces.Add(spec.Parameters.Count > 0 && random.OneIn(2) ? spec.Parameters[random.Below(spec.Parameters.Count)].Name : Piece(random));
            pieces.Add(random.OneIn(12) ? "" : random.OneIn(20) ? "\t \n" : " ");
        }

        return [.. pieces];
    }

    private static string[] Long(FuzzRandom random) => random.Below(5) switch
    {
        0 => ["!mode u pid 1 code {", .. Enumerable.Repeat("90 ", random.Below(40_000)), "}"],
        1 => ["db ", new string('1', random.Below(100_000))],
        2 => [new string('{', random.Below(20_000)), new string('}', random.Below(20_000))],
        3 => ["db 0", .. Enumerable.Repeat(" + 1", random.Below(20_000))],
        _ => ["!mode u pid 1 asm code {", .. Enumerable.Range(0, random.Below(3000)).Select(i => $"l{i}: jmp l{i / 2}; "), "}"],
    };

    private static string Piece(FuzzRandom random) => random.Below(10) switch
    {
        < 4 => random.Of<string>(Words),
        < 7 => random.Of<string>(Numbers),
        < 9 => random.Of<string>(Groups),
        _ => random.OneIn(3) ? random.Of<string>(Broken) : random.Odd().ToString("x", System.Globalization.CultureInfo.InvariantCulture),
    };

    private static string Character(FuzzRandom random) => random.Below(4) switch
    {
        0 => random.Of<string>(Broken),
        1 => ((char)random.Below(0x10000)).ToString(),
        _ => ((char)random.Between(32, 126)).ToString(),
    };
}
