using System;
using System.Runtime;
using HvKernel.Cpu;
using HvKernel.Events.Code;
using HvKernel.Memory;
using HvKernel.Vmx;
using HvKernel.Vmx.Exits;

namespace HvKernel.Link;

/// <summary>
/// The last words: readable text on the debug line, outside frames, that a plain terminal shows too, and in the log that survives a reset. Addresses in the
/// image are given as offsets, which the console turns into names and lines. The first processor that panics speaks, for all (<see cref="PanicStop"/>); it
/// waits for no lock.
/// </summary>
public static unsafe class Panic
{
    private const int BufferBytes = 256;

    private const int MaximumCallers = 24;
    private const int BuildIdBytes = 16;

    /// <summary>
    /// A check that the compiler made has failed (runtime-shim). The exception that this raises has what a report needs: registers, and the stack of whoever failed.
    /// </summary>
    [RuntimeExport("HvkRuntimeFailure")]
    public static void RuntimeFailure(int failure)
    {
        HostException.Raise((ulong)failure);
        Halt();
    }

    /// <summary>An exit that no handler can have an answer for.</summary>
    public static void UnexpectedExit(VCpu* vcpu, uint reason)
    {
        var buffer = default(PanicBuffer);
        var output = Begin(vcpu, &buffer);
        output.Text("unexpected VM exit, basic reason "u8);
        output.Decimal(reason);
        output.EndLine();
        Guest(vcpu, ref output);
        End(vcpu, ref output);
    }

    /// <summary>An exception in VMX root that no fix-up expects.</summary>
    public static void Exception(VCpu* vcpu, HostFrame* frame)
    {
        var buffer = default(PanicBuffer);
        var output = Begin(vcpu, &buffer);
        if (frame->Rip == HostException.RaiseAddress())
        {
            output.Text("check failed in the image: "u8);
            output.Text(Failure(frame->Rcx));
        }
        else
        {
            output.Text("exception in VMX root: vector "u8);
            output.Decimal(frame->Vector);
            output.Text(", error code "u8);
            output.Hex(frame->ErrorCode);
            output.Text(", CR2 "u8);
            output.Hex(ControlRegisters.ReadCr2());
        }

        output.EndLine();
        Callers(vcpu, ref output, frame);
        Registers(ref output, frame);
        if (!vcpu->InContained)
        {
            Guest(vcpu, ref output);
        }

        End(vcpu, ref output);
    }

    /// <summary>A walk of the EPT that should not have failed.</summary>
    public static void EptWalk(VCpu* vcpu, ulong qualification, ulong guestPhysical)
    {
        var buffer = default(PanicBuffer);
        var output = Open(vcpu, &buffer);
        output.Text("EPT: guest-physical "u8);
        output.Hex(guestPhysical);
        output.Text(", qualification "u8);
        output.Hex(qualification);
        output.Text(", view "u8);
        output.Decimal((ulong)vcpu->View);
        output.EndLine();
        var table = (ulong*)(vcpu->Machine->Views.Pointer[(int)vcpu->View] & EptEntry.AddressMask);
        for (var shift = 39; shift >= 12; shift -= 9)
        {
            var entry = table[(guestPhysical >> shift) & 511];
            output.Text("  entry "u8);
            output.Hex(entry);
            output.EndLine();
            if (!EptEntry.IsPresent(entry) || (entry & EptEntry.LargePage) != 0)
            {
                break;
            }

            table = (ulong*)(entry & EptEntry.AddressMask);
        }
    }

    /// <summary>A line about the guest, and its registers; the guest may go on afterwards.</summary>
    public static void DescribeGuest(VCpu* vcpu, ReadOnlySpan<byte> what)
    {
        var buffer = default(PanicBuffer);
        var output = Open(vcpu, &buffer);
        output.Line(what);
        Guest(vcpu, ref output);
    }

    /// <summary>Text to the debug line and to the log, waiting for room on the line: nothing else runs.</summary>
    public static TextWriter Open(VCpu* vcpu, PanicBuffer* buffer)
    {
        TextWriter output = default;
        output.Initialize(buffer->Bytes, BufferBytes, vcpu->Machine, &Send);
        output.Text("\r\nHvKernel: "u8);
        return output;
    }

    /// <summary>Starts a report that this processor does not come back from. Comes back only on the first processor that has something to report.</summary>
    public static TextWriter Begin(VCpu* vcpu, PanicBuffer* buffer)
    {
        PanicStop.Claim(vcpu);
        var output = Open(vcpu, buffer);
        output.Text("panic on processor "u8);
        output.Decimal(vcpu->Number);
        output.Text(", image build "u8);
        for (var i = 0; i < BuildIdBytes; i++)
        {
            output.Hex(vcpu->Machine->BuildId[i], 2);
        }

        output.EndLine();
        return output;
    }

    /// <summary>Ends the report: the other processors, and what becomes of the machine.</summary>
    public static void End(VCpu* vcpu, ref TextWriter output)
    {
        PanicStop.DescribeOthers(vcpu, ref output);
        if (vcpu->Machine->Configuration.ResetOnPanic)
        {
            output.Line("end of panic: reset"u8);
            ShutdownExits.Reset();
        }

        output.Line("end of panic: the machine stands still until it is reset"u8);
        Halt();
    }

