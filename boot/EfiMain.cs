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
            BootReport.Greet(log, configuration, hasFile);
            BootLog.Line(log, "virtualize = no: the next program runs on the bare machine"u8);
            return HandOver(firmware, log, configuration);
        }

        var surviving = new SurvivingLog(firmware);
        log->AttachRing(surviving.Current);
        BootReport.Greet(log, configuration, hasFile);
        BootReport.Describe(log, surviving);
        if (!MayTry(firmware, log, configuration, surviving))
        {
            GiveUp(firmware, log, surviving);
            return HandOver(firmware, log, configuration);
        }

        if (!Virtualization.TryStart(firmware, log, configuration, surviving, uart))
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
