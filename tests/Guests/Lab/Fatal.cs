using System;
using System.Runtime;

namespace HvKernel.Guests.Lab;

/// <summary>What nobody asked for: one line that says what, and power off, so that a test need not wait for its time limit.</summary>
internal static unsafe class Fatal
{
    public static void Stop(ReadOnlySpan<byte> reason)
    {
        Com1.Text("LAB error: "u8);
        Com1.Line(reason);
        Power.Off();
    }

    public static void Trap(TrapFrame* frame, ulong cr2)
    {
        Com1.Text("LAB error: unexpected trap"u8);
        Com1.HexField("vector"u8, frame->Vector);
        Com1.HexField("error"u8, frame->ErrorCode);
        Com1.HexField("rip"u8, frame->Rip);
        Com1.HexField("cs"u8, frame->Cs);
        Com1.HexField("rsp"u8, frame->Rsp);
        Com1.HexField("rflags"u8, frame->Rflags);
        Com1.HexField("cr2"u8, cr2);
        Com1.HexField("rax"u8, frame->Rax);
        Com1.HexField("rdi"u8, frame->Rdi);
        Com1.EndLine();
        Power.Off();
    }

    /// <summary>Where checks that the compiler made end.</summary>
    [RuntimeExport("HvkRuntimeFailure")]
    public static void RuntimeFailure(uint failure)
    {
        Com1.Text("LAB error: run-time check"u8);
        Com1.DecimalField("failure"u8, failure);
        Com1.EndLine();
        Power.Off();
    }
}
