using HvKernel.Protocol;

namespace HvDbg.Client;

/// <summary>What a step went through, and where the guest stands now.</summary>
/// <param name="Stop">The halt that ended it.</param>
/// <param name="Steps">Steps that came to their end.</param>
/// <param name="Wanted">Steps that were asked for.</param>
public sealed record StepResult(StopEvent Stop, uint Steps, uint Wanted)
{
    /// <summary>Whether all of it was done; else <see cref="Stop"/> says what came meanwhile.</summary>
    public bool IsComplete => Steps == Wanted;
}

/// <summary>A breakpoint to be set.</summary>
/// <param name="Address">First byte of an instruction.</param>
/// <param name="View">Whose address that is; by default the current processor's.</param>
/// <param name="Pid">The only process that it stops; null: all.</param>
/// <param name="Core">The only processor that it stops; null: all.</param>
public sealed record BreakpointDefinition(ulong Address, MemoryView View = default, uint? Pid = null, uint? Core = null);

/// <summary>A breakpoint that was set.</summary>
/// <param name="Id">Its number.</param>
/// <param name="PhysicalAddress">Where it stands, whatever becomes of the address that was given.</param>
/// <param name="IsVisible">Whether the guest can read its byte, because the processor lacks execute-only EPT translations.</param>
public sealed record AddedBreakpoint(uint Id, ulong PhysicalAddress, bool IsVisible);

/// <summary>A breakpoint as the target has it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Address">As it was given; 0 where it was given as a physical one.</param>
/// <param name="PhysicalAddress">Where it stands.</param>
/// <param name="Enabled">Whether it stops anything.</param>
/// <param name="IsVisible">Whether the guest can read its byte.</param>
/// <param name="Pid">The only process that it stops; null: all.</param>
/// <param name="Core">The only processor that it stops; null: all.</param>
/// <param name="Hits">How often it stopped the guest.</param>
public sealed record BreakpointEntry(
    uint Id, ulong Address, ulong PhysicalAddress, bool Enabled, bool IsVisible, uint? Pid, uint? Core, ulong Hits)
{
    internal static BreakpointEntry Of(BreakpointRow row) => new(
        row.Id,
        row.Address,
        row.PhysicalAddress,
        (row.Flags & BreakpointFlags.Enabled) != 0,
        (row.Flags & BreakpointFlags.Visible) != 0,
        row.Pid == LinkProtocol.All ? null : row.Pid,
        row.Core == LinkProtocol.All ? null : row.Core,
        row.Hits);
}
