using HvKernel.Cpu;
using HvKernel.Guest;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Events.Code;

/// <summary>What a run of machine code is about: passed on to the code, and to the report of its failure.</summary>
public struct RunSubject
{
    public uint EventId;

    /// <summary>Number of the action, or <see cref="EventPart.Condition"/>.</summary>
    public uint Part;

    /// <summary>3: user mode reached; 0: kernel reached.</summary>
    public ulong Context;

    /// <summary>The safe buffer's address in the window, or 0.</summary>
    public ulong Buffer;
    public uint Pid;

    /// <summary>Base of GS during the run; 0: the guest kernel's as it is at a transition, in IA32_KERNEL_GS_BASE.</summary>
    public ulong GsBase;
}

/// <summary>
/// Runs machine code of events in one of three manners under one convention: the manual's (Microsoft x64), all registers that carry no argument 0.
/// The guest's registers are handed over as a copy, which takes effect when the code has come to its end.
/// </summary>
public static unsafe class CodeRunner
{
    /// <summary>A run may last this part of a second: long against any code that one wants to run at each transition, short against the guest's clocks.</summary>
    public const ulong LimitsPerSecond = 100;

    // Below the first address that the code may use: shadow space and the return address (SDM has no say here: Microsoft's x64 convention).
    private const ulong EntryStackBytes = 0x28;

    /// <summary>Copies the guest's registers to where machine code sees them; once for all runs of one trigger.</summary>
    public static void Open(VCpu* vcpu)
    {
        GuestState.SyncRsp(vcpu);
        var registers = vcpu->Runner.Registers;
        registers->General = *vcpu->Registers;
        registers->Processor = vcpu->Number;
        registers->Rip = VmxInstruction.Read(Vmcs.GuestRip);
        registers->Rflags = VmxInstruction.Read(Vmcs.GuestRflags);
        registers->Cr3 = GuestState.Cr3(vcpu);
        registers->ShortCircuit = 0;
    }

    /// <summary>Lets what a run has written to the registers take effect.</summary>
    public static void Commit(VCpu* vcpu)
    {
        var registers = &vcpu->Runner.Registers->General;
        if (registers->Rsp != vcpu->Registers->Rsp)
        {
            VmxInstruction.Write(Vmcs.GuestRsp, registers->Rsp);
        }

        *vcpu->Registers = *registers;
    }

    /// <summary>Throws away what a run has written to the registers.</summary>
    public static void Discard(VCpu* vcpu) => vcpu->Runner.Registers->General = *vcpu->Registers;

    /// <summary>Runs code. True: it came to its end, and <paramref name="result"/> is its rax; else <paramref name="fault"/> says how it failed.</summary>
    public static bool Run(VCpu* vcpu, Blob* blob, in RunSubject subject, out ulong result, BlobFault* fault)
    {
        var runner = &vcpu->Runner;
        var context = runner->Context;
        var registers = runner->Registers;
        var start = Processor.Tsc();
        registers->EventId = subject.EventId;
        registers->Pid = subject.Pid;
        registers->Tick = start;

        context->Code = blob->Address;
        context->Deadline = start + vcpu->Machine->RunTicks;

        // Both changes of the base are slow, and code that is known not to use it needs none.
        context->GsBase = blob->Manner == RunManner.Direct && (blob->Flags & BlobFlags.UsesGs) == 0 ? (ulong)vcpu
            : subject.GsBase != 0 ? subject.GsBase : MsrAccess.Read(Msr.Ia32KernelGsBase);
        context->Fault = fault;
        context->Stack = RunnerWindow.StackTop - EntryStackBytes;
        var isScript = (blob->Flags & BlobFlags.Script) != 0;
        var isCondition = subject.Part == EventPart.Condition && !isScript;
        context->Argument0 = isCondition ? RunnerWindow.Registers : subject.Buffer;
        context->Argument1 = isCondition ? subject.Context : RunnerWindow.Registers;
        context->Argument2 = isCondition ? 0 : subject.Context;

        fault->Kind = BlobFaultKind.None;
        if (isScript)
        {
            vcpu->Machine->Scripts.Begin(vcpu, blob, subject);
        }

        var done = blob->Manner == RunManner.Contained
            ? ContainedRun.Run(vcpu, out result)
            : RootRun.Run(vcpu, blob->Manner == RunManner.Root, blob->Flags, out result);
        runner->Space.Reset();
        if (isScript)
        {
            vcpu->Machine->Scripts.End(vcpu, done);
        }

        var end = Processor.Tsc();
        blob->Ticks += end - start;
        if (done)
        {
            blob->Runs++;
            return true;
        }

        blob->Faults++;
        Describe(vcpu, blob, subject, fault);
        return false;
    }

    /// <summary>Where the guest's vector state is kept during a run.</summary>
    public static void PrepareVectors(VCpu* vcpu)
    {
        var context = vcpu->Runner.Context;
        context->VectorArea = (ulong)vcpu->Runner.VectorArea;

        // Without SSE state in XCR0 the guest has not switched XSAVE on, and FXSAVE saves all there is.
        var mask = vcpu->Machine->Capabilities.HasXsave ? RunnerInstruction.Xcr0() : 0;
        context->VectorMask = (mask & 2) != 0 ? mask : 0;
    }

    private static void Describe(VCpu* vcpu, Blob* blob, in RunSubject subject, BlobFault* fault)
    {
        fault->EventId = subject.EventId;
        fault->Part = (ushort)subject.Part;
        fault->Manner = blob->Manner;
        fault->Context = (byte)subject.Context;
        fault->Processor = (byte)vcpu->Number;
        fault->Tick = Processor.Tsc();
        fault->CodeAddress = blob->Address;
        fault->CodeBytes = blob->Bytes;
        var offset = fault->Rip - blob->Address;
        if (offset < blob->Bytes)
        {
            var left = blob->Bytes - offset;
            fault->InstructionLength = (byte)(left > 15 ? 15 : left);
            var bytes = vcpu->Machine->Code.Own(fault->Rip);
            for (var i = 0; i < fault->InstructionLength; i++)
            {
                fault->Instruction[i] = bytes[i];
            }
        }
    }
}
