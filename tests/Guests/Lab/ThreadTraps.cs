using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>What the kernel does for a thread that came from ring 3.</summary>
internal static unsafe class ThreadTraps
{
    private const int InvalidOpcode = 6;
    private const int PageFault = 14;
    private const int SyscallVector = 0x100;
    private const ulong ExitCall = 2;
    private const ulong NotPresentFromUser = 4;
    private const ulong PresentOrUser = 5;
    private const int InvalidOpcodeBytes = 2;

    /// <summary>Does it; true where the thread has come to its end.</summary>
    public static bool IsExit(PerCpu* cpu, Thread* thread, TrapFrame* frame)
    {
        switch (frame->Vector)
        {
            case SyscallVector when frame->Rax == ExitCall:
                return true;
            case SyscallVector when frame->Rax == 0:
            case KernelMain.InterruptVector:
                return false;
            case InvalidOpcode:
                frame->Rip += InvalidOpcodeBytes;
                return false;
            case PageFault:
                OnPageFault(cpu->Kernel, thread, frame);
                return false;
            case Apic.TimerVector:
                Apic.Acknowledge();
                (*ThreadWords.Count(thread))++;
                return false;
            default:
                Fatal.Trap(frame, ControlRegisters.ReadCr2());
                return true;
        }
    }

    private static void OnPageFault(Kernel* kernel, Thread* thread, TrapFrame* frame)
    {
        var address = ControlRegisters.ReadCr2();
        if (address is < UserSpace.Lazy or >= UserSpace.LazyEnd || (frame->ErrorCode & PresentOrUser) != NotPresentFromUser)
        {
            Fatal.Trap(frame, address);
        }

        Waiting.Lock(kernel);
        Processes.Map(kernel, thread->Process, address & PageBit.Address, kernel->LazyPage, PageBit.Writable | PageBit.NoExecute);
        Waiting.Unlock(kernel);
    }
}
