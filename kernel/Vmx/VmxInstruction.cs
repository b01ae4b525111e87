using System.Runtime;
using System.Runtime.CompilerServices;

namespace HvKernel.Vmx;

/// <summary>How a VMX instruction ended (SDM vol. 3C, "VMX Instruction Reference": Conventions).</summary>
public enum VmxStatus : uint
{
    Succeed = 0,

    /// <summary>No current VMCS, so no error number.</summary>
    FailInvalid = 1,

    /// <summary>The error number is in <see cref="Vmcs.VmInstructionError"/>.</summary>
    FailValid = 2,
}

/// <summary>Operand of INVEPT and INVVPID.</summary>
public struct InvalidationDescriptor
{
    /// <summary>EPT pointer, or VPID.</summary>
    public ulong Context;
    public ulong LinearAddress;
}

/// <summary>The VMX instructions. Bodies: boot/asm/vmx.asm and boot/asm/vmexit.asm.</summary>
public static unsafe class VmxInstruction
{
    public const uint InvalidateSingleContext = 1;
    public const uint InvalidateAllContexts = 2;
    public const uint InvvpidSingleContextRetainingGlobals = 3;

    [RuntimeImport("*", "HvkVmread")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong Read(uint field);

    [RuntimeImport("*", "HvkVmwrite")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern VmxStatus Write(uint field, ulong value);

    [RuntimeImport("*", "HvkVmxon")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern VmxStatus Vmxon(ulong* regionAddress);

    [RuntimeImport("*", "HvkVmxoff")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Vmxoff();

    [RuntimeImport("*", "HvkVmclear")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern VmxStatus Vmclear(ulong* regionAddress);

    [RuntimeImport("*", "HvkVmptrld")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern VmxStatus Vmptrld(ulong* regionAddress);

    [RuntimeImport("*", "HvkInvept")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern VmxStatus Invept(uint type, InvalidationDescriptor* descriptor);

    [RuntimeImport("*", "HvkInvvpid")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern VmxStatus Invvpid(uint type, InvalidationDescriptor* descriptor);

    /// <summary>Enters the guest at the caller's own next instruction; answers Succeed there, or why it did not.</summary>
    [RuntimeImport("*", "HvkLaunch")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern VmxStatus Launch();

    /// <summary>Address for <see cref="Vmcs.HostRip"/>, in the image that calls.</summary>
    [RuntimeImport("*", "HvkVmExitEntryAddress")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern ulong ExitEntryAddress();
}
