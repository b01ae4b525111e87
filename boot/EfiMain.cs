using System.Runtime;
using HvKernel.Boot.Acpi;
using HvKernel.Boot.Uefi;
using HvKernel.Cpu;
using HvKernel.Events.Code;
using HvKernel.Link;
using HvKernel.Memory;
using HvKernel.Vmx;

namespace HvKernel.Boot;

/// <summary>From the firmware's call to the next program's start, in the order in which it happens.</summary>
public static unsafe class EfiMain
{
    private const ulong MaximumConfigurationBytes = 64 * 1024;
    private const ulong CalibrationMicroseconds = 10_000;
    private const ulong PollsPerSecond = 1000;
    private const ulong AbandonsPerSecond = 10;

    [RuntimeExport("EfiMain")]
    public static ulong Main(void* image, SystemTable* system)
    {
        var firmware = new Firmware(image, system);
        var log = (BootLog*)firmware.Allocate(MemoryKind.LoaderData, Page.Count((ulong)sizeof(BootLog)));
        var configuration = (Configuration*)firmware.Allocate(MemoryKind.LoaderData, Page.Count((ulong)sizeof(Configuration)));
        if (log == null || configuration == null)
        {
            firmware.Print("HvKernel: refused: firmware has no memory left\r\n"u8);
            return EfiStatus.OutOfResources;
        }

        *log = default;
        log->Initialize(firmware);
        var hasFile = ReadConfiguration(firmware, configuration);
        var uart = FindUart(configuration);
        log->Attach(uart);
        if (!configuration->Virtualize)
        {
            Greet(log, configuration, hasFile);
            BootLog.Line(log, "virtualize = no: the next program runs on the bare machine"u8);
            return HandOver(firmware, log, configuration);
        }

        var surviving = new SurvivingLog(firmware);
        log->AttachRing(surviving.Current);
        Greet(log, configuration, hasFile);
        Describe(log, surviving);
        if (!MayTry(firmware, log, configuration, surviving))
        {
            GiveUp(firmware, log, surviving);
            return HandOver(firmware, log, configuration);
        }

        if (!TryVirtualize(firmware, log, configuration, surviving, uart))
        {
            FailedBoots.Forget(firmware);
            GiveUp(firmware, log, surviving);
            if (configuration->OnRefusal == OnRefusal.Stop)
            {
                BootLog.Line(log, "on-refusal = stop: back to the firmware"u8);
                return EfiStatus.LoadError;
            }
        }

        var status = HandOver(firmware, log, configuration);

        // Whatever the program said, the machine works so far.
        FailedBoots.Forget(firmware);
        return status;
    }

    private static void Describe(BootLog* log, in SurvivingLog surviving)
    {
        if (surviving.PreviousBytes != 0)
        {
            var line = BootLog.Open(log);
            line.Text("the boot before left 0x"u8);
            line.Hex(surviving.PreviousBytes);
            line.Line(" bytes of messages: .log previous"u8);
        }

        if (surviving.Current == null)
        {
            BootLog.Line(log, "firmware has no room for a log that survives a reset"u8);
        }
    }

    // What it says stays where it is, for the next boot to find.
    private static void GiveUp(in Firmware firmware, BootLog* log, in SurvivingLog surviving)
    {
        log->AttachRing(null);
        surviving.Release(firmware);
    }

    // Whether the boots before allow one more with HvKernel.
    private static bool MayTry(in Firmware firmware, BootLog* log, Configuration* configuration, in SurvivingLog surviving)
    {
        var may = FailedBoots.Begin(firmware, surviving.WasProven, configuration->MaximumFailedBoots, out var failed, out var isKept);
        if (!isKept)
        {
            BootLog.Line(log, "firmware keeps no variable: failed boots are not counted"u8);
        }
        else if (!may)
        {
            var line = BootLog.Open(log);
            line.Decimal(failed);
            line.Line(" boots in a row failed: this one goes without HvKernel, the next one tries again (max-failed-boots)"u8);
        }
        else if (failed != 0)
        {
            var line = BootLog.Open(log);
            line.Decimal(failed);
            line.Text(" of "u8);
            line.Decimal(configuration->MaximumFailedBoots);
            line.Line(" boots in a row that may fail did so"u8);
        }

        return may;
    }

