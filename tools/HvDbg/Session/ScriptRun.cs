using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Client.Script;
using HvDbg.Client.Script.Code;
using HvDbg.Display;

namespace HvDbg.Session;

/// <summary>Scripts that are run once in the stopped guest.</summary>
internal static class ScriptRun
{
    /// <summary>Runs a script and answers what it returns.</summary>
    /// <exception cref="DebuggerException">It failed; the message says why and where.</exception>
    internal static async Task<ulong> ValueAsync(Debugger debugger, CompiledScript script, CancellationToken cancellationToken)
    {
        var run = await debugger.RunScriptAsync(script, cancellationToken: cancellationToken).ConfigureAwait(false);
        return run.Fault is { } fault
            ? throw new DebuggerException(string.Join('\n', ScriptFault.Lines(CodeDisplay.Why(fault), fault, script)))
            : run.Result;
    }
}
