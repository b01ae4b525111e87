using HvKernel.Protocol;

namespace HvKernel.Events.Scripts;

/// <summary>A call of a helper: arguments in, answer or failure out.</summary>
public struct ScriptCall
{
    /// <summary>rcx, rdx, r8, r9.</summary>
    public ulong Argument0, Argument1, Argument2, Argument3;

    /// <summary>rax.</summary>
    public ulong Answer;

    /// <summary>Whether the script ends here, why, and what about.</summary>
    public bool Failed;
    public ScriptFailure Failure;
    public ulong Detail;

    /// <summary>The script ends.</summary>
    public void Fail(ScriptFailure failure, ulong detail)
    {
        Failed = true;
        Failure = failure;
        Detail = detail;
    }
}
