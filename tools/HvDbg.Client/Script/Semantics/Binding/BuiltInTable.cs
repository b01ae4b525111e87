using System.Collections.Generic;

namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>The functions of the language by their names in scripts. Those that print, and <c>reference</c>, are not calls and not here.</summary>
internal static class BuiltInTable
{
    private static readonly Dictionary<string, (BuiltIn Function, int Arguments)> Functions = new()
    {
        ["poi"] = (BuiltIn.Poi, 1),
        ["dq"] = (BuiltIn.Dq, 1),
        ["dd"] = (BuiltIn.Dd, 1),
        ["dw"] = (BuiltIn.Dw, 1),
        ["db"] = (BuiltIn.Db, 1),
        ["hi"] = (BuiltIn.Hi, 1),
        ["low"] = (BuiltIn.Low, 1),
        ["poi_pa"] = (BuiltIn.PoiPa, 1),
        ["dq_pa"] = (BuiltIn.DqPa, 1),
        ["dd_pa"] = (BuiltIn.DdPa, 1),
        ["dw_pa"] = (BuiltIn.DwPa, 1),
        ["db_pa"] = (BuiltIn.DbPa, 1),
        ["hi_pa"] = (BuiltIn.HiPa, 1),
        ["low_pa"] = (BuiltIn.LowPa, 1),
        ["eb"] = (BuiltIn.Eb, 2),
        ["ed"] = (BuiltIn.Ed, 2),
        ["eq"] = (BuiltIn.Eq, 2),
        ["eb_pa"] = (BuiltIn.EbPa, 2),
        ["ed_pa"] = (BuiltIn.EdPa, 2),
        ["eq_pa"] = (BuiltIn.EqPa, 2),
        ["memcpy"] = (BuiltIn.Memcpy, 3),
        ["memcpy_pa"] = (BuiltIn.MemcpyPa, 3),
        ["check_address"] = (BuiltIn.CheckAddress, 1),
        ["virtual_to_physical"] = (BuiltIn.VirtualToPhysical, 1),
        ["physical_to_virtual"] = (BuiltIn.PhysicalToVirtual, 1),
        ["disassemble_len"] = (BuiltIn.DisassembleLength, 1),
        ["disassemble_len64"] = (BuiltIn.DisassembleLength, 1),
        ["disassemble_len32"] = (BuiltIn.DisassembleLength32, 1),
        ["neg"] = (BuiltIn.Neg, 1),
        ["not"] = (BuiltIn.Not, 1),
        ["strlen"] = (BuiltIn.Strlen, 1),
        ["wcslen"] = (BuiltIn.Wcslen, 1),
        ["strcmp"] = (BuiltIn.Strcmp, 2),
        ["strncmp"] = (BuiltIn.Strncmp, 3),
        ["wcscmp"] = (BuiltIn.Wcscmp, 2),
        ["wcsncmp"] = (BuiltIn.Wcsncmp, 3),
        ["memcmp"] = (BuiltIn.Memcmp, 3),
        ["interlocked_exchange"] = (BuiltIn.InterlockedExchange, 2),
        ["interlocked_exchange_add"] = (BuiltIn.InterlockedExchangeAdd, 2),
        ["interlocked_increment"] = (BuiltIn.InterlockedIncrement, 1),
        ["interlocked_decrement"] = (BuiltIn.InterlockedDecrement, 1),
        ["interlocked_compare_exchange"] = (BuiltIn.InterlockedCompareExchange, 3),
        ["spinlock_lock"] = (BuiltIn.SpinlockLock, 1),
        ["spinlock_unlock"] = (BuiltIn.SpinlockUnlock, 1),
        ["spinlock_lock_custom_wait"] = (BuiltIn.SpinlockLockCustomWait, 2),
        ["event_enable"] = (BuiltIn.EventEnable, 1),
        ["event_disable"] = (BuiltIn.EventDisable, 1),
        ["event_clear"] = (BuiltIn.EventClear, 1),
        ["event_sc"] = (BuiltIn.EventSc, 1),
        ["event_inject"] = (BuiltIn.EventInject, 2),
        ["event_inject_error_code"] = (BuiltIn.EventInjectErrorCode, 3),
        ["pause"] = (BuiltIn.Pause, 0),
        ["flush"] = (BuiltIn.Flush, 0),
        ["microsleep"] = (BuiltIn.Microsleep, 1),
        ["rdtsc"] = (BuiltIn.Rdtsc, 0),
        ["rdtscp"] = (BuiltIn.Rdtscp, 0),
        ["test_statement"] = (BuiltIn.TestStatement, 1),
    };

    private const string NoStepping = "a script cannot step the guest; 'p', 't' and 'gu' do";
    private const string NoBranchRecords = "last-branch records are not kept";

    private static readonly Dictionary<string, string> Unavailable = new()
    {
        ["event_trace_step"] = NoStepping,
        ["event_trace_step_in"] = NoStepping,
        ["event_trace_step_out"] = NoStepping,
        ["event_trace_instrumentation_step"] = NoStepping,
        ["event_trace_instrumentation_step_in"] = NoStepping,
        ["lbr_save"] = NoBranchRecords,
        ["lbr_dump"] = NoBranchRecords,
        ["lbr_print"] = NoBranchRecords,
        ["lbr_restore"] = NoBranchRecords,
        ["lbr_check"] = NoBranchRecords,
        ["lbr_restore_by_filter"] = NoBranchRecords,
    };

    private static readonly string[] Others = ["print", "printf", "formats", "reference", "ref"];

    /// <summary>Every name that a call can have, those of functions that are not available left out.</summary>
    internal static IEnumerable<string> Names => [.. Functions.Keys, .. Others];

    /// <summary>Whether scripts cannot define a function of this name.</summary>
    internal static bool IsTaken(string name) => Functions.ContainsKey(name) || Unavailable.ContainsKey(name) || System.Array.IndexOf(Others, name) >= 0;

    internal static (BuiltIn Function, int Arguments)? Find(string name) => Functions.TryGetValue(name, out var found) ? found : null;

    /// <summary>Why one of HyperDbg's functions is not to be had; null: it is none of these.</summary>
    internal static string? WhyUnavailable(string name) => Unavailable.GetValueOrDefault(name);
}