    private static bool ReadConfiguration(in Firmware firmware, Configuration* configuration)
    {
        configuration->SetDefaults();
        fixed (char* path = "\\EFI\\hvkernel\\hvkernel.cfg")
        {
            var content = firmware.ReadFile(path, MaximumConfigurationBytes, out var length);
            if (content != null)
            {
                configuration->Parse(new System.ReadOnlySpan<byte>(content, length));
            }

            return content != null;
        }
    }

    // With interrupts off: where the firmware has a console on the same UART its timer reads it fifty times a second, and would take the bytes of the
    // loop-back for keys.
    private static Uart FindUart(Configuration* configuration)
    {
        Uart uart = default;
        var flags = Processor.DisableInterrupts();
        uart.Initialize(configuration->DebugPort, configuration->Baud);
        Processor.RestoreInterrupts(flags);
        return uart;
    }

    private static void Greet(BootLog* log, Configuration* configuration, bool hasFile)
    {
        var line = BootLog.Open(log);
        line.Text("a hypervisor-level debugger; debug port 0x"u8);
        line.Hex(configuration->DebugPort);
        line.Text(log->HasUart ? ", "u8 : ": no UART answers there, so no console can attach; "u8);
        line.Decimal(configuration->Baud);
        line.Line(" baud"u8);
        if (!hasFile)
        {
            BootLog.Line(log, "\\EFI\\hvkernel\\hvkernel.cfg cannot be read: the defaults hold"u8);
        }

        for (var i = 0; i < configuration->ErrorCount && i < Configuration.MaximumErrors; i++)
        {
            line = BootLog.Open(log);
            line.Text("hvkernel.cfg line "u8);
            line.Decimal((ulong)configuration->Errors[2 * i]);
            line.Text(": "u8);
            line.Text(Configuration.Explain((ConfigurationError)configuration->Errors[(2 * i) + 1]));
            line.Line(" (the default holds)"u8);
        }
    }

    private static bool TryVirtualize(in Firmware firmware, BootLog* log, Configuration* configuration, in SurvivingLog surviving, in Uart uart)
    {
        VmxCapabilitiesReader.Read(out var capabilities);
        FeatureMask.Apply(ref capabilities, configuration->Mask);
        ReportMask(log, configuration->Mask);
        if (!PassesGate(log, capabilities))
        {
            return false;
        }

        var processors = new Processors(firmware);
        if (!AreAlike(log, processors, capabilities, configuration->Mask))
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
            DescribeMemory(log, machine);
        }

        MeasureTime(firmware, machine);
        HideUart(machine);
        var exitEntry = Residence.Resident(machine, firmware, VmxInstruction.ExitEntryAddress());
        var report = BootLog.Open(log);
        var containedExitEntry = Residence.Resident(machine, firmware, RunnerInstruction.ContainedExitAddress());
        var orders = PrepareOrders(firmware, machine, exitEntry, containedExitEntry);
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
        LaunchOthers(log, processors, orders);
        if (Suspend.Hide(firmware))
        {
            BootLog.Line(log, "suspend to RAM is not offered to the OS: HvKernel would not survive it"u8);
        }

