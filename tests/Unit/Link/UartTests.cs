using System;
using System.Diagnostics;
using System.Linq;
using HvKernel.Cpu;
using HvKernel.Link;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Link;

public sealed unsafe class UartTests
{
    private const ushort Base = 0x2F8;

    private static Uart Open(IPortDevice device, uint baud = 115_200)
    {
        Port.Attach(device, Base);
        Uart uart = default;
        uart.Initialize(Base, baud);
        return uart;
    }

    [Theory]
    [InlineData(115_200u, 1)]
    [InlineData(9600u, 12)]
    [InlineData(300u, 384)]     // both bytes of the divisor
    public void It_is_set_to_8N1_at_the_rate_with_interrupts_off(uint baud, int divisor)
    {
        var device = new FakeUart { InterruptEnable = 0x0F };
        var uart = Open(device, baud);
        uart.Present.ShouldBeTrue();
        uart.FifoBytes.ShouldBe(16);
        device.Divisor.ShouldBe(divisor);
        device.LineControl.ShouldBe((byte)0x03);
        device.InterruptEnable.ShouldBe((byte)0);
        device.FifoEnabled.ShouldBeTrue();
        device.ModemControl.ShouldBe((byte)0x03);       // DTR and RTS, no loop-back
        device.Sent.ShouldBeEmpty();                    // the loop-back stays inside
    }

    [Fact]
    public void Interrupts_are_off_however_it_was_left()
    {
        // With the divisor latch open, the interrupt-enable register is not there.
        var device = new FakeUart { InterruptEnable = 0x0F, LineControl = 0x83 };
        Open(device).Present.ShouldBeTrue();
        device.InterruptEnable.ShouldBe((byte)0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Bytes_that_come_while_it_is_looked_for_do_not_hide_it(bool hasFifo)
    {
        // A console that waits for its target sends all the time.
        var device = new FakeUart(hasFifo);
        foreach (var value in Enumerable.Range(0, 100))
            device.Line.Enqueue((byte)value);
        Open(device).Present.ShouldBeTrue();
    }

    [Fact]
    public void Without_a_FIFO_it_takes_a_byte_at_a_time()
    {
        var uart = Open(new FakeUart(hasFifo: false));
        uart.Present.ShouldBeTrue();
        uart.FifoBytes.ShouldBe(1);
    }

    [Theory]
    [InlineData(0xFF)]      // no device
    [InlineData(0x00)]
    [InlineData(0x5A)]      // the pattern itself, once
    [InlineData(0x61)]      // ready for everything
    public void What_is_no_UART_is_not_taken_for_one_and_does_nothing(int answer)
    {
        var uart = Open(new DeafDevice((byte)answer));
        uart.Present.ShouldBeFalse();
        uart.TryReceive(out var value).ShouldBeFalse();
        value.ShouldBe((byte)0);
        uart.CanTransmit.ShouldBeFalse();
        var clock = Stopwatch.StartNew();
        var text = stackalloc byte[100];
        uart.TransmitWaiting(text, 100);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Received_bytes_come_in_order_and_then_none()
    {
        var device = new FakeUart();
        var uart = Open(device);
        foreach (var sent in Enumerable.Range(0, 50))
            device.Line.Enqueue((byte)sent);
        for (var i = 0; i < 50; i++)
        {
            uart.TryReceive(out var value).ShouldBeTrue();
            value.ShouldBe((byte)i);
        }
        uart.TryReceive(out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData(true, 16)]
    [InlineData(false, 1)]
    public void A_text_is_sent_whole_with_no_more_at_once_than_there_is_room_for(bool hasFifo, int room)
    {
        var device = new FakeUart(hasFifo);
        var uart = Open(device);
        var text = Enumerable.Range(0, 1000).Select(i => (byte)i).ToArray();
        fixed (byte* bytes = text)
            uart.TransmitWaiting(bytes, text.Length);
        device.Sent.ShouldBe(text);
        device.LargestBurst.ShouldBe(room);
    }

    [Fact]
    public void A_line_that_stopped_does_not_stop_the_sender()
    {
        var device = new FakeUart { TransmitsLeft = 20 };
        var uart = Open(device);
        var text = stackalloc byte[1000];
        var clock = Stopwatch.StartNew();
        uart.TransmitWaiting(text, 1000);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10));
        device.Sent.Count.ShouldBeLessThan(1000);
        uart.CanTransmit.ShouldBeFalse();

        // It is given up for good: the next lines cost nothing.
        uart.Present.ShouldBeFalse();
        clock.Restart();
        for (var line = 0; line < 1000; line++)
            uart.TransmitWaiting(text, 1000);
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(1));
    }
}
