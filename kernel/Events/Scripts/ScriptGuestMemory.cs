using HvKernel.Events.Code;
using HvKernel.Guest;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events.Scripts;

/// <summary>
/// Memory by helpers: the guest's, by its kernel's translation or by physical addresses, and the script's own globals and data. HvKernel's memory and the
/// rest of the window are refused; every access is checked over its whole length before the first byte.
/// </summary>
public static unsafe class ScriptGuestMemory
{
    private const ulong MostCopied = 64 * 1024;

    public static void Check(VCpu* vcpu, ref ScriptCall call) =>
        call.Answer = Own(vcpu, call.Argument0, 1) != null || Guest(vcpu, call.Argument0, out _) ? 1UL : 0UL;

    public static void ToPhysical(VCpu* vcpu, ref ScriptCall call) => call.Answer = Guest(vcpu, call.Argument0, out var physical) ? physical : 0;

    public static void ToVirtual(VCpu* vcpu, ref ScriptCall call)
    {
        var memory = Machine.Memory(vcpu->Machine);
        call.Answer = vcpu->Machine->GuestOs.Kind == GuestOsKind.Linux && memory.Map(call.Argument0, 1) != null
            ? vcpu->Machine->GuestOs.Linux.DirectMap + call.Argument0
            : 0;
    }

    public static void Write(VCpu* vcpu, ref ScriptCall call)
    {
        var bytes = call.Argument1;
        var value = call.Argument2;
        if (!IsAccess(bytes))
        {
            call.Fail(ScriptFailure.Argument, bytes);
            return;
        }

        var own = Own(vcpu, call.Argument0, bytes);
        if (own != null)
        {
            Store(own, value, bytes);
            call.Answer = 1;
            return;
        }

        if (!Guest(vcpu, call.Argument0, out _) || !Guest(vcpu, call.Argument0 + bytes - 1, out _))
        {
            return;
        }

        var memory = Machine.Memory(vcpu->Machine);
        call.Answer = GuestMemory.Write(ref memory, KernelPaging.Current(vcpu), call.Argument0, (byte*)&value, bytes, out _) == bytes ? 1UL : 0UL;
    }

    public static void ReadPhysical(VCpu* vcpu, ref ScriptCall call)
    {
        var bytes = call.Argument1;
        if (!IsAccess(bytes))
        {
            call.Fail(ScriptFailure.Argument, bytes);
            return;
        }

        var memory = Machine.Memory(vcpu->Machine);
        var place = memory.Map(call.Argument0, bytes);
        if (place == null)
        {
            call.Fail(ScriptFailure.Address, call.Argument0);
            return;
        }

        call.Answer = bytes switch { 1 => *place, 2 => *(ushort*)place, 4 => *(uint*)place, _ => *(ulong*)place };
    }

    public static void WritePhysical(VCpu* vcpu, ref ScriptCall call)
    {
        var bytes = call.Argument1;
        if (!IsAccess(bytes))
        {
            call.Fail(ScriptFailure.Argument, bytes);
            return;
        }

        var memory = Machine.Memory(vcpu->Machine);
        var place = memory.Map(call.Argument0, bytes);
        if (place != null)
        {
            Store(place, call.Argument2, bytes);
            call.Answer = 1;
        }
    }

    public static void CopyPhysical(VCpu* vcpu, ref ScriptCall call)
    {
        var bytes = call.Argument2;
        if (bytes > MostCopied)
        {
            call.Fail(ScriptFailure.Argument, bytes);
            return;
        }

        var memory = Machine.Memory(vcpu->Machine);
        var destination = memory.Map(call.Argument0, bytes);
        var source = memory.Map(call.Argument1, bytes);
        if (destination == null || source == null)
        {
            call.Fail(ScriptFailure.Address, destination == null ? call.Argument0 : call.Argument1);
            return;
        }

        for (ulong i = 0; i < bytes; i++)
        {
            destination[i] = source[i];
        }
    }

    /// <summary>
    /// Where HvKernel reads what the script that runs sees of its own at an address: globals, data, stack, and the literals in its code; null elsewhere.
    /// </summary>
    public static byte* Readable(VCpu* vcpu, ulong address, ulong bytes)
    {
        var own = Own(vcpu, address, bytes);
        if (own != null)
        {
            return own;
        }

        const ulong StackBytes = RunnerWindow.StackPages * Page.Bytes;
        var below = RunnerWindow.StackTop - address;
        if (below <= StackBytes && bytes <= below)
        {
            return vcpu->Runner.StackTop - below;
        }

        var blob = vcpu->Machine->Scripts.Blob;
        return address - blob->Address < blob->Bytes && bytes <= blob->Bytes - (address - blob->Address) ? vcpu->Machine->Code.Own(address) : null;
    }

    /// <summary>Whether the address lies in the slot that holds the window, which is no place of the guest's while scripts run.</summary>
    public static bool IsWindow(ulong address) => ((address >> 39) & 511) == RunnerWindow.Slot;

    // Safe buffers belong to all scripts, as in the accesses that their code makes itself (ScriptLayoutReply.Buffers).
    private static byte* Own(VCpu* vcpu, ulong address, ulong bytes)
    {
        var own = vcpu->Machine->Scripts.Memory.Own(address, bytes);
        var offset = address - RunnerWindow.Buffers;
        return own != null || bytes > RunnerWindow.BufferBytes || offset > RunnerWindow.BufferBytes - bytes ? own : vcpu->Machine->Code.Own(address);
    }

    private static bool Guest(VCpu* vcpu, ulong address, out ulong physical)
    {
        var memory = Machine.Memory(vcpu->Machine);
        physical = 0;
        if (IsWindow(address)
            || GuestPageWalk.Translate(ref memory, KernelPaging.Current(vcpu), address, out var walk) != GuestWalkResult.Mapped
            || memory.Map(walk.Physical, 1) == null)
        {
            return false;
        }

        physical = walk.Physical;
        return true;
    }

    private static bool IsAccess(ulong bytes) => bytes is 1 or 2 or 4 or 8;

    private static void Store(byte* place, ulong value, ulong bytes)
    {
        switch (bytes)
        {
            case 1:
                *place = (byte)value;
                break;
            case 2:
                *(ushort*)place = (ushort)value;
                break;
            case 4:
                *(uint*)place = (uint)value;
                break;
            default:
                *(ulong*)place = value;
                break;
        }
    }
}
