using HvKernel.Cpu;
using HvKernel.Vmx;

namespace HvKernel.Link;

/// <summary>
/// One processor panics, the others stand still: fetched by NMI from the guest and from root, whatever locks they hold or wait for. Each leaves a few words
/// for the first one to print, which waits for them for a bounded time.
/// </summary>
public static unsafe class PanicStop
{
    /// <summary>A processor that has not come after this part of a second is said not to answer.</summary>
    private const ulong PatiencesPerSecond = 5;

    // Where the frequency is not measured yet.
    private const ulong LeastPatience = 100_000_000;

    /// <summary>Comes back on the first processor that panics, once; a failure of its own while it reports ends there.</summary>
    public static void Claim(VCpu* vcpu)
    {
        var machine = vcpu->Machine;
        var owner = Atomic.CompareExchange(&machine->PanicOwner, vcpu->Number + 1, 0);
        if (owner != 0)
        {
            // It may come here while it reports: then what is on the line is all there will be.
            if (owner != vcpu->Number + 1)
            {
                Join(vcpu, 0);
            }

            Panic.Halt();
        }

        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            if (i != vcpu->Number)
            {
                Fetch(machine->Processors[i]);
            }
        }
    }

    /// <summary>Stands still for ever.</summary>
    /// <param name="vcpu">This processor.</param>
    /// <param name="rip">Where it was in root; 0: at the end of an exit.</param>
    public static void Join(VCpu* vcpu, ulong rip)
    {
        vcpu->PanicRip = rip;
        if (!vcpu->InContained)
        {
            vcpu->PanicGuestRip = VmxInstruction.Read(Vmcs.GuestRip);
            vcpu->PanicGuestRsp = VmxInstruction.Read(Vmcs.GuestRsp);
            vcpu->PanicGuestCr3 = VmxInstruction.Read(Vmcs.GuestCr3);
        }

        Atomic.Exchange(&vcpu->PanicStopped, 1);
        Panic.Halt();
    }

    /// <summary>One line for each other processor.</summary>
    public static void DescribeOthers(VCpu* vcpu, ref TextWriter output)
    {
        var machine = vcpu->Machine;
        var patience = machine->TickFrequency / PatiencesPerSecond;
        var end = Processor.Tsc() + (patience == 0 ? LeastPatience : patience);
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            if (i == vcpu->Number)
            {
                continue;
            }

            var other = machine->Processors[i];
            while (other->PanicStopped == 0 && IsFetched(other) && Processor.Tsc() < end)
            {
                Processor.Pause();
            }

            output.Text("  processor "u8);
            output.Decimal(i);
            Describe(other, ref output);
            output.EndLine();
        }
    }

    private static void Describe(VCpu* other, ref TextWriter output)
    {
        if (!IsFetched(other))
        {
            output.Text(other->Launched ? " waits for SIPI"u8 : " runs without HvKernel"u8);
            return;
        }

        if (other->PanicStopped == 0)
        {
            output.Text(" does not answer, exit reason "u8);
            output.Decimal(other->ExitReason);
            return;
        }

        if (other->PanicRip != 0)
        {
            output.Text(" in root at "u8);
            Panic.ImageAddress(other, ref output, other->PanicRip);
        }

        output.Text(" exit reason "u8);
        output.Decimal(other->ExitReason);
        output.Text(" guest rip "u8);
        output.Hex(other->PanicGuestRip);
        output.Text(" rsp "u8);
        output.Hex(other->PanicGuestRsp);
        output.Text(" cr3 "u8);
        output.Hex(other->PanicGuestCr3);
    }

    private static bool IsFetched(VCpu* vcpu) => vcpu->Launched && !vcpu->WaitsForStartup;

    // At the end of its exit at the latest, and the exit may be one that the NMI causes.
    private static void Fetch(VCpu* other)
    {
        if (!IsFetched(other))
        {
            return;
        }

        for (; ; )
        {
            var posted = other->Work;
            if (Atomic.CompareExchange(&other->Work, posted | (uint)RemoteWork.Panic, posted) == posted)
            {
                break;
            }
        }

        LocalApic.TrySendNmi(other->ApicId);
    }
}
