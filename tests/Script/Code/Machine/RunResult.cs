using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Text;
using HvKernel.Protocol;

namespace HvDbg.Script.Tests.Code.Machine;

/// <summary>How a run ended.</summary>
internal enum RunEnd
{
    Completed,

    /// <summary>By its own report.</summary>
    Failed,

    /// <summary>By a fault of the processor.</summary>
    Faulted,
}

/// <summary>One message: the format's number, the raw words, and what stood at those that are strings.</summary>
internal sealed record PrintedMessage(int Format, IReadOnlyList<ulong> Words, IReadOnlyList<int> Kinds, IReadOnlyList<string?> Texts);

/// <summary>A helper call that only changes something outside.</summary>
internal sealed record HelperCall(ScriptHelper Helper, ulong First, ulong Second, ulong Third, ulong Fourth);

/// <summary>What a run did.</summary>
internal sealed class RunResult
{
    internal RunEnd End { get; set; }

    /// <summary>rax.</summary>
    internal ulong Value { get; set; }

    internal ScriptFailure Failure { get; set; }

    internal ulong Detail { get; set; }

    /// <summary>Of a fault.</summary>
    internal ulong Address { get; set; }

    /// <summary>The place in the script that a failure or fault belongs to.</summary>
    internal SourceSpan? Span { get; set; }

    internal List<ulong> Tests { get; } = [];

    internal List<PrintedMessage> Messages { get; } = [];

    internal List<HelperCall> Calls { get; } = [];

    public override string ToString() => End switch
    {
        RunEnd.Completed => $"completed: {Value:x}, tests [{string.Join(", ", Tests.Select(value => value.ToString("x")))}]",
        RunEnd.Failed => $"failed: {Failure}, detail {Detail:x}",
        _ => $"faulted at address {Address:x}",
    };
}
