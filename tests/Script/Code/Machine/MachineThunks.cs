using System;
using System.IO;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Script.Tests.Code.Machine;

/// <summary>
/// Machine code of the harness: into a script and back, the gate, and the signal handler that takes a script's faults. Scripts run on a stack of
/// their own; helpers in C# run on the test's.
/// </summary>
internal sealed unsafe class MachineThunks
{
    private const int HostStack = 0x00;
    private const int CodeStart = 0x08;
    private const int CodeEnd = 0x10;
    private const int Ended = 0x18;
    private const int FaultRip = 0x20;
    private const int FaultAddress = 0x28;
    private const int FaultSignal = 0x30;
    private const int ScriptStack = 0x38;
    private const int Misaligned = 0x40;
    private const int Result = 0x48;
    private const int Steps = 0x50;
    private const int IsStepped = 0x58;
    private const int Handlers = 0x100;

    private const int TrapFlag = 0x100;
    private const int PlainFlags = 2;

    /// <summary>Offsets in siginfo_t and ucontext_t of Linux on x86-64.</summary>
    private const int SignalAddress = 16;
    private const int ContextRip = 168;

    /// <summary>Recognisable, and a fault as an address.</summary>
    private const ulong Garbage = 0x5A5A_5A5A_DEAD_0000;

    private readonly Assembler _a = new(64);
    private readonly ulong _state;

    internal MachineThunks(MachineState* state, ulong helper, byte* target)
    {
        _state = (ulong)state;
        var enter = _a.CreateLabel();
        var gate = _a.CreateLabel();
        var handler = _a.CreateLabel();
        var landing = _a.CreateLabel();
        var restore = _a.CreateLabel();
        _a.Label(ref enter);
        EmitEnter(ref restore);
        _a.Label(ref landing);
        _a.mov(r11, _state);
        _a.mov(rsp, __[r11 + HostStack]);
        StepNoMore();
        _a.mov(eax, 1);
        EmitRestore(ref restore);
        _a.Label(ref gate);
        EmitGate(helper, landing);
        _a.Label(ref handler);
        EmitHandler(landing);

        var stream = new MemoryStream();
        var result = _a.Assemble(new StreamCodeWriter(stream), (ulong)target, BlockEncoderOptions.ReturnNewInstructionOffsets);
        stream.ToArray().AsSpan().CopyTo(new Span<byte>(target, (int)stream.Length));
        Enter = (delegate* unmanaged<ulong, ulong, ulong, ulong, ulong, int>)result.GetLabelRIP(enter);
        Gate = result.GetLabelRIP(gate);
        Handler = (nint)result.GetLabelRIP(handler);
    }

    /// <summary>(code, stack pointer, rcx, rdx, r8): 0: the script came to its end, 1: it was ended.</summary>
    internal delegate* unmanaged<ulong, ulong, ulong, ulong, ulong, int> Enter { get; }

    internal ulong Gate { get; }

    internal nint Handler { get; }

    private void EmitEnter(ref Label restore)
    {
        _a.push(rbx);
        _a.push(rbp);
        _a.push(r12);
        _a.push(r13);
        _a.push(r14);
        _a.push(r15);
        _a.push(rax);
        _a.mov(rax, _state);
        _a.mov(__[rax + HostStack], rsp);
        _a.mov(rsp, rsi);
        _a.mov(r10, rdi);
        _a.xchg(rcx, rdx);

        // What a script may find in registers is not its business.
        _a.mov(rbx, Garbage);
        foreach (var register in new[] { rbp, rsi, rdi, r9, r11, r12, r13, r14, r15 })
        {
            _a.mov(register, rbx);
        }

        _a.mov(r11, _state);
        StepAgain(r11);
        _a.mov(eax, 0);
        _a.call(r10);
        StepNoMore();
        _a.mov(r11, _state);
        _a.mov(__[r11 + Result], rax);
        _a.mov(__[r11 + ScriptStack], rsp);
        _a.mov(rsp, __[r11 + HostStack]);
        _a.xor(eax, eax);
        _a.jmp(restore);
    }

