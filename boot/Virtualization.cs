using HvKernel.Boot.Acpi;
using HvKernel.Cpu;
using HvKernel.Events.Code;
using HvKernel.Link;
using HvKernel.Vmx;

namespace HvKernel.Boot;

/// <summary>From the gate to all processors in non-root operation.</summary>
public static unsafe class Virtualization
{
    private const ulong CalibrationMicroseconds = 10_000;
    private const ulong PollsPerSecond = 1000;
    private const ulong AbandonsPerSecond = 10;

    /// <summary>True: this code goes on as HvKernel's guest. False: why not was said, and nothing was changed.</summary>
    public static bool TryStart(in Firmware firmware, BootLog* log, Configuration* configuration, in SurvivingLog surviving, in Uart uart)
    {
        VmxCapabilitiesReader.Read(out var capabilities);
        FeatureMask.Apply(ref capabilities, configuration->Mask);
        BootReport.ReportMask(log, configuration->Mask);
        if (!BootReport.PassesGate(log, capabilities))
        {
            return false;
        }

        var processors = new Processors(firmware);
        if (!OtherProcessors.AreAlike(log, processors, capabilities, configuration->Mask))
        {
            return false;
        }

        var result = Residence.Prepare(firmware, capabilities, configuration, surviving, processors.Count, out var machine);
        if (result != ResidenceResult.Ready)
        {
            Refusals.Say(log, result);
            return false;
        }

        FirmwareSerial.Release(firmware, configuration->DebugPort);
        machine->Link.Uart = uart;
        if (configuration->Log == LogLevel.Debug)
        {
            BootReport.DescribeMemory(log, machine);
        }

        MeasureTime(firmware, machine);
        HideUart(machine);
        var exitEntry = Residence.Resident(machine, firmware, VmxInstruction.ExitEntryAddress());
        var report = BootLog.Open(log);
        var containedExitEntry = Residence.Resident(machine, firmware, RunnerInstruction.ContainedExitAddress());
        var orders = OtherProcessors.PrepareOrders(firmware, machine, exitEntry, containedExitEntry);
        if (orders == null)
        {
            Refusals.Say(log, ResidenceResult.NoOrders);
            Residence.Release(firmware, machine);
            return false;
        }

        var launched = ProcessorLaunch.Launch(machine->Processors[0], exitEntry, containedExitEntry, ref report);
        if (launched != LaunchResult.Launched)
        {
            Refusals.Say(log, launched);
            Residence.Release(firmware, machine);
            return false;
        }

        // The line is the debug link's now.
        log->Attach(default);
        OtherProcessors.Launch(log, processors, orders);
        if (Suspend.Hide(firmware))
        {
            BootLog.Line(log, "suspend to RAM is not offered to the OS: HvKernel would not survive it"u8);
        }

        BootLog.Line(log, "running: firmware and OS go on in VMX non-root operation"u8);
        return true;
    }

    // Measured against the firmware's own clock: the frequency leaves of CPUID are empty on many machines and in emulators.
    private static void MeasureTime(in Firmware firmware, Machine* machine)
    {
        var start = Processor.Tsc();
        firmware.Stall(CalibrationMicroseconds);
        machine->TickFrequency = (Processor.Tsc() - start) * (1_000_000 / CalibrationMicroseconds);
        machine->PollTicks = machine->TickFrequency / PollsPerSecond;
        machine->RunTicks = machine->TickFrequency / CodeRunner.LimitsPerSecond;
        machine->Link.AbandonTicks = machine->TickFrequency / AbandonsPerSecond;
        machine->BootId = start;

        // No other processor serves the link before the first one has.
        machine->NextLinkTick = ulong.MaxValue / 2;
    }

    private static void HideUart(Machine* machine)
    {
        if (!machine->Link.Uart.Present)
        {
            return;
        }

        for (uint i = 0; i < 8; i++)
        {
            uint port = machine->Configuration.DebugPort + i;
            var bitmap = (byte*)(port < 0x8000 ? machine->IoBitmapA : machine->IoBitmapB);
            bitmap[(port & 0x7FFF) >> 3] |= (byte)(1 << (int)(port & 7));
        }
    }
}
