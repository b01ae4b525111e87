using System.Globalization;
using Iced.Intel;

namespace HvDbg.Client.Code;

/// <summary>How instructions of a blob are written. For one thread at a time.</summary>
internal sealed class BlobText
{
    private readonly StringOutput _output = new();
    private readonly IntelFormatter _formatter = new(new FormatterOptions
    {
        HexPrefix = "0x",
        HexSuffix = "",
        UppercaseHex = false,
        SpaceAfterOperandSeparator = true,
        SmallHexNumbersInDecimal = false,
        MemorySizeOptions = MemorySizeOptions.Always,
        BranchLeadingZeros = false,
        RipRelativeAddresses = true,
    });

    internal string Of(in Instruction instruction)
    {
        _formatter.Format(instruction, _output);
        return _output.ToStringAndReset();
    }

    internal static string Data(byte value) => "db 0x" + value.ToString("x2", CultureInfo.InvariantCulture);
}
