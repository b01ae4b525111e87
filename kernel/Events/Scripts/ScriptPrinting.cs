using HvKernel.Cpu;
using HvKernel.Events.Code;
using HvKernel.Guest;
using HvKernel.Link;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events.Scripts;

/// <summary>
/// Messages of scripts: the number of the format and the raw arguments, strings copied as far as they can be read and the message has room. The console
/// formats them.
/// </summary>
public static unsafe class ScriptPrinting
{
    private const ulong KindMask = 3;
    private const ulong String = 1;
    private const ulong WideString = 2;

    public static void Print(VCpu* vcpu, ref ScriptCall call)
    {
        var count = call.Argument2;
        if (call.Argument0 > ushort.MaxValue || count > ScriptLimits.PrintArguments)
        {
            call.Fail(ScriptFailure.Argument, count);
            return;
        }

        var words = (ulong*)ScriptGuestMemory.Readable(vcpu, call.Argument1, count * sizeof(ulong));
        if (words == null && count != 0)
        {
            call.Fail(ScriptFailure.Address, call.Argument1);
            return;
        }

        var machine = vcpu->Machine;
        ref var subject = ref machine->Scripts.Subject;
        var record = (PrintRecord*)machine->Scratch;
        record->EventId = subject.EventId;
        record->Part = (ushort)subject.Part;
        record->Context = (byte)subject.Context;
        record->Processor = (byte)vcpu->Number;
        record->Tick = Processor.Tsc();
        record->Kinds = call.Argument3;
        record->Format = (ushort)call.Argument0;
        record->Arguments = (ushort)count;
        var carried = (ulong*)(record + 1);
        var strings = (byte*)(carried + count);
        var at = strings;
        var end = machine->Scratch + Frame.MaximumPayload;
        for (var i = 0; i < (int)count; i++)
        {
            carried[i] = words[i];
            var kind = (call.Argument3 >> (2 * i)) & KindMask;
            if (kind is String or WideString)
            {
                // Those that follow have room for their heads at least.
                var heads = ((int)count - i) * sizeof(PrintedString);
                at = Copy(vcpu, words[i], kind == WideString ? 2 : 1, at, (int)(end - at) - heads);
            }
        }

        record->StringBytes = (uint)(at - strings);
        Send(vcpu, (int)(at - (byte*)record));
    }

    /// <summary>Counts the prints of a frame that was not sent at their events.</summary>
    public static ulong CountLost(Machine* machine, byte* payload, int length)
    {
        ulong lost = 0;
        for (var at = 0; at + sizeof(PrintRecord) <= length; lost++)
        {
            var record = (PrintRecord*)(payload + at);
            machine->Events.CountLost(record->EventId);
            at += sizeof(PrintRecord) + (record->Arguments * sizeof(ulong)) + (int)record->StringBytes;
        }

        return lost;
    }

    // Up to its zero, the first byte that cannot be read, or the end of the room; answers what follows.
    private static byte* Copy(VCpu* vcpu, ulong address, int unit, byte* place, int room)
    {
        var head = (PrintedString*)place;
        var text = place + sizeof(PrintedString);
        var bytes = 0;
        head->End = PrintedStringEnd.Cut;
        while (bytes + unit <= room)
        {
            // As much as lies on this page, a unit at least: two bytes may lie across the boundary.
            var step = (int)(Page.Bytes - ((address + (ulong)bytes) & Page.Mask)) / unit * unit;
            step = step == 0 ? unit : step;
            step = step > room - bytes ? (room - bytes) / unit * unit : step;
            if (!TryRead(vcpu, address + (ulong)bytes, text + bytes, step, unit))
            {
                head->End = PrintedStringEnd.Unreadable;
                break;
            }

            var zero = Zero(text + bytes, step, unit);
            bytes += zero;
            if (zero < step)
            {
                head->End = PrintedStringEnd.Zero;
                break;
            }
        }

        head->Bytes = (ushort)bytes;
        return text + bytes;
    }

    private static bool TryRead(VCpu* vcpu, ulong address, byte* destination, int bytes, int unit)
    {
        if (!ScriptGuestMemory.IsWindow(address))
        {
            var memory = Machine.Memory(vcpu->Machine);
            return GuestMemory.Read(ref memory, KernelPaging.Current(vcpu), address, destination, (ulong)bytes, out _) == (ulong)bytes;
        }

        // What the script owns may end within the page: its string ends before.
        for (var i = 0; i < bytes; i += unit)
        {
            var own = ScriptGuestMemory.Readable(vcpu, address + (ulong)i, (ulong)unit);
            if (own == null)
            {
                return false;
            }

            var isZero = true;
            for (var j = 0; j < unit; j++)
            {
                destination[i + j] = own[j];
                isZero &= own[j] == 0;
            }

            if (isZero)
            {
                return true;
            }
        }

        return true;
    }

    private static int Zero(byte* text, int bytes, int unit)
    {
        for (var i = 0; i < bytes; i += unit)
        {
            if (text[i] == 0 && (unit == 1 || text[i + 1] == 0))
            {
                return i;
            }
        }

        return bytes;
    }

    private static void Send(VCpu* vcpu, int length)
    {
        var machine = vcpu->Machine;
        var sender = machine->Events.Find(machine->Scripts.Subject.EventId);
        if (sender != null && (sender->Flags & EventFlags.Collect) != 0)
        {
            BufferDelivery.Gather(machine, MessageType.Print, machine->Scratch, length);
            sender->Sent++;
            return;
        }

        var payload = machine->Link.Payload;
        for (var i = 0; i < length; i++)
        {
            payload[i] = machine->Scratch[i];
        }

        // What a script prints that is run once arrives before the answer to the request.
        if (sender == null)
        {
            machine->Link.SendUrgent(MessageType.Print, length);
        }
        else if (machine->Link.Send(MessageType.Print, length))
        {
            sender->Sent++;
        }
        else
        {
            sender->Dropped++;
        }
    }
}
