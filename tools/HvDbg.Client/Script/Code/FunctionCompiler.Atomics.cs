using System;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>Atomic operations on eight bytes, with the results of the Windows functions of the same names, and spinlocks.</summary>
internal sealed partial class FunctionCompiler
{
    private void Atomic(BuiltIn function, BoundExpression[] arguments)
    {
        Values(arguments, rcx, rdx, r8);
        _context.AddressCheck.Access(rcx, 8, writes: true);
        switch (function)
        {
            case BuiltIn.InterlockedExchange:
                A.mov(rax, rdx);
                A.xchg(__qword_ptr[rcx], rax);
                break;
            case BuiltIn.InterlockedExchangeAdd:
                A.mov(rax, rdx);
                A.@lock.xadd(__qword_ptr[rcx], rax);
                break;
            case BuiltIn.InterlockedIncrement:
                A.mov(eax, 1);
                A.@lock.xadd(__qword_ptr[rcx], rax);
                A.inc(rax);
                break;
            case BuiltIn.InterlockedDecrement:
                A.mov(rax, -1);
                A.@lock.xadd(__qword_ptr[rcx], rax);
                A.dec(rax);
                break;
            case BuiltIn.InterlockedCompareExchange:
                A.mov(rax, r8);
                A.@lock.cmpxchg(__qword_ptr[rcx], rdx);
                break;
            case BuiltIn.SpinlockUnlock:
                A.mov(__qword_ptr[rcx], 0);
                break;
            case BuiltIn.SpinlockLock or BuiltIn.SpinlockLockCustomWait:
                // Scripts run on one processor at a time: whoever holds it will not let go during this run, and waiting is of no use.
                A.@lock.bts(__qword_ptr[rcx], (byte)0);
                A.jb(_context.Failure(ScriptFailure.Lock).Label);
                break;
            default:
                throw new InvalidOperationException(function.ToString());
        }
    }
}
