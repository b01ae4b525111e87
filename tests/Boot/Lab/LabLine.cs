using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>One line of the lab guest: words, and fields <c>name=value</c> (tests/Guests/Lab/README.md).</summary>
public sealed class LabLine
{
    private readonly Dictionary<string, string> _fields = [];

    public LabLine(string line)
    {
        Text = line;
        foreach (var word in line.Split(' ').Where(word => word.Contains('=')))
        {
            var equals = word.IndexOf('=');
            _fields[word[..equals]] = word[(equals + 1)..];
        }
    }

    public string Text { get; }

    public string Word(string name) =>
        _fields.TryGetValue(name, out var value) ? value : throw new FormatException($"no {name}= in the line: {Text}");

    public bool Has(string name) => _fields.ContainsKey(name);

    /// <summary>A decimal number, or one in hexadecimal with 0x before it.</summary>
    public ulong Number(string name)
    {
        var text = Word(name);
        return text.StartsWith("0x", StringComparison.Ordinal)
            ? ulong.Parse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            : ulong.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    public byte[] Bytes(string name) => Convert.FromHexString(Word(name));
}
