using System.Globalization;
using System.Text.Json.Nodes;

namespace HvDbg.Display;

/// <summary>How numbers are written.</summary>
public static class Format
{
    /// <summary>Sixteen digits with a backtick in the middle, as HyperDbg writes addresses.</summary>
    public static string Address(ulong value) =>
        string.Create(CultureInfo.InvariantCulture, $"{value >> 32:x8}`{(uint)value:x8}");

    /// <summary>Sixteen digits.</summary>
    public static string Quad(ulong value) => value.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>As few digits as needed.</summary>
    public static string Hex(ulong value) => value.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>Decimal with a blank between thousands.</summary>
    public static string Count(ulong value) => value.ToString("#,0", Spaced);

    /// <summary>A length of time out of ticks.</summary>
    public static string Time(ulong ticks, ulong frequency)
    {
        if (frequency == 0)
        {
            return $"{Count(ticks)} ticks";
        }

        var seconds = (double)ticks / frequency;
        return seconds switch
        {
            >= 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.000} s"),
            >= 0.001 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.000} ms"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0.000} us"),
        };
    }

    /// <summary>A 64-bit value for JSON: a string, because readers of JSON numbers keep 53 bits.</summary>
    public static JsonNode Json(ulong value) => JsonValue.Create($"0x{Hex(value)}");

    private static NumberFormatInfo Spaced { get; } = new() { NumberGroupSeparator = " " };
}
