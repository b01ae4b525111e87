namespace HvKernel.Vmx;

/// <summary>How the guest goes on after an exit: all that a handler may answer.</summary>
public enum ExitAction : byte
{
    /// <summary>Behind the instruction that exited.</summary>
    Advance = 0,

    /// <summary>At the RIP that the VMCS has: nothing was executed, or the handler moved on by itself.</summary>
    Resume = 1,

    /// <summary>With #UD at the instruction.</summary>
    InjectInvalidOpcode = 2,

    /// <summary>With #GP(0) at the instruction.</summary>
    InjectGeneralProtection = 3,

    /// <summary>Not at all: a state that HvKernel cannot be in.</summary>
    Panic = 4,
}
