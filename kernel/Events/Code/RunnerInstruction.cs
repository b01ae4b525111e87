using System.Runtime;
using System.Runtime.CompilerServices;

namespace HvKernel.Events.Code;

/// <summary>The ways into machine code of events. Bodies: boot/asm/runner.asm.</summary>
public static unsafe class RunnerInstruction
{
    /// <summary>Runs the code that the context names in VMX root; 1: it came to its end, 0: the exception handler ended it.</summary>
    [RuntimeImport("*", "HvkRunInRoot")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern uint RunInRoot(RunContext* context);

    /// <summary>Enters the contained context, whose VMCS is current, and answers when it has exited.</summary>
    [RuntimeImport("*", "HvkRunContained")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern Vmx.VmxStatus RunContained(RunContext* context, ulong launched);

    /// <summary>Address for HOST_RIP of the contained context, in the image that calls.</summary>
    [RuntimeImport("*", "HvkContainedExitAddress")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ContainedExitAddress();

    /// <summary>Saves the guest's vector state to the area that the context names, and brings it back.</summary>
    [RuntimeImport("*", "HvkSaveVectors")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void SaveVectors(RunContext* context);

    [RuntimeImport("*", "HvkRestoreVectors")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void RestoreVectors(RunContext* context);

    [RuntimeImport("*", "HvkXcr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong Xcr0();

    /// <summary>Where the window's code and the exception handlers are, in the image that calls.</summary>
    [RuntimeImport("*", "HvkRunnerCode")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Locate(RunnerImage* image, RunnerHandlers* handlers);
}
