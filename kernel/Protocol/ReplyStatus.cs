namespace HvKernel.Protocol;

/// <summary>First word of every reply.</summary>
public enum ReplyStatus : uint
{
    Ok = 0,

    /// <summary>The target does not know this request type.</summary>
    UnknownRequest = 1,

    /// <summary>The payload has another length than the request's layout.</summary>
    BadLength = 2,

    /// <summary>A field has a value outside its range; the detail word is the byte offset of the field in the request.</summary>
    BadField = 3,

    /// <summary>No translation for the address; as much as was reached stands in the reply.</summary>
    NotMapped = 4,

    /// <summary>The address is no guest RAM: a device, a hole, or HvKernel's own memory.</summary>
    NotRam = 5,

    /// <summary>The processor raised #GP for this MSR or value.</summary>
    MsrFault = 6,

    /// <summary>No processor with this number.</summary>
    NoSuchProcessor = 7,

    /// <summary>The request needs a stopped guest.</summary>
    NotStopped = 8,

    /// <summary>No room for another event.</summary>
    EventTableFull = 9,

    /// <summary>No event with this number.</summary>
    NoSuchEvent = 10,

    /// <summary>The guest's operating system was not recognised; the detail word is the step of the discovery that failed.</summary>
    GuestOsUnknown = 11,

    /// <summary>No process with this pid (or thread id).</summary>
    NoSuchProcess = 12,

    /// <summary>The processor lacks a feature that this needs; the detail word is a <see cref="TargetCapabilities"/> bit.</summary>
    FeatureMissing = 13,

    /// <summary>Another event would fire on the same transitions; the detail word is its number.</summary>
    DuplicateEvent = 14,

    /// <summary>No symbol with this name, or none at or below this address.</summary>
    NoSuchSymbol = 15,

    /// <summary>The pid names a kernel thread, which has no user mode.</summary>
    KernelThread = 16,

    /// <summary>The page root is not a page of guest RAM.</summary>
    BadPageRoot = 17,

    /// <summary>The guest's process list could not be walked to its end: it was being changed when the guest stopped, or is damaged.</summary>
    ProcessListChanging = 18,

    /// <summary>No room for the event's code or safe buffers; the detail word is the number of bytes that were asked for.</summary>
    NoCodeMemory = 19,

    /// <summary>The console observes only: nothing may stop the guest.</summary>
    ObserveOnly = 20,

    /// <summary>This kind of action is not available; the detail word is the action's number.</summary>
    ActionUnavailable = 21,

    /// <summary>The code failed; the reply describes it.</summary>
    CodeFaulted = 22,

    /// <summary>The processor waits for its start-up (SIPI) or does not come in time; the detail word is its number.</summary>
    ProcessorAway = 23,

    /// <summary>No room for another breakpoint: there are too many, or they are on too many pages.</summary>
    BreakpointTableFull = 24,

    /// <summary>No breakpoint with this number.</summary>
    NoSuchBreakpoint = 25,

    /// <summary>The same breakpoint exists; the detail word is its number.</summary>
    DuplicateBreakpoint = 26,

    /// <summary>
    /// Without mode-based execute control transitions cannot be caught in the guest's paging mode; the detail word is a <see cref="ShadowObstacle"/>.
    /// </summary>
    PagingUnsuitable = 27,

    /// <summary>No room for another global word of scripts.</summary>
    GlobalsFull = 28,
}
