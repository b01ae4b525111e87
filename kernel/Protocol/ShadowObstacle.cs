namespace HvKernel.Protocol;

/// <summary>Why shadow roots cannot catch transitions in the guest's paging mode as it is: detail of <see cref="ReplyStatus.PagingUnsuitable"/>.</summary>
public enum ShadowObstacle : uint
{
    None = 0,

    /// <summary>The guest does not use 4-level paging in IA-32e mode.</summary>
    NotFourLevel = 1,

    /// <summary>CR4.LA57: 5-level paging, where both halves hang on one level more.</summary>
    FiveLevel = 2,

    /// <summary>IA32_EFER.NXE is 0: page tables cannot forbid execution.</summary>
    NoExecuteDisable = 3,
}