    private void EmitRestore(ref Label restore)
    {
        _a.Label(ref restore);
        _a.pop(rcx);
        _a.pop(r15);
        _a.pop(r14);
        _a.pop(r13);
        _a.pop(r12);
        _a.pop(rbp);
        _a.pop(rbx);
        _a.cld();
        _a.ret();
    }

    // Between the script's convention (eax; rcx, rdx, r8, r9; all kept but rax, r11, flags) and the C library's.
    private void EmitGate(ulong helper, Label landing)
    {
        const int SavedBytes = 7 * 8;
        var aligned = _a.CreateLabel();
        StepNoMore();
        _a.mov(r11, _state);
        _a.push(rcx);
        _a.test(spl, 15);
        _a.je(aligned);
        _a.inc(__qword_ptr[r11 + Misaligned]);
        _a.Label(ref aligned);
        _a.push(rdx);
        _a.push(rsi);
        _a.push(rdi);
        _a.push(r8);
        _a.push(r9);
        _a.push(r10);
        _a.mov(__[r11 + ScriptStack], rsp);
        _a.mov(edi, eax);
        _a.mov(rsi, rcx);
        _a.mov(rcx, r8);
        _a.mov(r8, r9);
        _a.mov(r9, __[rsp + SavedBytes]);
        _a.mov(rsp, __[r11 + HostStack]);
        _a.mov(rax, helper);
        _a.call(rax);
        _a.mov(r11, _state);
        _a.cmp(__qword_ptr[r11 + Ended], 0);
        _a.jne(landing);
        _a.mov(rsp, __[r11 + ScriptStack]);
        _a.pop(r10);
        _a.pop(r9);
        _a.pop(r8);
        _a.pop(rdi);
        _a.pop(rsi);
        _a.pop(rdx);
        _a.pop(rcx);
        StepAgain(r11);
        _a.mov(r11, Garbage);
        _a.ret();
    }

    private void StepNoMore()
    {
        _a.push(PlainFlags);
        _a.popfq();
    }

    // Every instruction of the script comes to the signal handler, which counts it.
    private void StepAgain(AssemblerRegister64 state)
    {
        var free = _a.CreateLabel();
        _a.cmp(__qword_ptr[state + IsStepped], 0);
        _a.je(free);
        _a.pushfq();
        _a.or(__qword_ptr[rsp], TrapFlag);
        _a.popfq();
        _a.Label(ref free);
        _a.nop();
    }

    // (signal, siginfo, context), on the thread's signal stack: a fault of the script goes on at the landing, any other to the handler before.
    private void EmitHandler(Label landing)
    {
        var chain = _a.CreateLabel();
        var fault = _a.CreateLabel();
        var elsewhere = _a.CreateLabel();
        _a.mov(rax, _state);
        _a.mov(rcx, __[rdx + ContextRip]);
        _a.cmp(edi, SystemCalls.SignalTrap);
        _a.jne(fault);
        _a.cmp(rcx, __[rax + CodeStart]);
        _a.jb(elsewhere);
        _a.cmp(rcx, __[rax + CodeEnd]);
        _a.jae(elsewhere);
        _a.inc(__qword_ptr[rax + Steps]);
        _a.Label(ref elsewhere);
        _a.ret();
        _a.Label(ref fault);
        _a.cmp(rcx, __[rax + CodeStart]);
        _a.jb(chain);
        _a.cmp(rcx, __[rax + CodeEnd]);
        _a.jae(chain);
        _a.mov(__[rax + FaultRip], rcx);
        _a.mov(r8, __[rsi + SignalAddress]);
        _a.mov(__[rax + FaultAddress], r8);
        _a.mov(__[rax + FaultSignal], rdi);
        _a.lea(rcx, __[landing]);
        _a.mov(__[rdx + ContextRip], rcx);
        _a.ret();
        _a.Label(ref chain);
        _a.mov(ecx, edi);
        _a.jmp(__qword_ptr[rax + (rcx * 8) + Handlers]);
    }
}
