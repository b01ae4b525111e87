using HvKernel.Cpu;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Events.Code;
using HvKernel.Vmx;

namespace HvKernel.Events.Scripts;

/// <summary>
/// The way from a compiled script to its helpers: it calls the gate, two instructions in the window's text, whose interrupt comes to the handler of
/// exceptions and is answered in HvKernel's own address space.
/// </summary>
public static unsafe class ScriptGate
{
    /// <summary>The gates of the IDT have DPL 0, so that contained code cannot raise it.</summary>
    public const ulong Vector = RunnerWindow.ScriptVector;

    // INT n has two bytes, and is a trap: RIP stands behind it.
    private const ulong InterruptBytes = 2;

    /// <summary>Whether the interrupt came from the gate, called by a script.</summary>
    public static bool IsCall(VCpu* vcpu, HostFrame* frame) =>
        frame->Vector == Vector && frame->Rip == vcpu->Runner.Gate + InterruptBytes && vcpu->Machine->Scripts.Runs;

    /// <summary>Answers a call; false where the script has ended, and <paramref name="fault"/> says why.</summary>
    /// <param name="vcpu">This processor.</param>
    /// <param name="frame">The script's registers; the answer goes into rax.</param>
    /// <param name="fault">Filled but for the registers where the script ends.</param>
    public static bool Answer(VCpu* vcpu, HostFrame* frame, BlobFault* fault)
    {
        ScriptCall call = default;
        call.Argument0 = frame->Rcx;
        call.Argument1 = frame->Rdx;
        call.Argument2 = frame->R8;
        call.Argument3 = frame->R9;
        ScriptHelpers.Call(vcpu, (ScriptHelper)(uint)frame->Rax, ref call);
        if (!call.Failed)
        {
            frame->Rax = call.Answer;
            return true;
        }

        fault->Kind = BlobFaultKind.ScriptFailure;
        fault->Detail = (uint)call.Failure;
        fault->Address = call.Detail;
        return false;
    }

    /// <summary>The address behind the call of the gate; where the stack pointer is not in the script's stack, the gate's own.</summary>
    public static ulong Caller(VCpu* vcpu, HostFrame* frame)
    {
        const ulong StackBytes = RunnerWindow.StackPages * Page.Bytes;
        var below = RunnerWindow.StackTop - frame->Rsp;
        return below is >= sizeof(ulong) and <= StackBytes ? *(ulong*)(vcpu->Runner.StackTop - below) : frame->Rip;
    }
}
