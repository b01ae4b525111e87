using HvKernel.Cpu;
using HvKernel.Guest;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Vmx;
using HvKernel.Vmx.Exits;

namespace HvKernel.Events.Code;

/// <summary>
/// Machine code of events in a non-root context of its own: CPL 3, interrupts off, every exception an exit, the preemption timer as its limit. Its page
/// tables map what it may use and nothing else, so there is no EPT.
/// </summary>
public static unsafe class ContainedRun
{
    private const uint VectorNmi = 2;
    private const uint VectorDeviceNotAvailable = 7;
    private const uint VectorPageFault = 14;

    /// <summary>Runs the code that the context names; the guest's VMCS is current before and after.</summary>
    public static bool Run(VCpu* vcpu, out ulong result)
    {
        // Read while the guest's VMCS is current.
        var paging = KernelPaging.Current(vcpu);
        var runner = &vcpu->Runner;
        var context = runner->Context;
        *(ulong*)(runner->StackTop - (RunnerWindow.StackTop - context->Stack)) = RunnerWindow.Exit;
        context->VectorArea = 0;
        context->VectorLive = 0;
        context->Registers = default;
        context->Registers.Rcx = context->Argument0;
        context->Registers.Rdx = context->Argument1;
        context->Registers.R8 = context->Argument2;

        var region = runner->VmcsRegion;
        vcpu->InContained = true;
        if (VmxInstruction.Vmptrld(&region) == VmxStatus.Succeed)
        {
            ContainedVmcs.Aim(context);
            while (!Step(vcpu, paging))
            {
            }
        }
        else
        {
            *context->Fault = default;
            context->Fault->Kind = BlobFaultKind.EntryFailed;
        }

        region = vcpu->VmcsRegion;
        VmxInstruction.Vmptrld(&region);
        vcpu->InContained = false;
        if (context->VectorLive != 0)
        {
            RunnerInstruction.RestoreVectors(context);
        }

        result = context->Registers.Rax;
        return context->Fault->Kind == BlobFaultKind.None;
    }

    // One entry and what follows from its exit; true: the run is over, the fault says how.
    private static bool Step(VCpu* vcpu, in GuestPaging paging)
    {
        var runner = &vcpu->Runner;
        var context = runner->Context;
        var now = Processor.Tsc();
        if (now >= context->Deadline)
        {
            return End(context, BlobFaultKind.TimeLimit, 0);
        }

        var left = (context->Deadline - now) >> (int)(vcpu->Machine->Capabilities.Misc & 31);
        VmxInstruction.Write(Vmcs.PreemptionTimerValue, left);
        var status = RunnerInstruction.RunContained(context, runner->Launched ? 1U : 0U);
        if (status != VmxStatus.Succeed)
        {
            return End(context, BlobFaultKind.EntryFailed, (uint)VmxInstruction.Read(Vmcs.VmInstructionError));
        }

        var reason = (uint)VmxInstruction.Read(Vmcs.ExitReason);
        if ((reason & (1U << 31)) != 0)
        {
            return End(context, BlobFaultKind.EntryFailed, reason);
        }

        runner->Launched = true;
        switch ((ExitReason)reason)
        {
            case ExitReason.ExceptionOrNmi:
                return OnException(vcpu, paging);
            case ExitReason.PreemptionTimerExpired:
                return End(context, BlobFaultKind.TimeLimit, 0);
            case ExitReason.Vmcall when VmxInstruction.Read(Vmcs.GuestRip) == RunnerWindow.Exit:
                return true;
            case ExitReason.InitSignal:
                // The guest's: it is carried out when the guest's own VMCS is current again.
                vcpu->InitPending = true;
                return End(context, BlobFaultKind.ForbiddenInstruction, reason);
            case ExitReason.Cpuid:
                Identify(context);
                return false;
            default:
                return End(context, BlobFaultKind.ForbiddenInstruction, reason);
        }
    }

    private static bool OnException(VCpu* vcpu, in GuestPaging paging)
    {
        var context = vcpu->Runner.Context;
        var information = (uint)VmxInstruction.Read(Vmcs.VmExitInterruptionInformation);
        var vector = information & 0xFF;
        ulong address = 0;
        var errorCode = (information & (1 << 11)) != 0 ? VmxInstruction.Read(Vmcs.VmExitInterruptionErrorCode) : 0;
        switch (vector)
        {
            case VectorNmi:
                vcpu->NmiPending |= !Rendezvous.TakeNmi(vcpu);
                return false;
            case VectorDeviceNotAvailable when context->VectorLive == 0:
                CodeRunner.PrepareVectors(vcpu);
                RunnerInstruction.SaveVectors(context);
                context->VectorLive = 1;
                ContainedVmcs.AllowVectors();
                return false;
            case VectorPageFault:
                address = VmxInstruction.Read(Vmcs.ExitQualification);
                var memory = Machine.Memory(vcpu->Machine);
                if (vcpu->Runner.Space.Resolve(ref memory, paging, address, errorCode) == BlobAccess.Mapped)
                {
                    return false;
                }

                break;
        }

        End(context, BlobFaultKind.Exception, 0);
        context->Fault->Vector = (byte)vector;
        context->Fault->ErrorCode = errorCode;
        context->Fault->Address = address;
        return true;
    }

    private static void Identify(RunContext* context)
    {
        CpuidResult leaf;
        Processor.Cpuid((uint)context->Registers.Rax, (uint)context->Registers.Rcx, &leaf);
        context->Registers.Rax = leaf.Eax;
        context->Registers.Rbx = leaf.Ebx;
        context->Registers.Rcx = leaf.Ecx;
        context->Registers.Rdx = leaf.Edx;
        VmxInstruction.Write(Vmcs.GuestRip, VmxInstruction.Read(Vmcs.GuestRip) + VmxInstruction.Read(Vmcs.VmExitInstructionLength));
    }

    private static bool End(RunContext* context, BlobFaultKind kind, uint detail)
    {
        var fault = context->Fault;
        *fault = default;
        fault->Kind = kind;
        fault->Detail = detail;
        fault->Rip = VmxInstruction.Read(Vmcs.GuestRip);
        fault->Rflags = VmxInstruction.Read(Vmcs.GuestRflags);
        fault->Registers = context->Registers;
        fault->Registers.Rsp = VmxInstruction.Read(Vmcs.GuestRsp);
        return true;
    }
}
