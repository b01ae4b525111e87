using System;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace HvKernel.Fuzzing;

/// <summary>What must always hold did not.</summary>
public sealed class FuzzFailureException(string message) : Exception(message)
{
    public static void Unless(bool holds, string message)
    {
        if (!holds)
            throw new FuzzFailureException(message);
    }

    /// <summary>As the other; the message is made only where it is needed.</summary>
    public static void Unless(bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] ref FuzzMessage message)
    {
        if (!holds)
            throw new FuzzFailureException(message.ToString());
    }
}

/// <summary>A message that is made where something failed.</summary>
[InterpolatedStringHandler]
public readonly struct FuzzMessage
{
    private readonly StringBuilder? _text;

    public FuzzMessage(int literalLength, int formattedCount, bool holds, out bool isNeeded)
    {
        isNeeded = !holds;
        _text = holds ? null : new StringBuilder(literalLength + 8 * formattedCount);
    }

    public void AppendLiteral(string text) => _text!.Append(text);

    public void AppendFormatted<T>(T value) => _text!.Append(CultureInfo.InvariantCulture, $"{value}");

    public void AppendFormatted<T>(T value, string format)
        where T : IFormattable => _text!.Append(value.ToString(format, CultureInfo.InvariantCulture));

    public override string ToString() => _text?.ToString() ?? "";
}
