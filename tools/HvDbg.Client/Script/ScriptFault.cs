using System.Collections.Generic;
using HvDbg.Client.Script.Code;
using HvDbg.Client.Script.Text;
using HvKernel.Protocol;

namespace HvDbg.Client.Script;

/// <summary>Why a script ended at run time, in words, and where in its text.</summary>
public static class ScriptFault
{
    /// <summary>What happened, in one sentence; null: nothing that only scripts do.</summary>
    public static string? Why(CodeFaultEvent fault) => fault.Kind != BlobFaultKind.ScriptFailure ? null : (ScriptFailure)fault.Detail switch
    {
        ScriptFailure.Budget => $"more than {ScriptLayout.Budget} operations in one run: is there a loop without an end?",
        ScriptFailure.DivisionByZero => "division by zero",
        ScriptFailure.Stack => "too many calls within calls, or too much local data",
        ScriptFailure.Address => $"the address {fault.Address:x} is not the guest's to read or write",
        ScriptFailure.Lock => $"the lock at {fault.Address:x} is held, and nobody could give it back during this run",
        ScriptFailure.Float => "a floating-point result that is no number, or infinite",
        ScriptFailure.Argument => $"an argument that the function does not take ({fault.Address:x})",
        _ => $"failure {fault.Detail:x} ({fault.Address:x})",
    };

    /// <summary>The place in the script; null where it is not known.</summary>
    public static SourceSpan? Place(CodeFaultEvent fault, CompiledScript script)
    {
        // A helper is named by what follows the call, an exception by the instruction itself.
        var isCall = fault.Kind is BlobFaultKind.ScriptFailure or BlobFaultKind.TimeLimit;
        return fault.Offset is not { } offset ? null : script.SpanOf(isCall && offset > 0 ? (int)offset - 1 : (int)offset);
    }

    /// <summary>The place as lines: the message with its position, the line of the script, a caret.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="fault">The failure.</param>
    /// <param name="script">The script whose code it was.</param>
    public static IEnumerable<string> Lines(string message, CodeFaultEvent fault, CompiledScript script) =>
        Place(fault, script) is { } place ? new ScriptDiagnostic(place, message).Lines() : [message];
}
