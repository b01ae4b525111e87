namespace HvKernel.Guests.Lab;

/// <summary>
/// The values that <c>vectors</c> holds in all x87, SSE and AVX registers, as an XSAVE image in the standard format (SDM vol. 1, "Managing
/// State Using the XSAVE Feature Set"). Nothing in it is what the processor starts with.
/// </summary>
internal static unsafe class VectorImage
{
    public const ulong X87AndSse = 3;
    public const ulong Avx = 4;

    // Rounding toward zero, 53 bits, all exceptions masked; the stack's top at 3, "inexact" seen; all eight registers in use.
    private const ushort ControlWord = 0x0E7F;
    private const ushort StatusWord = 0x1820;
    private const byte AllValid = 0xFF;
    private const ushort LastOpcode = 0x0123;

    // Flush to zero, rounding toward zero, all exceptions masked, "inexact" seen.
    private const uint Mxcsr = 0xFFA0;
    private const int MxcsrOffset = 24;
    private const int StackOffset = 32;
    private const int XmmOffset = 160;
    private const int HeaderOffset = 512;
    private const int UpperOffset = 576;

    /// <summary>Fills zeroed memory. With no components it is an FXSAVE image.</summary>
    public static void Fill(byte* image, ulong components)
    {
        *(ushort*)image = ControlWord;
        *(ushort*)(image + 2) = StatusWord;
        image[4] = AllValid;
        *(ushort*)(image + 6) = LastOpcode;
        *(ulong*)(image + 8) = UserSpace.Text + 0x123;
        *(ulong*)(image + 16) = UserSpace.Data + 0x456;
        *(uint*)(image + MxcsrOffset) = Mxcsr;
        for (var i = 0; i < 8; i++)
        {
            // Ordinary numbers: the highest bit of the significand is set.
            *(ulong*)(image + StackOffset + (16 * i)) = (1UL << 63) | Pattern(i);
            *(ushort*)(image + StackOffset + (16 * i) + 8) = (ushort)(0x4000 + i);
        }

        for (var i = 0; i < 2 * 16; i++)
        {
            ((ulong*)(image + XmmOffset))[i] = Pattern(0x100 + i);
        }

        if (components == 0)
        {
            return;
        }

        *(ulong*)(image + HeaderOffset) = components;
        for (var i = 0; (components & Avx) != 0 && i < 2 * 16; i++)
        {
            ((ulong*)(image + UpperOffset))[i] = Pattern(0x200 + i);
        }
    }

    // Different for each register, and in each byte of it.
    private static ulong Pattern(int number) => 0x9E37_79B9_7F4A_7C15UL * (ulong)(number + 1);
}
