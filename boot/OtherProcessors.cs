using HvKernel.Boot.Uefi;
using HvKernel.Memory;
using HvKernel.Vmx;

namespace HvKernel.Boot;

/// <summary>The processors but the one that runs this: compared with it, and launched after it.</summary>
public static unsafe class OtherProcessors
{
    /// <summary>Whether all have what the first one has; each difference is named.</summary>
    // The control words are computed once, for all processors.
    public static bool AreAlike(BootLog* log, in Processors processors, in VmxCapabilities capabilities, MaskedFeatures masked)
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

    /// <summary>What each processor is told, or null where firmware has no memory.</summary>
    // Written before the first processor is launched: from then on HvKernel's memory is hidden from this code.
    public static ProcessorOrder* PrepareOrders(in Firmware firmware, Machine* machine, ulong exitEntry, ulong containedExitEntry)
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

    /// <summary>Launches them; one that firmware does not start, or that refuses, is named and runs bare.</summary>
    public static void Launch(BootLog* log, in Processors processors, ProcessorOrder* orders)
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
}
