using System.Collections.Generic;

namespace HvDbg.Client.Script.Semantics;

/// <summary>Functions of the language, HyperDbg's names in C# casing. What prints is <see cref="BoundPrint"/>.</summary>
public enum BuiltIn
{
    // One address each; the value read. A bad address ends the script.
    Poi, Dq, Dd, Dw, Db, Hi, Low,
    PoiPa, DqPa, DdPa, DwPa, DbPa, HiPa, LowPa,

    // Address and value; 1 written, 0 not.
    Eb, Ed, Eq,
    EbPa, EdPa, EqPa,

    // Destination, source, length.
    Memcpy, MemcpyPa,

    // One address each.
    CheckAddress, VirtualToPhysical, PhysicalToVirtual, DisassembleLength, DisassembleLength32,

    Neg, Not,

    Strlen, Wcslen, Strcmp, Strncmp, Wcscmp, Wcsncmp, Memcmp,

    // The first argument is an address.
    InterlockedExchange, InterlockedExchangeAdd, InterlockedIncrement, InterlockedDecrement, InterlockedCompareExchange,
    SpinlockLock, SpinlockUnlock, SpinlockLockCustomWait,

    EventEnable, EventDisable, EventClear, EventSc, EventInject, EventInjectErrorCode,
    Pause, Flush, Microsleep,

    Rdtsc, Rdtscp,

    /// <summary>For tests: hands a value to whoever runs the script.</summary>
    TestStatement,
}

/// <summary>What the compiler knows of the functions of the language.</summary>
public static class BuiltIns
{
    private static readonly HashSet<BuiltIn> Voids =
    [
        BuiltIn.Memcpy, BuiltIn.MemcpyPa, BuiltIn.SpinlockLock, BuiltIn.SpinlockUnlock, BuiltIn.SpinlockLockCustomWait, BuiltIn.EventEnable,
        BuiltIn.EventDisable, BuiltIn.EventClear, BuiltIn.EventSc, BuiltIn.EventInject, BuiltIn.EventInjectErrorCode, BuiltIn.Pause,
        BuiltIn.Flush, BuiltIn.Microsleep, BuiltIn.TestStatement,
    ];

    /// <summary>Whether it has no value.</summary>
    public static bool IsVoid(BuiltIn function) => Voids.Contains(function);
}

/// <summary>Pseudo-registers.</summary>
public enum PseudoRegister
{
    Pid, Tid, Proc, Thread, Pname, Peb, Teb, Core, Ip, Buffer, Context, EventTag, EventId, EventStage, Date, Time,
}
