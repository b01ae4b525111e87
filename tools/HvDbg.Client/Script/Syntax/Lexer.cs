using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Syntax;

/// <summary>Cuts a script into words. Comments are left out; whatever cannot be read is reported and becomes <see cref="TokenKind.Bad"/>.</summary>
public sealed class Lexer
{
    // Longer marks first: the first that fits is taken.
    private static readonly string[] Marks =
    [
        "<<=", ">>=",
        "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "^=", "|=", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "->",
        "+", "-", "*", "/", "%", "&", "|", "^", "~", "!", "<", ">", "=", "(", ")", "{", "}", "[", "]", ",", ";", ".",
    ];

    private readonly ScriptSource _source;
    private readonly string _text;
    private readonly DiagnosticList _diagnostics;
    private readonly List<Token> _tokens = [];
    private bool _startsLine = true;
    private int _at;

    private Lexer(ScriptSource source, DiagnosticList diagnostics)
    {
        _source = source;
        _text = source.Text;
        _diagnostics = diagnostics;
    }

    /// <summary>All words; the last one is <see cref="TokenKind.End"/>.</summary>
    public static IReadOnlyList<Token> Tokens(ScriptSource source, DiagnosticList diagnostics)
    {
        var lexer = new Lexer(source, diagnostics);
        while (lexer.SkipBlanks())
        {
            lexer.ReadToken();
        }

        lexer.Add(TokenKind.End, source.Text.Length, "");
        return lexer._tokens;
    }

    private char Current => Peek(0);

    private char Peek(int distance) => _at + distance < _text.Length ? _text[_at + distance] : '\0';

