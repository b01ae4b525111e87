using System;
using System.Linq;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>Functions of the language that read memory, or that HvKernel does.</summary>
internal sealed partial class FunctionCompiler
{
    private static bool IsRead(BuiltIn function) =>
        function is BuiltIn.Poi or BuiltIn.Dq or BuiltIn.Dd or BuiltIn.Dw or BuiltIn.Db or BuiltIn.Hi or BuiltIn.Low;

    /// <summary>The result, if it has one, in rax.</summary>
    private void BuiltInCall(BoundBuiltInCall call)
    {
        var arguments = call.Arguments.ToArray();
        switch (call.Function)
        {
            case BuiltIn.PoiPa or BuiltIn.DqPa or BuiltIn.DdPa or BuiltIn.DwPa or BuiltIn.DbPa or BuiltIn.HiPa or BuiltIn.LowPa:
                ReadPhysical(call.Function, arguments[0]);
                break;
            case BuiltIn.Memcpy or BuiltIn.Memcmp or BuiltIn.Strlen or BuiltIn.Wcslen or BuiltIn.Strcmp or BuiltIn.Strncmp or BuiltIn.Wcscmp or BuiltIn.Wcsncmp:
                Walk(call.Function, arguments);
                break;
            case BuiltIn.InterlockedExchange or BuiltIn.InterlockedExchangeAdd or BuiltIn.InterlockedIncrement or BuiltIn.InterlockedDecrement
                or BuiltIn.InterlockedCompareExchange or BuiltIn.SpinlockLock or BuiltIn.SpinlockUnlock or BuiltIn.SpinlockLockCustomWait:
                Atomic(call.Function, arguments);
                break;
            case BuiltIn.Rdtsc or BuiltIn.Rdtscp:
                ReadClock(call.Function);
                break;
            default:
                CallKernel(call.Function, arguments);
                break;
        }
    }

    private void Read(BuiltIn function, BoundExpression address, AssemblerRegister64 target)
    {
        var bytes = function switch
        {
            BuiltIn.Db => 1,
            BuiltIn.Dw => 2,
            BuiltIn.Dd => 4,
            _ => 8,
        };
        Value(address, target);
        _context.AddressCheck.Access(target, bytes, writes: false);
        LoadMemory(Unsigned(bytes), target, target + 0);
        TakePart(function, target);
    }

    private void ReadPhysical(BuiltIn function, BoundExpression address)
    {
        Value(address, rcx);
        A.mov(edx, function switch
        {
            BuiltIn.DbPa => 1,
            BuiltIn.DwPa => 2,
            BuiltIn.DdPa => 4,
            _ => 8,
        });
        Helper(ScriptHelper.ReadPhysical);
        TakePart(function, rax);
    }

    // "hi" is bits 16 to 31, "low" bits 0 to 15 of what was read.
    private void TakePart(BuiltIn function, AssemblerRegister64 value)
    {
        if (function is BuiltIn.Hi or BuiltIn.HiPa)
        {
            A.shr(value.Low32(), 16);
        }
        else if (function is BuiltIn.Low or BuiltIn.LowPa)
        {
            A.movzx(value.Low32(), value.Low16());
        }
    }

    private void ReadClock(BuiltIn function)
    {
        if (function == BuiltIn.Rdtsc)
        {
            A.rdtsc();
        }
        else
        {
            A.rdtscp();
        }

        A.shl(rdx, 32);
        A.or(rax, rdx);
    }

    private void CallKernel(BuiltIn function, BoundExpression[] arguments)
    {
        switch (function)
        {
            case BuiltIn.CheckAddress:
                CallKernel(ScriptHelper.CheckAddress, arguments);
                break;
            case BuiltIn.VirtualToPhysical:
                CallKernel(ScriptHelper.VirtualToPhysical, arguments);
                break;
            case BuiltIn.PhysicalToVirtual:
                CallKernel(ScriptHelper.PhysicalToVirtual, arguments);
                break;
            case BuiltIn.DisassembleLength:
                CallKernel(ScriptHelper.InstructionLength, arguments[0], Number(64));
                break;
            case BuiltIn.DisassembleLength32:
                CallKernel(ScriptHelper.InstructionLength, arguments[0], Number(32));
                break;
            case BuiltIn.Eb or BuiltIn.Ed or BuiltIn.Eq:
                CallKernel(ScriptHelper.Write, arguments[0], Number(WrittenBytes(function)), arguments[1]);
                break;
            case BuiltIn.EbPa or BuiltIn.EdPa or BuiltIn.EqPa:
                CallKernel(ScriptHelper.WritePhysical, arguments[0], Number(WrittenBytes(function)), arguments[1]);
                break;
            case BuiltIn.MemcpyPa:
                CallKernel(ScriptHelper.CopyPhysical, arguments);
                break;
            case BuiltIn.EventEnable:
                CallKernel(ScriptHelper.ModifyEvent, arguments[0], Number((ulong)EventOperation.Enable));
                break;
            case BuiltIn.EventDisable:
                CallKernel(ScriptHelper.ModifyEvent, arguments[0], Number((ulong)EventOperation.Disable));
                break;
            case BuiltIn.EventClear:
                CallKernel(ScriptHelper.ModifyEvent, arguments[0], Number((ulong)EventOperation.Clear));
                break;
            case BuiltIn.EventSc:
                CallKernel(ScriptHelper.ShortCircuit, arguments);
                break;
            case BuiltIn.EventInject:
                CallKernel(ScriptHelper.Inject, arguments[0], arguments[1], Number(0), Number(0));
                break;
            case BuiltIn.EventInjectErrorCode:
                CallKernel(ScriptHelper.Inject, arguments[0], arguments[1], arguments[2], Number(1));
                break;
            case BuiltIn.Pause:
                CallKernel(ScriptHelper.Pause);
                break;
            case BuiltIn.Flush:
                CallKernel(ScriptHelper.Flush);
                break;
            case BuiltIn.Microsleep:
                CallKernel(ScriptHelper.Microsleep, arguments);
                break;
            case BuiltIn.TestStatement:
                CallKernel(ScriptHelper.Test, arguments);
                break;
            default:
                throw new InvalidOperationException(function.ToString());
        }
    }

    private void CallKernel(ScriptHelper helper, params ReadOnlySpan<BoundExpression> arguments)
    {
        Values(arguments, rcx, rdx, r8, r9);
        Helper(helper);
    }

    private static int WrittenBytes(BuiltIn function) => function switch
    {
        BuiltIn.Eb or BuiltIn.EbPa => 1,
        BuiltIn.Ed or BuiltIn.EdPa => 4,
        _ => 8,
    };

    private static BoundConstant Number(int value) => Number((ulong)value);

    private static BoundConstant Number(ulong value) => new(default, IntegerType.Word, value);
}
