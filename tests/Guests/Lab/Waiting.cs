using System;

namespace HvKernel.Guests.Lab;

/// <summary>Waiting for what another processor does; one that waits too long says for what, and ends the machine.</summary>
internal static unsafe class Waiting
{
    /// <summary>Until a word has a value.</summary>
    public static void Until(Kernel* kernel, ulong* word, ulong value, ReadOnlySpan<byte> what, int processor)
    {
        var start = Machine.Tsc();
        while (*word != value)
        {
            Check(kernel, start, what, processor);
        }
    }

    /// <summary>Until a word that only grows has come to a value.</summary>
    public static void AtLeast(Kernel* kernel, ulong* word, ulong value, ReadOnlySpan<byte> what, int processor)
    {
        var start = Machine.Tsc();
        while (*word < value)
        {
            Check(kernel, start, what, processor);
        }
    }

    /// <summary>One turn of a wait that began at <paramref name="start"/>, a value of the time-stamp counter.</summary>
    public static void Check(Kernel* kernel, ulong start, ReadOnlySpan<byte> what, int processor)
    {
        if (Machine.Tsc() - start > kernel->Options.Limit * kernel->TicksPerSecond)
        {
            Com1.Text("LAB error: waited in vain for: "u8);
            Com1.Text(what);
            Com1.DecimalField("processor"u8, (ulong)processor);
            Com1.EndLine();
            Power.Off();
        }

        Machine.Pause();
    }

    public static void Microseconds(Kernel* kernel, ulong microseconds)
    {
        var start = Machine.Tsc();
        while (Machine.Tsc() - start < kernel->TicksPerSecond * microseconds / 1_000_000)
        {
            Machine.Pause();
        }
    }

    /// <summary>Takes the kernel's lock.</summary>
    public static void Lock(Kernel* kernel)
    {
        var start = Machine.Tsc();
        while (Machine.Exchange(&kernel->Lock, 1) != 0)
        {
            Check(kernel, start, "the kernel's lock"u8, (int)Machine.Current()->Number);
        }
    }

    public static void Unlock(Kernel* kernel) => Machine.Exchange(&kernel->Lock, 0);
}
