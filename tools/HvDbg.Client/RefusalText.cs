using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>One line in words for each <see cref="ReplyStatus"/>.</summary>
public static class RefusalText
{
    /// <summary>What a person should read when the target answers <paramref name="status"/>.</summary>
    public static string Of(MessageType request, ReplyStatus status, uint detail) => status switch
    {
        ReplyStatus.Ok => "done",
        ReplyStatus.UnknownRequest => $"the target does not know the request {request}: its image is older than this console",
        ReplyStatus.BadLength => $"the target found the request {request} of a wrong length: its image and this console do not belong together",
        ReplyStatus.BadField => $"the target refused a value in the request {request} (the field at byte {detail})",
        ReplyStatus.NotMapped => "the address is not mapped",
        ReplyStatus.NotRam => "the address is no guest RAM: a device, a hole, or memory of HvKernel itself",
        ReplyStatus.MsrFault when request == MessageType.WriteMsr => "the processor refuses this MSR or this value for it (#GP)",
        ReplyStatus.MsrFault => "the processor has no such MSR (#GP)",
        ReplyStatus.NoSuchProcessor => "the target has no processor with this number",
        ReplyStatus.NotStopped => "the guest runs: stop it first with 'pause' or Ctrl+C",
        ReplyStatus.EventTableFull => "the target has no room for another event: clear one first with 'events c ID'",
        ReplyStatus.NoSuchEvent => "there is no event with this number",
        ReplyStatus.GuestOsUnknown =>
            $"the guest's operating system was not recognised (its discovery failed at step {detail}): 'cr3 X' in the place of 'pid X' works without it",
        ReplyStatus.NoSuchProcess => "there is no process with this pid",
        ReplyStatus.FeatureMissing => $"the processor lacks {FeatureName((TargetCapabilities)detail)}",
        ReplyStatus.DuplicateEvent => $"event {detail:x} already watches these transitions: clear it first with 'events c {detail:x}'",
        ReplyStatus.NoSuchSymbol => "the guest's kernel has no such symbol",
        ReplyStatus.KernelThread => "the pid names a kernel thread, which has no user mode",
        ReplyStatus.ProcessListChanging => "the guest was changing its list of processes: let it go on, and try again",
        ReplyStatus.NoCodeMemory =>
            $"the target has no room for {detail:x} bytes of code and safe buffers: clear an event first with 'events c ID', or ask for a smaller buffer",
        ReplyStatus.ObserveOnly => "this console observes only (--observe): nothing may stop the guest",
        ReplyStatus.ActionUnavailable => $"the target cannot carry out actions of kind {detail} ({(EventAction)detail})",
        ReplyStatus.CodeFaulted => "the code failed",
        ReplyStatus.ProcessorAway => $"processor {detail:x} waits for its start-up (SIPI), or does not come in time",
        ReplyStatus.BreakpointTableFull =>
            "the target has no room for another breakpoint (64, on at most 32 pages): clear one first with 'bc ID'",
        ReplyStatus.NoSuchBreakpoint => "there is no breakpoint with this number",
        ReplyStatus.DuplicateBreakpoint => $"breakpoint {detail:x} is the same",
        ReplyStatus.PagingUnsuitable => Obstacle((ShadowObstacle)detail),
        ReplyStatus.GlobalsFull => $"the target has no room for another global of scripts: there are {ScriptLimits.Globals}",
        ReplyStatus.BadPageRoot => "the page root is not a page of guest RAM",
        _ => $"the target refused the request {request} with status {(uint)status} (detail {detail:x})",
    };

    private static string Obstacle(ShadowObstacle obstacle) => obstacle switch
    {
        ShadowObstacle.NotFourLevel =>
            "the guest is not in 64-bit mode (yet): the processor lacks MBEC, and shadow page roots catch transitions under 4-level paging only",
        ShadowObstacle.FiveLevel =>
            "the guest uses 5-level paging (CR4.LA57): the processor lacks MBEC, and shadow page roots catch transitions under 4-level paging only",
        ShadowObstacle.NoExecuteDisable =>
            "the guest has IA32_EFER.NXE off: the processor lacks MBEC, and shadow page roots catch transitions by execute-disabled entries",
        _ => $"the guest's paging mode does not allow catching transitions ({(uint)obstacle:x})",
    };

    private static string FeatureName(TargetCapabilities feature) => feature switch
    {
        TargetCapabilities.ModeBasedExecute => "MBEC (mode-based execute control for EPT) and the monitor trap flag that its fallback needs: transitions cannot be caught",
        TargetCapabilities.ExecuteOnly => "execute-only EPT translations",
        TargetCapabilities.MonitorTrap => "the monitor trap flag, without which there are no steps and no breakpoints",
        _ => $"a feature this console has no name for ({(uint)feature:x})",
    };
}
