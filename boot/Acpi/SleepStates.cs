using System;

namespace HvKernel.Boot.Acpi;

/// <summary>
/// Takes suspend to RAM out of an ACPI definition block. A machine that wakes up from S3 is in no VMX operation any more and goes on in the OS directly: the
/// debugger would be gone without a word, so the OS is not offered the state, and sleeps in S0 or not at all. Pure.
/// </summary>
public static class SleepStates
{
    private const int HeaderBytes = 36;
    private const int LengthAt = 4;
    private const int ChecksumAt = 9;
    private const byte NameOp = 0x08;
    private const byte PackageOp = 0x12;

    /// <summary>What the object is called afterwards: a name that no OS asks for.</summary>
    public static ReadOnlySpan<byte> HiddenName => "XS3_"u8;

    private static ReadOnlySpan<byte> SuspendName => "_S3_"u8;

    /// <summary>
    /// Renames each <c>Name (_S3_, Package …)</c> of a DSDT or SSDT and corrects the table's checksum. Answers how many there were; a table
    /// whose length makes no sense is left alone.
    /// </summary>
    /// <param name="table">The table with its header (ACPI specification, "System Description Table Header").</param>
    public static int HideSuspend(Span<byte> table)
    {
        var length = table.Length < HeaderBytes ? 0 : Length(table);
        if (length < HeaderBytes || length > table.Length)
        {
            return 0;
        }

        var found = 0;
        for (var at = HeaderBytes; at + 6 <= length; at++)
        {
            if (table[at] != NameOp || table[at + 5] != PackageOp || !Matches(table, at + 1))
            {
                continue;
            }

            for (var letter = 0; letter < 4; letter++)
            {
                table[at + 1 + letter] = HiddenName[letter];
            }

            found++;
        }

        if (found != 0)
        {
            Correct(table, length);
        }

        return found;
    }

    private static int Length(Span<byte> table) =>
        table[LengthAt] | (table[LengthAt + 1] << 8) | (table[LengthAt + 2] << 16) | ((table[LengthAt + 3] & 0x7F) << 24);

    private static bool Matches(Span<byte> table, int at)
    {
        for (var letter = 0; letter < 4; letter++)
        {
            if (table[at + letter] != SuspendName[letter])
            {
                return false;
            }
        }

        return true;
    }

    // All bytes of a table add up to 0.
    private static void Correct(Span<byte> table, int length)
    {
        table[ChecksumAt] = 0;
        var sum = 0;
        for (var at = 0; at < length; at++)
        {
            sum += table[at];
        }

        table[ChecksumAt] = (byte)(0 - sum);
    }
}
