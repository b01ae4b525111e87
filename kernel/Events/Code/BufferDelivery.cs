using HvKernel.Cpu;
using HvKernel.Events.Scripts;
using HvKernel.Guest;
using HvKernel.Link;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events.Code;

/// <summary>
/// Sends what machine code returned a pointer to: always as many bytes as the action's safe buffer has, wherever they are. A pointer that cannot be read over the
/// whole length is ignored, as the manual says, and counted.
/// </summary>
public static unsafe class BufferDelivery
{
    /// <summary>Bytes of a delivery that fit one frame.</summary>
    public static int BytesPerFrame => Frame.MaximumPayload - HeadBytes;

    private static int HeadBytes => sizeof(BufferPart);

    /// <summary>Delivers the bytes at <paramref name="pointer"/>, all of them or none.</summary>
    public static void Send(VCpu* vcpu, ModeEvent* sender, int number, byte context, ulong pointer)
    {
        var action = sender->Action(number);
        var machine = vcpu->Machine;
        if (!TryCopy(vcpu, action->Buffer, pointer, machine->Scratch, action->BufferBytes))
        {
            action->InvalidPointers++;
            return;
        }

        BufferPart head;
        head.EventId = sender->Id;
        head.Action = (ushort)number;
        head.Context = context;
        head.Processor = (byte)vcpu->Number;
        head.Tick = Processor.Tsc();
        head.Address = pointer;
        head.TotalBytes = action->BufferBytes;
        head.Offset = 0;
        head.Bytes = 0;
        head.Reserved = 0;
        var sent = (sender->Flags & EventFlags.Collect) != 0 && action->BufferBytes <= (uint)BytesPerFrame
            ? Gather(machine, head)
            : SendNow(machine, head);
        if (sent)
        {
            sender->Sent++;
        }
        else
        {
            sender->Dropped++;
        }
    }

    /// <summary>
    /// Copies memory as machine code saw it to <paramref name="destination"/>: its own safe buffer, registers and stack, or the guest's memory. False where some
    /// byte of it cannot be read.
    /// </summary>
    public static bool TryCopy(VCpu* vcpu, ulong ownBuffer, ulong pointer, byte* destination, uint bytes)
    {
        if (((pointer >> 39) & 511) != RunnerWindow.Slot)
        {
            var memory = Machine.Memory(vcpu->Machine);
            return GuestMemory.Read(ref memory, KernelPaging.Current(vcpu), pointer, destination, bytes, out _) == bytes;
        }

        var source = Own(vcpu, ownBuffer, pointer, bytes);
        for (uint i = 0; i < bytes && source != null; i++)
        {
            destination[i] = source[i];
        }

        return source != null;
    }

    /// <summary>Queues what was collected.</summary>
    public static void Flush(Machine* machine)
    {
        var length = machine->GatheredBytes;
        if (length == 0)
        {
            return;
        }

        machine->GatheredBytes = 0;
        var payload = machine->Link.Payload;
        for (var i = 0; i < length; i++)
        {
            payload[i] = machine->Gathered[i];
        }

        if (machine->Link.Send(machine->GatheredType, length))
        {
            return;
        }

        if (machine->GatheredType == MessageType.Print)
        {
            ScriptPrinting.CountLost(machine, machine->Gathered, length);
        }
        else
        {
            CountLost(machine, machine->Gathered, length);
        }
    }

    /// <summary>Collects one message until a frame is full, the time has come, or one of another type follows.</summary>
    public static void Gather(Machine* machine, MessageType type, byte* message, int length)
    {
        if (machine->GatheredBytes + length > Frame.MaximumPayload || machine->GatheredType != type)
        {
            Flush(machine);
        }

        LinkService.StartCollecting(machine);
        machine->GatheredType = type;
        for (var i = 0; i < length; i++)
        {
            machine->Gathered[machine->GatheredBytes + i] = message[i];
        }

        machine->GatheredBytes += length;
    }

    /// <summary>Counts the deliveries of a frame that was not sent at their events.</summary>
    public static ulong CountLost(Machine* machine, byte* payload, int length)
    {
        ulong lost = 0;
        for (var at = 0; at + HeadBytes <= length;)
        {
            var head = (BufferPart*)(payload + at);
            if (head->Offset == 0)
            {
                lost++;
                machine->Events.CountLost(head->EventId);
            }

            at += HeadBytes + (int)head->Bytes;
        }

        return lost;
    }

    // The action's own places only: another event's buffer is none of its business.
    private static byte* Own(VCpu* vcpu, ulong ownBuffer, ulong pointer, uint bytes)
    {
        ref var runner = ref vcpu->Runner;
        const ulong StackBytes = RunnerWindow.StackPages * Page.Bytes;
        if (ownBuffer != 0 && pointer == ownBuffer)
        {
            return vcpu->Machine->Code.Own(pointer);
        }

        if (pointer >= RunnerWindow.Registers && pointer + bytes <= RunnerWindow.Registers + Page.Bytes)
        {
            return (byte*)runner.Registers + (pointer - RunnerWindow.Registers);
        }

        if (pointer >= RunnerWindow.StackTop - StackBytes && pointer + bytes <= RunnerWindow.StackTop)
        {
            return runner.StackTop - (RunnerWindow.StackTop - pointer);
        }

        return null;
    }

    private static bool SendNow(Machine* machine, BufferPart head)
    {
        var frames = ((int)head.TotalBytes + BytesPerFrame - 1) / BytesPerFrame;
        if (!machine->Link.HasRoom((int)head.TotalBytes + (frames * HeadBytes), frames))
        {
            machine->Link.Drop();
            return false;
        }

        while (head.Offset < head.TotalBytes)
        {
            var left = head.TotalBytes - head.Offset;
            head.Bytes = left > (uint)BytesPerFrame ? (uint)BytesPerFrame : left;
            Write(machine->Link.Payload, head, machine->Scratch);
            machine->Link.Send(MessageType.BufferPart, HeadBytes + (int)head.Bytes);
            head.Offset += head.Bytes;
        }

        return true;
    }

    private static bool Gather(Machine* machine, BufferPart head)
    {
        head.Bytes = head.TotalBytes;
        var length = HeadBytes + (int)head.Bytes;
        if (machine->GatheredBytes + length > Frame.MaximumPayload || machine->GatheredType != MessageType.BufferPart)
        {
            Flush(machine);
        }

        LinkService.StartCollecting(machine);
        machine->GatheredType = MessageType.BufferPart;
        Write(machine->Gathered + machine->GatheredBytes, head, machine->Scratch);
        machine->GatheredBytes += length;
        return true;
    }

    private static void Write(byte* place, BufferPart head, byte* bytes)
    {
        *(BufferPart*)place = head;
        for (uint i = 0; i < head.Bytes; i++)
        {
            place[HeadBytes + i] = bytes[head.Offset + i];
        }
    }
}
