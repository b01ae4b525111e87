using HvKernel.Vmx;

namespace HvKernel.Boot;

/// <summary>What the start says in words: to the firmware's console, the debug port and the log.</summary>
public static unsafe class BootReport
{
    /// <summary>The banner, and what is wrong with the configuration.</summary>
    public static void Greet(BootLog* log, Configuration* configuration, bool hasFile)
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
            line.Text(ConfigurationErrors.Explain((ConfigurationError)configuration->Errors[(2 * i) + 1]));
            line.Line(" (the default holds)"u8);
        }
    }

    /// <summary>What the boot before has left.</summary>
    public static void Describe(BootLog* log, in SurvivingLog surviving)
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

    /// <summary>The features that the configuration takes away.</summary>
    public static void ReportMask(BootLog* log, MaskedFeatures masked)
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

    /// <summary>Every item that the processor lacks; whether it has all that is required.</summary>
    public static bool PassesGate(BootLog* log, in VmxCapabilities capabilities)
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

    /// <summary>Where HvKernel and RAM are.</summary>
    public static void DescribeMemory(BootLog* log, Machine* machine)
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
}
