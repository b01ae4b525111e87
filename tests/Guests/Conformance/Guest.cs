namespace HvKernel.Guests.Conformance;

/// <summary>All that the guest knows: one value in its own memory, as there are no statics.</summary>
internal unsafe struct Guest
{
    public CodeAddresses Code;
    public Record* Record;
    public Output Output;
    public Saved Saved;
    public Pages Pages;
    public ulong TrapStackTop;
    public ulong DoubleFaultStackTop;

    /// <summary>Offsets of the pieces of code that C# runs with registers of its own.</summary>
    public ulong ReadMsrOffset;
    public ulong WriteMsrOffset;
    public ulong CpuidOffset;
    public ulong EndOffset;

    /// <summary>From the load options.</summary>
    public Mode Mode;
    public ulong AttackStart;
    public ulong AttackEnd;

    /// <summary>Where an address of the section .legacy is in the low copy.</summary>
    public readonly ulong InLow(ulong address) => address - (ulong)Code.Legacy + Layout.Low;
}

/// <summary>What the guest was told to do.</summary>
internal enum Mode : byte
{
    Conformance,

    /// <summary>Everything that might hurt a hypervisor and does not end the machine; then power-off, or a halt for a test's questions.</summary>
    Attack,
    TripleFault,
    Init,

    /// <summary>Rewrites its own page tables for ever.</summary>
    Tables,
}
