using System;
using HvKernel.Boot.Uefi;

namespace HvKernel.Guests.Acpi;

/// <summary>Lines on the firmware's console.</summary>
internal readonly unsafe struct FirmwareText
{
    private readonly TextOutput* _console;

    public FirmwareText(TextOutput* console) => _console = console;

    public void Line(ReadOnlySpan<byte> text)
    {
        Text(text);
        EndLine();
    }

    /// <summary>A number between two texts.</summary>
    public void Decimal(ReadOnlySpan<byte> before, int value, ReadOnlySpan<byte> after)
    {
        Text(before);
        var divisor = 1;
        while (value / divisor >= 10)
        {
            divisor *= 10;
        }

        for (; divisor != 0; divisor /= 10)
        {
            Character((char)('0' + (value / divisor % 10)));
        }

        Line(after);
    }

    /// <summary>Names the word that is none.</summary>
    public void Refuse(in Options options)
    {
        Text("acpi: error: \""u8);
        for (var i = 0; i < options.BadLength; i++)
        {
            Character(options.Bad[i]);
        }

        Line("\": expected processors=NUMBER or next=\\PATH, behind which the next program's own options stand"u8);
    }

    private void Text(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            Character((char)text[i]);
        }
    }

    private void EndLine()
    {
        Character('\r');
        Character('\n');
    }

    private void Character(char character)
    {
        // The character and the zero behind it.
        uint text = character;
        if (_console != null)
        {
            FirmwareCall.Invoke(_console->OutputString, (ulong)_console, (ulong)&text);
        }
    }
}
