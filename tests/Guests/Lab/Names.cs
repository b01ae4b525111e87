using System;

namespace HvKernel.Guests.Lab;

/// <summary>The words of the options and of the lines on the console.</summary>
internal static class Names
{
    public static ReadOnlySpan<byte> Of(ScenarioKind kind) => kind switch
    {
        ScenarioKind.Syscall => "syscall"u8,
        ScenarioKind.Interrupt => "int"u8,
        ScenarioKind.PageFault => "pagefault"u8,
        ScenarioKind.InvalidOpcode => "ud"u8,
        ScenarioKind.Timer => "timer"u8,
        ScenarioKind.Switch => "switch"u8,
        ScenarioKind.Allocate => "alloc"u8,
        ScenarioKind.Tagged => "tag"u8,
        ScenarioKind.Numbers => "numbers"u8,
        ScenarioKind.Vectors => "vectors"u8,
        ScenarioKind.Steady => "steady"u8,
        ScenarioKind.UserSpin => "userspin"u8,
        ScenarioKind.Pinned => "pinned"u8,
        ScenarioKind.Migrating => "migrating"u8,
        ScenarioKind.Offline => "offline"u8,
        ScenarioKind.Nmi => "nmi"u8,
        ScenarioKind.Ipi => "ipi"u8,
        ScenarioKind.Spin => "spin"u8,
        ScenarioKind.Halt => "halt"u8,
        ScenarioKind.Dead => "dead"u8,
        _ => "poweroff"u8,
    };

    public static ReadOnlySpan<byte> Of(AddressSpaceMode mode) => mode switch
    {
        AddressSpaceMode.Plain => "plain"u8,
        AddressSpaceMode.TwoRoot => "two-root"u8,
        _ => "pcid"u8,
    };
}
