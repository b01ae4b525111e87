using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>The local APIC of the processor that runs: its timer, one-shot for ring 3 and periodic for a sleeping kernel. Its pins are masked.</summary>
internal static unsafe class Apic
{
    public const int TimerVector = 0x40;
    public const int SpuriousVector = 0xFF;

    /// <summary>A sleep that took too long, and interrupts between processors: to wake one, to one, and to several.</summary>
    public const int WatchdogVector = 0x41;
    public const int WakeVector = 0x50;
    public const int DirectedVector = 0x51;
    public const int BroadcastVector = 0x52;
    public const ulong Physical = 0xFEE0_0000;
    private const uint ApicBaseMsr = 0x1B;
    private const ulong GlobalEnable = 1 << 11;
    private const ulong X2ApicEnable = 1 << 10;
    private const int EndOfInterrupt = 0xB0;
    private const int SpuriousRegister = 0xF0;
    private const int CommandLow = 0x300;
    private const int CommandHigh = 0x310;
    private const int TimerRegister = 0x320;
    private const int LocalPin0 = 0x350;
    private const int LocalPin1 = 0x360;
    private const int InitialCount = 0x380;
    private const int DivideConfiguration = 0x3E0;
    private const uint DivideByOne = 0xB;
    private const uint Masked = 1 << 16;
    private const uint Periodic = 1 << 17;
    private const uint SoftwareEnable = 1 << 8;
    private const uint DeliveryPending = 1 << 12;
    private const uint X2ApicRegisters = 0x800;
    private const uint WatchdogTicks = 0xF000_0000;

    /// <summary>Of the first processor; the machine's old interrupt controllers with it.</summary>
    public static void Initialize(Kernel* kernel)
    {
        Port.Out8(0x21, 0xFF);
        Port.Out8(0xA1, 0xFF);
        InitializeLocal(kernel);
    }

    /// <summary>Of the processor that runs.</summary>
    public static void InitializeLocal(Kernel* kernel)
    {
        var apicBase = Machine.ReadMsr(ApicBaseMsr);
        if ((apicBase & PageBit.Address) != Physical)
        {
            Fatal.Stop("the local APIC is not at 0xfee00000"u8);
        }

        if (kernel->Options.UsesX2Apic)
        {
            Machine.WriteMsr(ApicBaseMsr, apicBase | GlobalEnable);
            Machine.WriteMsr(ApicBaseMsr, apicBase | GlobalEnable | X2ApicEnable);
            Machine.Current()->X2Apic = true;
        }
        else
        {
            // From x2APIC mode the way back leads over the disabled state.
            if ((apicBase & X2ApicEnable) != 0)
            {
                Machine.WriteMsr(ApicBaseMsr, apicBase & ~(X2ApicEnable | GlobalEnable));
            }

            Machine.WriteMsr(ApicBaseMsr, (apicBase & ~X2ApicEnable) | GlobalEnable);
        }

        Write(SpuriousRegister, SoftwareEnable | SpuriousVector);
        Write(LocalPin0, Masked);
        Write(LocalPin1, Masked);
        Write(DivideConfiguration, DivideByOne);
        OneShot();
    }

    /// <summary>The timer stands until someone writes the initial count.</summary>
    public static void OneShot()
    {
        Write(InitialCount, 0);
        Write(TimerRegister, TimerVector);
    }

    public static void StartPeriodic(uint count)
    {
        Write(TimerRegister, Periodic | TimerVector);
        Write(InitialCount, count);
    }

    /// <summary>Ends a sleep that nobody ends, by an interrupt that is an error; <see cref="OneShot"/> takes it back.</summary>
    public static void StartWatchdog()
    {
        Write(TimerRegister, WatchdogVector);
        Write(InitialCount, WatchdogTicks);
    }

    public static void Acknowledge() => Write(EndOfInterrupt, 0);

    /// <summary>Sends an interrupt to other processors.</summary>
    /// <param name="kernel">For the limit of the wait.</param>
    /// <param name="command">Bits 31:0 of the interrupt command register (SDM vol. 3A, "Interrupt Command Register").</param>
    /// <param name="destination">The identifier of an APIC; of no account with a shorthand.</param>
    public static void Send(Kernel* kernel, uint command, int destination)
    {
        if (kernel->Options.UsesX2Apic)
        {
            Machine.WriteMsr(Msr.Ia32X2ApicIcr, ((ulong)destination << 32) | command);
            return;
        }

        Write(CommandHigh, (uint)destination << 24);
        Write(CommandLow, command);
        var start = Machine.Tsc();
        while ((*(uint*)(KernelSpace.At(Physical) + CommandLow) & DeliveryPending) != 0)
        {
            Waiting.Check(kernel, start, "the delivery of an interrupt"u8, destination);
        }
    }

    private static void Write(int register, uint value)
    {
        if (Machine.Current()->X2Apic)
        {
            Machine.WriteMsr(X2ApicRegisters + ((uint)register >> 4), value);
        }
        else
        {
            *(uint*)(KernelSpace.At(Physical) + register) = value;
        }
    }
}
