namespace HvDbg.Client.Script.Code;

/// <summary>
/// The addresses that a script is compiled for: those of one target, which says them, or of a test's own. Everything is within 2 GiB of the
/// code only by chance; code uses full addresses.
/// </summary>
/// <param name="Gate">Called with the number of a <see cref="HvKernel.Protocol.ScriptHelper"/> in eax.</param>
/// <param name="Globals">The global words, eight bytes each, at the number that the target gave each name.</param>
/// <param name="GlobalCount">How many words there are.</param>
/// <param name="Data">Data of one run: locals that need an address, temporary copies. Grows upward; not cleared between runs.</param>
/// <param name="DataBytes">Length of it. The last <see cref="HvKernel.Protocol.ScriptLimits.TextBytes"/> are the helpers' for names and times: code may read them, and puts nothing there.</param>
/// <param name="WindowStart">First address that belongs to HvKernel where scripts run. Data and globals lie inside; all else in it is refused.</param>
/// <param name="WindowBytes">Length of it, a power of two; <paramref name="WindowStart"/> is a multiple of it.</param>
/// <param name="Buffers">Safe buffers, which scripts may read and write too.</param>
/// <param name="BufferBytes">Length of them all; 0: there are none.</param>
public sealed record ScriptLayout(
    ulong Gate, ulong Globals, int GlobalCount, ulong Data, int DataBytes, ulong WindowStart, ulong WindowBytes, ulong Buffers = 0, int BufferBytes = 0)
{
    /// <summary>Operations that one run may execute, as many as HyperDbg's.</summary>
    public const int Budget = 1_000_000;
}
