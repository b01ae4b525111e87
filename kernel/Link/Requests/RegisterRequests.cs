using HvKernel.Cpu;
using HvKernel.Protocol;
using HvKernel.Vmx;

namespace HvKernel.Link.Requests;

/// <summary>Registers and MSRs of the guest.</summary>
public static unsafe class RegisterRequests
{
    public static int Read(VCpu* vcpu, ProcessorRequest* request, int length, RegistersReply* reply)
    {
        if (length != sizeof(ProcessorRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        var target = RequestDispatch.Processor(vcpu, request->Processor);
        if (target == null)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.NoSuchProcessor);
        }

        *reply = default;
        GuestState.SyncRsp(target);
        reply->General = *target->Registers;
        reply->Rip = VmxInstruction.Read(Vmcs.GuestRip);
        reply->Rflags = VmxInstruction.Read(Vmcs.GuestRflags);
        ReadSegments(reply);
        reply->Cr0 = VmxInstruction.Read(Vmcs.GuestCr0);
        reply->Cr2 = ControlRegisters.ReadCr2();
        reply->Cr3 = GuestState.Cr3(target);
        reply->Cr4 = VmxInstruction.Read(Vmcs.GuestCr4) & ~Cr4.Vmxe;
        reply->Efer = VmxInstruction.Read(Vmcs.GuestIa32Efer);
        reply->Dr7 = VmxInstruction.Read(Vmcs.GuestDr7);
        return sizeof(RegistersReply);
    }

    public static int Write(VCpu* vcpu, WriteRegisterRequest* request, int length, ReplyHeader* reply)
    {
        if (length != sizeof(WriteRegisterRequest))
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.BadLength);
        }

        var target = RequestDispatch.Processor(vcpu, request->Processor);
        if (target == null)
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.NoSuchProcessor);
        }

        if (vcpu->Machine->State != TargetState.Stopped)
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.NotStopped);
        }

        switch (request->Register)
        {
            case <= RegisterId.R15:
                // The manual's order differs from the instruction encodings' in nothing but name: RAX RCX RDX RBX RSP RBP RSI RDI R8…
                GuestState.SetRegister(target, (int)request->Register, request->Value);
                break;
            case RegisterId.Rip:
                VmxInstruction.Write(Vmcs.GuestRip, request->Value);
                break;
            case RegisterId.Rflags:
                // Only what POPF at CPL 0 could load: VM entry refuses reserved bits (SDM vol. 3C, "Checks on Guest RIP, RFLAGS, and SSP").
                const ulong Loadable = 0x24_7FD5;
                VmxInstruction.Write(Vmcs.GuestRflags, (request->Value & Loadable) | Rflags.Reserved1);
                break;
            default:
                return RequestDispatch.Refuse(reply, ReplyStatus.BadField, 4);
        }

        return sizeof(ReplyHeader);
    }

    public static int ReadMsr(VCpu* vcpu, MsrRequest* request, int length, MsrReply* reply)
    {
        if (length != sizeof(MsrRequest))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.BadLength);
        }

        if (RequestDispatch.Processor(vcpu, request->Processor) == null)
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.NoSuchProcessor);
        }

        if (TryGuestField(request->Index, out var field))
        {
            reply->Value = VmxInstruction.Read(field);
            return sizeof(MsrReply);
        }

        if (!MsrAccess.TryRead(request->Index, out var value))
        {
            return RequestDispatch.Refuse(&reply->Header, ReplyStatus.MsrFault, request->Index);
        }

        reply->Value = value;
        return sizeof(MsrReply);
    }

    public static int WriteMsr(VCpu* vcpu, MsrRequest* request, int length, ReplyHeader* reply)
    {
        if (length != sizeof(MsrRequest))
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.BadLength);
        }

        if (RequestDispatch.Processor(vcpu, request->Processor) == null)
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.NoSuchProcessor);
        }

        if (TryGuestField(request->Index, out var field))
        {
            // EFER.LMA and LME decide about paging; the rest of these have no illegal values that VM entry would trip over but
            // non-canonical bases, which are refused as WRMSR refuses them.
            var isEfer = field == Vmcs.GuestIa32Efer;
            var canonical = (ulong)((long)(request->Value << 16) >> 16) == request->Value;
            if (isEfer || !canonical)
            {
                return RequestDispatch.Refuse(reply, ReplyStatus.MsrFault, request->Index);
            }

            VmxInstruction.Write(field, request->Value);
            return sizeof(ReplyHeader);
        }

        if (MsrPolicy.OnWrite(request->Index) != MsrTreatment.Pass || !MsrAccess.TryWrite(request->Index, request->Value))
        {
            return RequestDispatch.Refuse(reply, ReplyStatus.MsrFault, request->Index);
        }

        return sizeof(ReplyHeader);
    }

    // Registers whose guest value is in the VMCS while root has one of its own.
    private static bool TryGuestField(uint index, out uint field)
    {
        field = index switch
        {
            Msr.Ia32SysenterCs => Vmcs.GuestSysenterCs,
            Msr.Ia32SysenterEsp => Vmcs.GuestSysenterEsp,
            Msr.Ia32SysenterEip => Vmcs.GuestSysenterEip,
            Msr.Ia32FsBase => Vmcs.GuestFsBase,
            Msr.Ia32GsBase => Vmcs.GuestGsBase,
            Msr.Ia32Efer => Vmcs.GuestIa32Efer,
            Msr.Ia32Pat => Vmcs.GuestIa32Pat,
            Msr.Ia32DebugCtl => Vmcs.GuestIa32DebugCtl,
            _ => 0,
        };
        return field != 0;
    }

    private static void ReadSegments(RegistersReply* reply)
    {
        reply->Cs = (ushort)VmxInstruction.Read(Vmcs.GuestCsSelector);
        reply->Ss = (ushort)VmxInstruction.Read(Vmcs.GuestSsSelector);
        reply->Ds = (ushort)VmxInstruction.Read(Vmcs.GuestDsSelector);
        reply->Es = (ushort)VmxInstruction.Read(Vmcs.GuestEsSelector);
        reply->Fs = (ushort)VmxInstruction.Read(Vmcs.GuestFsSelector);
        reply->Gs = (ushort)VmxInstruction.Read(Vmcs.GuestGsSelector);
        reply->Tr = (ushort)VmxInstruction.Read(Vmcs.GuestTrSelector);
        reply->Ldtr = (ushort)VmxInstruction.Read(Vmcs.GuestLdtrSelector);
        reply->FsBase = VmxInstruction.Read(Vmcs.GuestFsBase);
        reply->GsBase = VmxInstruction.Read(Vmcs.GuestGsBase);
        reply->KernelGsBase = MsrAccess.Read(Msr.Ia32KernelGsBase);
        reply->TrBase = VmxInstruction.Read(Vmcs.GuestTrBase);
        reply->GdtrBase = VmxInstruction.Read(Vmcs.GuestGdtrBase);
        reply->IdtrBase = VmxInstruction.Read(Vmcs.GuestIdtrBase);
        reply->GdtrLimit = (ushort)VmxInstruction.Read(Vmcs.GuestGdtrLimit);
        reply->IdtrLimit = (ushort)VmxInstruction.Read(Vmcs.GuestIdtrLimit);
    }
}
