using System.Collections.Generic;

namespace HvKernel.Tests.Link;

/// <summary>What answers at the ports of the test that runs: eight of them, from any address.</summary>
public interface IPortDevice
{
    byte Read(int register);

    void Write(int register, byte value);
}

/// <summary>
/// A 16550 by its data sheet: divisor latch, FIFOs, loop-back, line status. What it sends is in <see cref="Sent"/>; what the line brings waits
/// in <see cref="Line"/>, and comes a byte whenever the receiver has room.
/// </summary>
public sealed class FakeUart(bool hasFifo = true) : IPortDevice
{
    private readonly Queue<byte> _received = [];
    private byte _interruptEnable;

    public byte InterruptEnable { get => _interruptEnable; init => _interruptEnable = value; }

    public byte LineControl { get; set; }

    public byte ModemControl { get; private set; }

    public int Divisor { get; private set; }

    public bool FifoEnabled { get; private set; }

    public List<byte> Sent { get; } = [];

    public Queue<byte> Line { get; } = [];

    /// <summary>Bytes that may still be sent before the transmitter is never empty again: a line whose other end has stopped.</summary>
    public int TransmitsLeft { get; set; } = int.MaxValue;

    /// <summary>Most bytes that were written while the transmitter said that it was empty once.</summary>
    public int LargestBurst { get; private set; }

    private int _burst;

    private bool IsLatchOpen => (LineControl & 0x80) != 0;

    private bool LoopsBack => (ModemControl & 0x10) != 0;

    private int Depth => FifoEnabled ? 16 : 1;

    public byte Read(int register)
    {
        Receive();
        switch (register)
        {
            case 0 when IsLatchOpen: return (byte)Divisor;
            case 0: return _received.TryDequeue(out var value) ? value : (byte)0;
            case 1: return IsLatchOpen ? (byte)(Divisor >> 8) : _interruptEnable;
            case 2: return (byte)(FifoEnabled ? 0xC1 : 0x01);
            case 3: return LineControl;
            case 4: return ModemControl;
            case 5:
                _burst = 0;
                return (byte)((_received.Count > 0 ? 1 : 0) | (TransmitsLeft > 0 ? 0x60 : 0));
            default: return 0;
        }
    }

    public void Write(int register, byte value)
    {
        Receive();
        switch (register)
        {
            case 0 when IsLatchOpen: Divisor = (Divisor & 0xFF00) | value; break;
            case 0 when LoopsBack: _received.Enqueue(value); break;
            case 0:
                Sent.Add(value);
                TransmitsLeft--;
                LargestBurst = System.Math.Max(LargestBurst, ++_burst);
                break;
            case 1 when IsLatchOpen: Divisor = (Divisor & 0xFF) | (value << 8); break;
            case 1: _interruptEnable = value; break;
            case 2:
                FifoEnabled = hasFifo && (value & 1) != 0;
                if (hasFifo && (value & 2) != 0)
                    _received.Clear();
                break;
            case 3: LineControl = value; break;
            case 4: ModemControl = value; break;
        }
    }

    // In loop-back the receiver is not connected to the line.
    private void Receive()
    {
        while (!LoopsBack && _received.Count < Depth && Line.TryDequeue(out var value))
            _received.Enqueue(value);
    }
}

/// <summary>Ports at which nothing answers, or something that is no UART: every read gives one value.</summary>
public sealed class DeafDevice(byte answer) : IPortDevice
{
    public byte Read(int register) => answer;

    public void Write(int register, byte value)
    {
    }
}