        BootLog.Line(log, "running: firmware and OS go on in VMX non-root operation"u8);
        return true;
    }

    // The control words are computed once, for all processors.
    private static bool AreAlike(BootLog* log, in Processors processors, in VmxCapabilities capabilities, MaskedFeatures masked)
    {
        var alike = true;
        for (uint number = 1; number < processors.Count; number++)
        {
            ProcessorOrder order = default;
            if (!processors.Call(number, &order))
            {
                continue;
            }

            FeatureMask.Apply(ref order.Capabilities, masked);
            var item = CapabilityComparison.FirstDifference(capabilities, order.Capabilities);
            if (item < 0)
            {
                continue;
            }

            var line = BootLog.Open(log);
            line.Text("refused: processor "u8);
            line.Decimal(number);
            line.Text(" differs from the first one in "u8);
            line.Text(CapabilityComparison.Name(item));
            line.Text(": 0x"u8);
            line.Hex(CapabilityComparison.Value(order.Capabilities, item));
            line.Text(" and 0x"u8);
            line.Hex(CapabilityComparison.Value(capabilities, item));
            line.EndLine();
            alike = false;
        }

        return alike;
    }

    // Written before the first processor is launched: from then on HvKernel's memory is hidden from this code.
    private static ProcessorOrder* PrepareOrders(in Firmware firmware, Machine* machine, ulong exitEntry, ulong containedExitEntry)
    {
        var orders = (ProcessorOrder*)firmware.Allocate(MemoryKind.LoaderData, Page.Count(machine->ProcessorCount * (ulong)sizeof(ProcessorOrder)));
        for (uint number = 0; number < machine->ProcessorCount && orders != null; number++)
        {
            orders[number] = default;
            orders[number].Launched = machine->Processors[number];
            orders[number].ExitEntry = exitEntry;
            orders[number].ContainedExitEntry = containedExitEntry;
        }

        return orders;
    }

    private static void LaunchOthers(BootLog* log, in Processors processors, ProcessorOrder* orders)
    {
        uint launched = 1;
        for (uint number = 1; number < processors.Count; number++)
        {
            var order = &orders[number];
            if (processors.Call(number, order) && order->Result == LaunchResult.Launched)
            {
                launched++;
                continue;
            }

            var line = BootLog.Open(log);
            line.Text("processor "u8);
            line.Decimal(number);
            line.Text(" runs without HvKernel and is not watched: "u8);
            line.Line(order->Came ? Refusals.Explain(order->Result) : "firmware did not start it"u8);
        }

        if (processors.Count > 1 || processors.LeftOut != 0)
        {
            var line = BootLog.Open(log);
            line.Text("processors: "u8);
            line.Decimal(launched);
            line.Text(" of "u8);
            line.Decimal(processors.Count + processors.LeftOut);
            line.EndLine();
        }
    }

    private static void ReportMask(BootLog* log, MaskedFeatures masked)
    {
        for (var bit = MaskedFeatures.ModeBasedExecute; bit <= MaskedFeatures.UnrestrictedGuest; bit = (MaskedFeatures)((uint)bit << 1))
        {
            if ((masked & bit) != 0)
            {
                var line = BootLog.Open(log);
                line.Text("masked off: "u8);
                line.Line(FeatureMask.Name(bit));
            }
        }
    }

    private static bool PassesGate(BootLog* log, in VmxCapabilities capabilities)
    {
        var missing = CapabilityGate.Missing(capabilities);
        if (missing == 0)
        {
            return true;
        }

        for (var item = 0; item < CapabilityGate.Items; item++)
        {
            if ((missing & (1U << item)) != 0)
            {
                var line = BootLog.Open(log);
                line.Text("missing: "u8);
                line.Line(CapabilityGate.Name(item));
            }
        }

        if ((missing & ~CapabilityGate.ModeBasedExecuteMissing) == 0)
        {
            return true;
        }

        BootLog.Line(log, "this machine cannot be virtualised by HvKernel; nothing was changed"u8);
        return false;
    }

    private static void DescribeMemory(BootLog* log, Machine* machine)
    {
        var line = BootLog.Open(log);
        line.Text("reserved 0x"u8);
        line.Hex(machine->HiddenStart);
        line.Text(" to 0x"u8);
        line.Hex(machine->HiddenEnd);
        line.Text(", image at 0x"u8);
        line.Hex(machine->ImageBase);
        line.Text(", RAM ends at 0x"u8);
        line.Hex(machine->Ram.End);
        line.EndLine();
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

    private static ulong HandOver(in Firmware firmware, BootLog* log, Configuration* configuration)
    {
        if (configuration->Log != LogLevel.Quiet)
        {
            var line = BootLog.Open(log);
            line.Text("next program: "u8);
            for (var i = 0; configuration->Next[i] != 0; i++)
            {
                line.Byte((byte)configuration->Next[i]);
            }

            line.EndLine();
        }

        // Five minutes after the boot manager started this program the firmware would reset the machine, were a person to stay that long in the next
        // one's menu, or in the debugger.
        FirmwareCall.Invoke(firmware.Services->SetWatchdogTimer, 0);
        var status = NextProgram.Start(firmware, configuration, out var started);
        var outcome = BootLog.Open(log);
        outcome.Text(started ? "next program came back, status 0x"u8 : "next program could not be loaded, status 0x"u8);
        outcome.Hex(status);
        outcome.EndLine();
        return status;
    }
}