    /// <summary>Goes over blanks and comments; false: nothing else follows.</summary>
    private bool SkipBlanks()
    {
        while (_at < _text.Length)
        {
            if (Current == '\n')
            {
                _startsLine = true;
                _at++;
            }
            else if (char.IsWhiteSpace(Current) || Current == '\uFEFF')
            {
                _at++;
            }
            else if (Current == '/' && Peek(1) == '/')
            {
                var end = _text.IndexOf('\n', _at);
                _at = end < 0 ? _text.Length : end;
            }
            else if (Current == '/' && Peek(1) == '*')
            {
                SkipComment();
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    private void SkipComment()
    {
        var end = _text.IndexOf("*/", _at + 2, StringComparison.Ordinal);
        if (end < 0)
        {
            _diagnostics.Add(new SourceSpan(_source, _at, 2), "a comment without its closing '*/'");
        }

        end = end < 0 ? _text.Length : end + 2;
        _startsLine |= _text.AsSpan(_at, end - _at).Contains('\n');
        _at = end;
    }

    private void ReadToken()
    {
        var start = _at;
        switch (Current)
        {
            case 'L' when Peek(1) == '"':
            case '"':
                ReadString();
                break;
            case 'L' when Peek(1) == '\'':
            case '\'':
                ReadCharacter();
                break;
            case var letter when IsNameStart(letter):
                ReadWord();
                break;
            case var digit when char.IsAsciiDigit(digit):
                ReadNumber();
                break;
            case '.' when char.IsAsciiDigit(Peek(1)):
                ReadFraction(start, "");
                break;
            case '@' or '$' when IsNameStart(Peek(1)):
                _at++;
                var kind = _text[start] == '@' ? TokenKind.Register : TokenKind.PseudoRegister;
                Add(kind, start, SkipWhile(IsNamePart));
                break;
            case '#':
                _at++;
                ReadDirective(start, SkipWhile(IsNamePart));
                break;
            default:
                ReadMark();
                break;
        }
    }

    private void ReadString()
    {
        var start = _at;
        var isWide = Current == 'L';
        _at = StringLiteral.Read(_source, isWide ? _at + 1 : _at, isWide, _diagnostics, out var bytes);
        _tokens.Add(Make(TokenKind.String, start, "") with { Bytes = bytes, HasAffix = isWide });
    }

    /// <summary><c>'a'</c> and <c>L'a'</c> are numbers: the character's code.</summary>
    private void ReadCharacter()
    {
        var start = _at;
        var isWide = Current == 'L';
        _at = StringLiteral.Read(_source, isWide ? _at + 1 : _at, isWide, _diagnostics, out var bytes);
        if (bytes.Length != (isWide ? 2 : 1))
        {
            Bad(start, "single quotes stand around one character", "a string stands in double quotes");
            return;
        }

        Add(TokenKind.Number, start, _text[start.._at]);
        _tokens[^1] = _tokens[^1] with { Number = isWide ? (ulong)(bytes[0] | (bytes[1] << 8)) : bytes[0] };
    }

    private void ReadWord()
    {
        var start = _at;
        var word = SkipWhile(IsWordPart);
        if (Current == '!' && IsNameStart(Peek(1)))
        {
            _at++;
            SkipWhile(character => IsNamePart(character) || character is '$' or '@' or '?' || (character == '.' && IsNamePart(Peek(1))));
            Add(TokenKind.Symbol, start, _text[start.._at]);
            return;
        }

        var number = NumberLiteral.Parse(word, out var problem);
        if (number is null && word.Contains('`', StringComparison.Ordinal))
        {
            Bad(start, problem, "a backtick stands between the digits of numbers only");
            return;
        }

        _tokens.Add(Make(TokenKind.Word, start, word) with { Number = number });
    }

    private void ReadNumber()
    {
        var start = _at;
        var digits = SkipWhile(IsWordPart) + ReadSeparatedDigits(start);
        if (Current == '.' && !IsNameStart(Peek(1)) && digits.All(char.IsAsciiDigit))
        {
            ReadFraction(start, digits);
        }
        else if (NumberLiteral.Parse(digits, out var problem) is { } value)
        {
            _tokens.Add(Make(TokenKind.Number, start, digits) with { Number = value });
        }
        else
        {
            Bad(start, problem, "numbers are hexadecimal unless 0n (decimal), 0t (octal) or 0y (binary) stands before them");
        }
    }

    /// <summary>The digits of <c>0n 10</c>: HyperDbg lets blanks stand behind the prefix.</summary>
    private string ReadSeparatedDigits(int start)
    {
        var blanks = _at;
        while (Peek(blanks - _at) == ' ')
        {
            blanks++;
        }

        if (_at != start + 2 || _text[start] != '0' || _text[start + 1] is not ('n' or 'x' or 't' or 'y') || blanks == _at || !char.IsAsciiHexDigit(Peek(blanks - _at)))
        {
            return "";
        }

        _at = blanks;
        return SkipWhile(IsWordPart);
    }

    /// <summary>Numbers with a fraction are decimal: <c>1.5</c>, <c>.5</c>, <c>11.</c>, <c>2.0e-3</c>, <c>0.5f</c>.</summary>
    private void ReadFraction(int start, string whole)
    {
        _at++;
        SkipWhile(char.IsAsciiDigit);
        if (Current is 'e' or 'E')
        {
            _at += Peek(1) is '+' or '-' ? 2 : 1;
            SkipWhile(char.IsAsciiDigit);
        }

        var number = _text[start.._at];
        var suffix = SkipWhile(IsWordPart);
        if (!whole.All(char.IsAsciiDigit) || suffix is not ("" or "f" or "F") || !double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            Bad(start, $"'{number}{suffix}' is no number", "numbers with a fraction are decimal: 1.5, 2.0e-3, 0.5f");
        }
        else if (!double.IsFinite(suffix.Length == 0 ? value : (float)value))
        {
            Bad(start, $"'{number}{suffix}' is too large for a {(suffix.Length == 0 ? "double" : "float")}");
        }
        else
        {
            _tokens.Add(Make(TokenKind.Float, start, number + suffix) with { Fraction = value, HasAffix = suffix.Length != 0 });
        }
    }

    private void ReadDirective(int start, string name)
    {
        if (name == "include")
        {
            Add(TokenKind.Mark, start, "#include");
        }
        else
        {
            Bad(start, $"unknown directive '#{name}'", "#include \"file\" is the only one");
        }
    }

    private void ReadMark()
    {
        var start = _at;
        var mark = Array.Find(Marks, mark => string.CompareOrdinal(_text, start, mark, 0, mark.Length) == 0);
        if (mark is not null)
        {
            _at += mark.Length;
            Add(TokenKind.Mark, start, mark);
            return;
        }

        _at += char.IsSurrogatePair(_text, _at) ? 2 : 1;
        var shown = char.IsControl(_text[start]) ? $"U+{((int)_text[start]).ToString("X4", CultureInfo.InvariantCulture)}" : $"'{_text[start.._at]}'";
        Bad(start, $"unexpected character {shown}", _text[start] switch
        {
            '?' or ':' => "there is no '? :', write if (…) {…} else {…}",
            '@' => "a register's name follows its @: @rax",
            '$' => "a pseudo-register's name follows its $: $pid",
            '\\' => "a backslash has a meaning in strings only",
            _ => "",
        });
    }

    private string SkipWhile(Func<char, bool> accepts)
    {
        var start = _at;
        while (_at < _text.Length && accepts(Current))
        {
            _at++;
        }

        return _text[start.._at];
    }

    private void Bad(int start, string message, string hint = "")
    {
        _diagnostics.Add(new SourceSpan(_source, start, _at - start), message, hint);
        Add(TokenKind.Bad, start, _text[start.._at]);
    }

    private void Add(TokenKind kind, int start, string text) => _tokens.Add(Make(kind, start, text));

    private Token Make(TokenKind kind, int start, string text)
    {
        var token = new Token(kind, new SourceSpan(_source, start, _at - start), text, _startsLine);
        _startsLine = false;
        return token;
    }

    private static bool IsNameStart(char character) => char.IsAsciiLetter(character) || character == '_';

    private static bool IsNamePart(char character) => char.IsAsciiLetterOrDigit(character) || character == '_';

    private static bool IsWordPart(char character) => IsNamePart(character) || character == '`';
}
