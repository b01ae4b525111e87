using HvKernel.Cpu;

namespace HvKernel.Link;

/// <summary>
/// A 16550-compatible UART, polled. Only this class touches its ports. A machine without one costs nothing: <see cref="Initialize"/> finds
/// out by a loop-back of two bytes, and everything else then does nothing.
/// </summary>
public struct Uart
{
    private const int InterruptEnable = 1;
    private const int FifoControl = 2;
    private const int LineControl = 3;
    private const int ModemControl = 4;
    private const int LineStatus = 5;

    // FIFOs on, both cleared, trigger level 14: at level 1 Bochs hands over one byte a poll (it models the interrupt, not the FIFO alone).
    private const byte FifoEnableClear14 = 0xC7;
    private const byte LoopBack = 0x1E;
    private const byte DataReady = 1;
    private const byte TransmitterEmpty = 1 << 5;
    private const byte ShiftRegisterEmpty = 1 << 6;
    private const int ClockRate = 115_200;

    // What a full FIFO takes to drain at the lowest rate that is accepted (300 baud), in polls of a port (about 1 µs each on a PC).
    private const int MaximumTransmitPolls = 1_000_000;

    // What a full FIFO takes at any rate but the lowest ones.
    private const int MaximumDrainPolls = 100_000;

    /// <summary>First of its eight ports.</summary>
    public ushort BasePort;

    /// <summary>Whether the loop-back worked, and it took what it was given since.</summary>
    public bool Present;

    /// <summary>Bytes that may be written when the transmitter is empty.</summary>
    public int FifoBytes;

    /// <summary>Sets 8N1 at <paramref name="baud"/> (a divisor of 115,200), FIFOs on, interrupts off.</summary>
    public void Initialize(ushort basePort, uint baud)
    {
        BasePort = basePort;
        var divisor = (uint)ClockRate / baud;
        Out(LineControl, 0x80);
        Out(0, (byte)divisor);
        Out(InterruptEnable, (byte)(divisor >> 8));
        Out(LineControl, 0x03);

        // Only now, because with the divisor latch open, as it may have been left, this register is the divisor's.
        Out(InterruptEnable, 0);

        // What is still on its way out would come back as the test's first bytes.
        for (var polls = 0; polls < MaximumDrainPolls && (Port.In8((ushort)(basePort + LineStatus)) & ShiftRegisterEmpty) == 0; polls++)
        {
        }

        // From here on nothing comes from the line, so that what a waiting console sends is not taken for the test's bytes. Without a FIFO
        // one that came before is still held.
        Out(ModemControl, LoopBack);
        Out(FifoControl, FifoEnableClear14);
        Port.In8(basePort);
        FifoBytes = (Port.In8((ushort)(basePort + FifoControl)) & 0xC0) == 0xC0 ? 16 : 1;
        Present = LoopsBack(0x5A) && LoopsBack(0xA5);
        Out(ModemControl, 0x03);
    }

    /// <summary>One received byte, if there is one.</summary>
    public readonly bool TryReceive(out byte value)
    {
        if (!Present || (Port.In8((ushort)(BasePort + LineStatus)) & DataReady) == 0)
        {
            value = 0;
            return false;
        }

        value = Port.In8(BasePort);
        return true;
    }

    /// <summary>Whether <see cref="FifoBytes"/> bytes may be written.</summary>
    public readonly bool CanTransmit => Present && (Port.In8((ushort)(BasePort + LineStatus)) & TransmitterEmpty) != 0;

    /// <summary>Writes a byte that there is room for.</summary>
    public readonly void Transmit(byte value) => Port.Out8(BasePort, value);

    /// <summary>
    /// Writes bytes and waits for room, for a bounded time: for boot text and panics, where nothing else runs. A UART that takes nothing for that long is given
    /// up for good.
    /// </summary>
    public unsafe void TransmitWaiting(byte* bytes, int count)
    {
        var room = 0;
        for (var i = 0; i < count; i++)
        {
            for (var polls = 0; room == 0; polls++)
            {
                if (CanTransmit)
                {
                    room = FifoBytes;
                }
                else if (polls == MaximumTransmitPolls || !Present)
                {
                    Present = false;
                    return;
                }
            }

            Transmit(bytes[i]);
            room--;
        }
    }

    private readonly bool LoopsBack(byte pattern)
    {
        Out(0, pattern);
        for (var polls = 0; polls < 100_000; polls++)
        {
            if ((Port.In8((ushort)(BasePort + LineStatus)) & DataReady) != 0)
            {
                return Port.In8(BasePort) == pattern;
            }
        }

        return false;
    }

    private readonly void Out(int register, byte value) => Port.Out8((ushort)(BasePort + register), value);
}
