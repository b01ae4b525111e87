using System.Runtime;
using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>Every entry into the kernel arrives here, on the trap stack; this is where transitions of ring 3 are counted.</summary>
internal static unsafe class Traps
{
    private const int InvalidOpcode = 6;
    private const int PageFault = 14;
    private const int SyscallVector = 0x100;
    private const ulong NotPresentFromUser = 4;
    private const ulong PresentOrUser = 5;
    private const int InvalidOpcodeBytes = 2;
    private const ulong AllocatedBytes = 32;
    private const uint ExampleTag = 0x47424448; // "HDBG"

    private enum Call : uint
    {
        Nothing = 0,
        Yield = 1,
        Exit = 2,
        Allocate = 3,
        Tagged = 4,
        Leave = 10,
    }

    /// <summary>False: the thread is through, and the kernel's main flow goes on. Else the frame, which may have become another thread's, is resumed.</summary>
    [RuntimeExport("LabOnTrap")]
    public static bool OnTrap(PerCpu* cpu, TrapFrame* frame)
    {
        if (!frame->IsFromUser)
        {
            InKernel(cpu, frame);
            return true;
        }

        cpu->CurrentThread->Process->KernelEntries++;
        if (!FromUser(cpu, frame))
        {
            return false;
        }

        cpu->CurrentThread->Process->UserEntries++;
        return true;
    }

    private static bool FromUser(PerCpu* cpu, TrapFrame* frame)
    {
        switch (frame->Vector)
        {
            case SyscallVector:
                return OnCall(cpu, frame);
            case KernelMain.InterruptVector:
                return true;
            case InvalidOpcode:
                frame->Rip += InvalidOpcodeBytes;
                return true;
            case PageFault:
                OnPageFault(cpu, frame);
                return true;
            case Apic.TimerVector:
                Tick(cpu);
                cpu->Kernel->UserTicks++;
                OnTick(cpu, frame);
                return true;
            case Apic.SpuriousVector:
                return true;
            default:
                Fatal.Trap(frame, ControlRegisters.ReadCr2());
                return false;
        }
    }

    private static void InKernel(PerCpu* cpu, TrapFrame* frame)
    {
        if (frame->Vector == Apic.TimerVector)
        {
            Tick(cpu);
        }
        else if (frame->Vector != Apic.SpuriousVector)
        {
            Fatal.Trap(frame, ControlRegisters.ReadCr2());
        }
    }

    private static void Tick(PerCpu* cpu)
    {
        cpu->Kernel->Ticks++;
        Apic.Acknowledge();
    }

    // In `steady` the two processes take turns; elsewhere the program waits for its count.
    private static void OnTick(PerCpu* cpu, TrapFrame* frame)
    {
        if (cpu->Kernel->Kind == ScenarioKind.Steady)
        {
            Yield(cpu, frame);
        }
        else
        {
            (*UserData.Word(cpu->CurrentThread->Process, UserData.Flag))++;
        }
    }

    private static bool OnCall(PerCpu* cpu, TrapFrame* frame)
    {
        if (cpu->Kernel->Kind == ScenarioKind.Numbers && frame->Rax < Kernel.NumberedCalls)
        {
            cpu->Kernel->Calls[frame->Rax]++;
            return true;
        }

        switch ((Call)frame->Rax)
        {
            case Call.Nothing:
                return true;
            case Call.Yield:
                Yield(cpu, frame);
                return true;
            case Call.Allocate:
                Pool.Allocate(0, AllocatedBytes, ExampleTag);
                return true;
            case Call.Tagged:
                AllocateTagged(cpu->Kernel, (uint)frame->R8);
                return true;
            case Call.Exit:
            case Call.Leave:
                return false;
            default:
                Fatal.Trap(frame, 0);
                return false;
        }
    }

    // The block is given back, so that a million of them fit.
    private static void AllocateTagged(Kernel* kernel, uint tag)
    {
        var block = Pool.Allocate(0, AllocatedBytes, tag);
        if (Pool.TagOf(block) != ExampleTag)
        {
            kernel->ChangedTags++;
        }

        kernel->Pool.TakeBack(AllocatedBytes);
    }

    private static void Yield(PerCpu* cpu, TrapFrame* frame)
    {
        var kernel = cpu->Kernel;
        var next = cpu->CurrentThread == kernel->Tested ? kernel->Busy : kernel->Tested;
        if (next == null)
        {
            return;
        }

        cpu->CurrentThread->Frame = *frame;
        *frame = next->Frame;
        Processes.MakeCurrent(cpu, next);
    }

    private static void OnPageFault(PerCpu* cpu, TrapFrame* frame)
    {
        var address = ControlRegisters.ReadCr2();
        if (address is < UserSpace.Lazy or >= UserSpace.LazyEnd || (frame->ErrorCode & PresentOrUser) != NotPresentFromUser)
        {
            Fatal.Trap(frame, address);
        }

        Processes.Map(
            cpu->Kernel, cpu->CurrentThread->Process, address & PageBit.Address, cpu->Kernel->LazyPage, PageBit.Writable | PageBit.NoExecute);
    }
}
