namespace HvKernel.Boot;

/// <summary>What to do where the machine cannot be virtualised.</summary>
public enum OnRefusal : byte
{
    /// <summary>Start the next program without HvKernel.</summary>
    Continue = 0,

    /// <summary>Go back to the firmware.</summary>
    Stop = 1,
}

/// <summary>What to do where HvKernel itself has failed, and has said so.</summary>
public enum OnPanic : byte
{
    /// <summary>Stand still, so that a person can read it.</summary>
    Halt = 0,

    /// <summary>Reset the machine; the log survives that.</summary>
    Reset = 1,
}

/// <summary>How much is said on the firmware's console and the debug line.</summary>
public enum LogLevel : byte
{
    /// <summary>The banner and errors.</summary>
    Quiet = 0,
    Info = 1,

    /// <summary>Memory layout and controls too.</summary>
    Debug = 2,
}
