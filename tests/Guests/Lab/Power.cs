using System;
using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>Ends the machine.</summary>
internal static class Power
{
    private const ushort BochsShutdownPort = 0x8900;

    // PM1a_CNT of QEMU's two PC machines; SLP_EN with sleep type 0, which is S5 there.
    private const ushort Q35ControlPort = 0x604;
    private const ushort PiixControlPort = 0xB004;
    private const ushort SleepEnable = 0x2000;

    /// <summary>Does not come back: where no port ends the machine, the processor sleeps.</summary>
    public static void Off()
    {
        Com1.Drain();
        var word = "Shutdown"u8;
        for (var i = 0; i < word.Length; i++)
        {
            Port.Out8(BochsShutdownPort, word[i]);
        }

        Machine.Out16(Q35ControlPort, SleepEnable);
        Machine.Out16(PiixControlPort, SleepEnable);
        Machine.DisableInterrupts();
        while (true)
        {
            Machine.Halt();
        }
    }
}