    /// <summary>Stays here for ever: what is on the line is all that a person gets.</summary>
    public static void Halt()
    {
        for (; ; )
        {
            Processor.Halt();
        }
    }

    /// <summary>An address: as an offset where it is in the image.</summary>
    public static void ImageAddress(VCpu* vcpu, ref TextWriter output, ulong address)
    {
        // The image's part that stands in the window too.
        var machine = vcpu->Machine;
        if (address - RunnerWindow.Text < RunnerWindow.TextBytes)
        {
            address = address - RunnerWindow.Text + machine->WindowText;
        }

        var offset = address - machine->ImageBase;
        if (offset < machine->ImageBytes)
        {
            output.Text("image+"u8);
            output.Hex(offset);
        }
        else
        {
            output.Hex(address);
        }
    }

    private static void Guest(VCpu* vcpu, ref TextWriter output)
    {
        Register(ref output, "guest rip"u8, VmxInstruction.Read(Vmcs.GuestRip));
        Register(ref output, "rsp"u8, VmxInstruction.Read(Vmcs.GuestRsp));
        Register(ref output, "rflags"u8, VmxInstruction.Read(Vmcs.GuestRflags));
        Register(ref output, "cs"u8, VmxInstruction.Read(Vmcs.GuestCsSelector));
        Register(ref output, "cr0"u8, VmxInstruction.Read(Vmcs.GuestCr0));
        Register(ref output, "cr3"u8, GuestState.Cr3(vcpu));
        Register(ref output, "cr4"u8, VmxInstruction.Read(Vmcs.GuestCr4));
        Register(ref output, "efer"u8, VmxInstruction.Read(Vmcs.GuestIa32Efer));
        Register(ref output, "qualification"u8, VmxInstruction.Read(Vmcs.ExitQualification));
        output.EndLine();
    }

    private static void Register(ref TextWriter output, ReadOnlySpan<byte> name, ulong value)
    {
        output.Text(name);
        output.Byte((byte)' ');
        output.Hex(value);
        output.Text("  "u8);
    }

    private static void Registers(ref TextWriter output, HostFrame* frame)
    {
        Register(ref output, "rax"u8, frame->Rax);
        Register(ref output, "rbx"u8, frame->Rbx);
        Register(ref output, "rcx"u8, frame->Rcx);
        Register(ref output, "rdx"u8, frame->Rdx);
        output.EndLine();
        Register(ref output, "rsi"u8, frame->Rsi);
        Register(ref output, "rdi"u8, frame->Rdi);
        Register(ref output, "rbp"u8, frame->Rbp);
        Register(ref output, "rsp"u8, frame->Rsp);
        output.EndLine();
        Register(ref output, "r8"u8, frame->R8);
        Register(ref output, "r9"u8, frame->R9);
        Register(ref output, "r10"u8, frame->R10);
        Register(ref output, "r11"u8, frame->R11);
        output.EndLine();
        Register(ref output, "r12"u8, frame->R12);
        Register(ref output, "r13"u8, frame->R13);
        Register(ref output, "r14"u8, frame->R14);
        Register(ref output, "r15"u8, frame->R15);
        Register(ref output, "rflags"u8, frame->Rflags);
        output.EndLine();
    }

    // One line for each call, from the place of failure outwards.
    private static void Callers(VCpu* vcpu, ref TextWriter output, HostFrame* frame)
    {
        ImageRange image;
        image.Base = (byte*)vcpu->Machine->ImageBase;
        image.Bytes = (uint)vcpu->Machine->ImageBytes;
        image.Functions = vcpu->Machine->Functions;
        image.FunctionCount = vcpu->Machine->FunctionCount;

        // The stack on which the exception found the processor: its own, or one of those for interrupts.
        var end = vcpu->HostStackTop;
        ulong bytes = HostEnvironment.StackPages * Page.Bytes;
        var index = (frame->Rsp - 1 - RunnerWindow.InterruptStacks) / RunnerWindow.InterruptStackStride;
        if (index < HostTables.InterruptStacks)
        {
            end = RunnerWindow.InterruptStacks + ((index + 1) * RunnerWindow.InterruptStackStride);
            bytes = RunnerWindow.InterruptStackPages * Page.Bytes;
        }

        CallChain chain = default;
        chain.Start(image, frame, end - bytes, end);
        output.Text("  at "u8);
        ImageAddress(vcpu, ref output, chain.Rip);
        output.EndLine();
        for (var callers = 0; callers < MaximumCallers && chain.Next(); callers++)
        {
            output.Text("  called before "u8);
            ImageAddress(vcpu, ref output, chain.Rip);
            output.EndLine();
        }
    }

    private static ReadOnlySpan<byte> Failure(ulong failure) => failure switch
    {
        1 => "overflow"u8,
        2 => "index out of range"u8,
        3 => "null reference"u8,
        4 => "division by zero"u8,
        _ => "invalid program"u8,
    };

    private static void Send(void* context, byte* bytes, int count)
    {
        var machine = (Machine*)context;
        LogRing.Append(machine->Log, bytes, count);
        machine->Link.Uart.TransmitWaiting(bytes, count);
    }

    /// <summary>Room for a line, on the stack of whoever panics.</summary>
    public struct PanicBuffer
    {
        public fixed byte Bytes[BufferBytes];
    }
}
