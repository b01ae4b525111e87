using System.Collections.Generic;
using HvDbg.Client;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>One run of a scenario under an event: what the guest says it made, and what the target and the debugger saw.</summary>
public sealed record LabObservation
{
    public required LabScenario Scenario { get; init; }

    public required LabFigures Guest { get; init; }

    /// <summary>The events that were set, as listed at the end.</summary>
    public required IReadOnlyList<EventEntry> Events { get; init; }

    /// <summary>Records, where an event logged.</summary>
    public IReadOnlyList<Transition> Records { get; init; } = [];

    /// <summary>EPT violations, page faults (or NMIs) and accesses to control registers that exited, from before the flag to the report.</summary>
    public required ulong Violations { get; init; }

    public required ulong Faults { get; init; }

    public required ulong ControlRegisterExits { get; init; }
}
