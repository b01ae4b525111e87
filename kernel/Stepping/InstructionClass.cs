namespace HvKernel.Stepping;

/// <summary>What a step must know of an instruction.</summary>
public enum InstructionKind : byte
{
    Other = 0,

    /// <summary>Pushes the address at which the caller goes on.</summary>
    Call = 1,

    /// <summary>Takes such an address.</summary>
    Return = 2,

    /// <summary>A string instruction with a REP prefix: the monitor trap flag ends each repetition.</summary>
    RepeatedString = 3,

    /// <summary>SYSCALL, INT n or INT3: goes on behind itself, in the code that executed it.</summary>
    SystemCall = 4,

    /// <summary>IRET: takes what an event delivery has pushed.</summary>
    InterruptReturn = 5,
}

/// <summary>
/// The few instructions at which steps differ, told by prefixes and opcode alone (SDM vol. 2A, "Instruction Format", vol. 2D, "Opcode Map"): whatever their operands
/// are, nothing else has to be decoded. Pure.
/// </summary>
public unsafe struct InstructionClass
{
    private const int LongestInstruction = 15;

    public InstructionKind Kind;

    /// <summary>Bytes of the instruction; only of <see cref="InstructionKind.RepeatedString"/> and <see cref="InstructionKind.SystemCall"/>, else 0.</summary>
    public byte Length;

    /// <summary>Looks at the bytes of an instruction, of which there may be too few or too many.</summary>
    /// <param name="code">The bytes.</param>
    /// <param name="available">How many they are.</param>
    /// <param name="bits">64, 32 or 16.</param>
    public static InstructionClass Of(byte* code, int available, int bits)
    {
        InstructionClass found = default;
        var repeats = false;
        var at = 0;
        var last = available < LongestInstruction ? available : LongestInstruction;
        while (at < last && IsLegacyPrefix(code[at]))
        {
            repeats |= code[at] is 0xF2 or 0xF3;
            at++;
        }

        if (bits == 64 && at < last && (code[at] & 0xF0) == 0x40)
        {
            at++;
        }

        if (at >= last)
        {
            return found;
        }

        var opcode = code[at];
        var second = at + 1 < last ? code[at + 1] : (byte)0;
        if (opcode == 0xE8 || (opcode == 0x9A && bits != 64) || (opcode == 0xFF && ((second >> 3) & 7) is 2 or 3))
        {
            found.Kind = InstructionKind.Call;
        }
        else if (opcode == 0xCF)
        {
            found.Kind = InstructionKind.InterruptReturn;
        }
        else if (opcode is 0xC2 or 0xC3 or 0xCA or 0xCB || (opcode == 0x0F && second is 0x07 or 0x35))
        {
            // RET near and far; SYSRET and SYSEXIT, with which the kernel goes back to whom has called it.
            found.Kind = InstructionKind.Return;
        }
        else if (opcode == 0xCC)
        {
            found.Kind = InstructionKind.SystemCall;
            found.Length = (byte)(at + 1);
        }
        else if (opcode == 0xCD || (opcode == 0x0F && second == 0x05))
        {
            found.Kind = InstructionKind.SystemCall;
            found.Length = (byte)(at + 2);
        }
        else if (repeats && IsString(opcode))
        {
            found.Kind = InstructionKind.RepeatedString;
            found.Length = (byte)(at + 1);
        }

        return found;
    }

    private static bool IsLegacyPrefix(byte value) =>
        value is 0xF0 or 0xF2 or 0xF3 or 0x2E or 0x36 or 0x3E or 0x26 or 0x64 or 0x65 or 0x66 or 0x67;

    // INS, OUTS, MOVS, CMPS, STOS, LODS, SCAS.
    private static bool IsString(byte opcode) => opcode is >= 0x6C and <= 0x6F or >= 0xA4 and <= 0xA7 or >= 0xAA and <= 0xAF;
}
