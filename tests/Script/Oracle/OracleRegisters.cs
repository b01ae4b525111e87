using System;
using System.Globalization;
using System.Linq;
using System.Numerics;

namespace HvDbg.Script.Tests.Oracle;

/// <summary>The guest's registers: writing a part leaves the rest alone.</summary>
internal sealed class OracleRegisters(ulong[] general, ulong flags)
{
    private static readonly string[] Names = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];

    internal ulong[] General { get; } = [.. general];

    internal ulong Flags { get; private set; } = flags;

    internal BigInteger this[string name]
    {
        get
        {
            var (number, shift, bits) = Find(name);
            return (Whole(number) >> shift) & Mask(bits);
        }

        set
        {
            var (number, shift, bits) = Find(name);
            var kept = Whole(number) & ~(Mask(bits) << shift);
            var whole = kept | (((ulong)(value & ulong.MaxValue) & Mask(bits)) << shift);
            if (number < 0)
            {
                Flags = whole;
            }
            else
            {
                General[number] = whole;
            }
        }
    }

    private ulong Whole(int number) => number < 0 ? Flags : General[number];

    private static ulong Mask(int bits) => ulong.MaxValue >> (64 - bits);

    // -1: the flags.
    private static (int Number, int Shift, int Bits) Find(string name)
    {
        switch (name)
        {
            case "rflags":
                return (-1, 0, 64);
            case "cf":
                return (-1, 0, 1);
            case "zf":
                return (-1, 6, 1);
            case "iopl":
                return (-1, 12, 2);
            case [.. var letter, 'l' or 'h'] when letter.Length == 1 && Array.IndexOf(Names, letter + "x") is >= 0 and var number:
                return (number, name[^1] == 'h' ? 8 : 0, 8);
            case ['r', >= '0' and <= '9', ..]:
                var digits = new string([.. name[1..].TakeWhile(char.IsAsciiDigit)]);
                return (int.Parse(digits, CultureInfo.InvariantCulture), 0, name[^1] switch { 'd' => 32, 'w' => 16, 'b' => 8, _ => 64 });
            case ['r' or 'e', .. var rest]:
                return (Array.IndexOf(Names, rest), 0, name[0] == 'r' ? 64 : 32);
            default:
                return (Array.IndexOf(Names, name), 0, 16);
        }
    }
}
