namespace HvKernel.Memory;

/// <summary>Memory types as MTRRs and EPT entries encode them (SDM vol. 3A, "Memory Types and Their Properties").</summary>
public enum MemoryType : byte
{
    Uncacheable = 0,
    WriteCombining = 1,
    WriteThrough = 4,
    WriteProtected = 5,
    WriteBack = 6,

    /// <summary>Not of the processor: parts of the range have different types.</summary>
    Mixed = 0xFF,
}
