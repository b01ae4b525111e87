using System;
using System.Runtime;
using HvKernel.Guests.Lab;

namespace HvKernel.Guests.Conformance;

/// <summary>What nobody asked for: one line that says what, and power off, so that a test need not wait for its time limit.</summary>
internal static class Fatal
{
    public static void Stop(ReadOnlySpan<byte> reason)
    {
        Com1.Text("conformance error: "u8);
        Com1.Line(reason);
        Power.Off();
    }

    /// <summary>Where checks that the compiler made end.</summary>
    [RuntimeExport("HvkRuntimeFailure")]
    public static void RuntimeFailure(uint failure)
    {
        Com1.Text("conformance error: run-time check"u8);
        Com1.DecimalField("failure"u8, failure);
        Com1.EndLine();
        Power.Off();
    }
}
