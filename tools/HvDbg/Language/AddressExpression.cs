using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Display;
using HvDbg.Session;
using HvKernel.Protocol;

namespace HvDbg.Language;

/// <summary>What a term of an address is.</summary>
public enum AddressTermKind
{
    Number,
    Register,
    Symbol,
}

/// <summary>One term of an address.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Register or symbol.</param>
/// <param name="Value">Number.</param>
/// <param name="Subtract">Whether it is taken away.</param>
public sealed record AddressTerm(AddressTermKind Kind, string Name, ulong Value, bool Subtract);

/// <summary>
/// An address as a person writes it: numbers, <c>@register</c> and symbols of the guest's kernel, joined by <c>+</c> and <c>-</c>. Parsed
/// completely before anything is asked of the target. Sums wrap around at 2^64. What is more than such a sum is an expression of the script language.
/// </summary>
public sealed class AddressExpression
{
    private AddressExpression(IReadOnlyList<AddressTerm> terms, string? script = null)
    {
        Terms = terms;
        Script = script;
    }

    public IReadOnlyList<AddressTerm> Terms { get; }

    /// <summary>The text where it is more than a sum: an expression of the script language, which the target works out; null: it is a sum.</summary>
    public string? Script { get; }

    /// <summary>Takes the tokens of one address: further ones as long as a sign joins them.</summary>
    public static AddressExpression Parse(string name, TokenReader reader)
    {
        var first = reader.Take();
        if (!first.IsWord)
        {
            throw new CommandSyntaxException($"{name}: expected {Expected}, found {first.Shown}", first.Start);
        }

        var end = first.End;
        while (reader.Peek is { IsWord: true } next
            && (EndsWithSign(reader.Text, end) || IsSign(next.Text[0]) || IsOpen(reader.Text.AsSpan(first.Start, end - first.Start))))
        {
            end = reader.Take().End;
        }

        if (IsScript(reader.Text.AsSpan(first.Start, end - first.Start)))
        {
            return new AddressExpression([], reader.Text[first.Start..end]);
        }

        return new AddressExpression(Parse(name, reader.Text, first.Start, end));
    }

    internal const string Expected = "an address: a hexadecimal number, @register or kernel symbol, joined by + and -";

    /// <summary>Works the address out, asking the target for registers and symbols where the expression has some.</summary>
    public async Task<ulong> EvaluateAsync(Debugger debugger, CancellationToken cancellationToken)
    {
        if (Script is not null)
        {
            var script = await debugger.CompileExpressionAsync(Script, null, cancellationToken).ConfigureAwait(false);
            return await ScriptRun.ValueAsync(debugger, script, cancellationToken).ConfigureAwait(false);
        }

        var sum = 0ul;
        RegistersReply? registers = null;
        foreach (var term in Terms)
        {
            var value = term.Value;
            switch (term.Kind)
            {
                case AddressTermKind.Register:
                    registers ??= await debugger.ReadRegistersAsync(null, cancellationToken).ConfigureAwait(false);
                    value = RegisterTable.Find(term.Name)!.Read(registers.Value);
                    break;
                case AddressTermKind.Symbol:
                    value = await AddressOfAsync(debugger, term.Name, cancellationToken).ConfigureAwait(false);
                    break;
            }

            sum = unchecked(term.Subtract ? sum - value : sum + value);
        }

        return sum;
    }

    private static async Task<ulong> AddressOfAsync(Debugger debugger, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await debugger.Symbols.AddressOfAsync(name, cancellationToken).ConfigureAwait(false);
        }
        catch (TargetException refusal) when (refusal.Status == ReplyStatus.NoSuchSymbol)
        {
            throw new DebuggerException($"{name}: the guest's kernel has no such symbol");
        }
    }

    // Parentheses that are not closed yet: blanks within them end nothing.
    private static bool IsOpen(ReadOnlySpan<char> text) => text.Count('(') > text.Count(')');

    // Signs that sums and symbols do not have; a pseudo-register or a global in front.
    private static bool IsScript(ReadOnlySpan<char> text) => text.ContainsAny("()*/&|^~%<>") || text[0] is '$' or '.';

    private static bool EndsWithSign(string text, int end) => IsSign(text[end - 1]);

    private static bool IsSign(char character) => character is '+' or '-' or '*' or '/' or '%' or '&' or '|' or '^' or '<' or '>';

    private static List<AddressTerm> Parse(string name, string text, int start, int end)
    {
        var terms = new List<AddressTerm>();
        var subtract = false;
        var at = start;
        while (true)
        {
            SkipBlanks(text, end, ref at);
            var from = at;
            while (at < end && text[at] is not ('+' or '-') && !char.IsWhiteSpace(text[at]))
            {
                at++;
            }

            terms.Add(Term(name, text[from..at], from, subtract));
            SkipBlanks(text, end, ref at);
            if (at >= end)
            {
                return terms;
            }

            subtract = text[at++] == '-';
        }
    }

    private static void SkipBlanks(string text, int end, ref int at)
    {
        while (at < end && char.IsWhiteSpace(text[at]))
        {
            at++;
        }
    }

    private static AddressTerm Term(string name, string word, int position, bool subtract)
    {
        if (word.StartsWith('@'))
        {
            return RegisterTable.Find(word[1..]) is null
                ? throw new CommandSyntaxException($"{name}: there is no register \"{word}\"", position)
                : new AddressTerm(AddressTermKind.Register, word[1..], 0, subtract);
        }

        switch (Number.Parse(word, 64, out var value))
        {
            case Number.Fault.None:
                return new AddressTerm(AddressTermKind.Number, "", value, subtract);
            case Number.Fault.TooLarge:
                throw new CommandSyntaxException($"{name}: {word} has more than 64 bits", position);
        }

        if (RegisterTable.Find(word) is not null)
        {
            throw new CommandSyntaxException($"{name}: expected {Expected}, found the register's name alone: write @{word}", position);
        }

        return IsSymbol(word)
            ? new AddressTerm(AddressTermKind.Symbol, word, 0, subtract)
            : throw new CommandSyntaxException($"{name}: expected {Expected}, found \"{word}\"", position);
    }

    private static bool IsSymbol(string word)
    {
        if (word.Length is 0 or > 255 || !(char.IsAsciiLetter(word[0]) || word[0] is '_' or '.' or '$'))
        {
            return false;
        }

        foreach (var character in word)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('_' or '.' or '$' or ':'))
            {
                return false;
            }
        }

        return true;
    }
}
