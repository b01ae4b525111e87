using System;

// The image's own is a processor instruction; this one stands in for it, so that the link compiles here.
namespace HvKernel.Cpu;

/// <summary>A time-stamp counter that a test moves on.</summary>
public static class Processor
{
    [ThreadStatic]
    private static ulong _ticks;

    public static ulong Tsc() => _ticks;

    public static void Advance(ulong ticks) => _ticks += ticks;
}
