using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client.Script.Code;
using HvKernel.Protocol;

namespace HvDbg.Client;

public sealed partial class Debugger
{
    /// <summary>The addresses that scripts are compiled for on this target; tells it the time as well, for <c>$date</c> and <c>$time</c>.</summary>
    public async Task<ScriptLayout> GetScriptLayoutAsync(CancellationToken cancellationToken = default)
    {
        var request = new ScriptLayoutRequest { UnixMilliseconds = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() };
        var payload = await RequestAsync(MessageType.ScriptLayout, Wire.Bytes(request), cancellationToken, _options.SearchTimeout).ConfigureAwait(false);
        var reply = Wire.Read<ScriptLayoutReply>(payload, MessageType.ScriptLayout);
        return new ScriptLayout(
            reply.Gate, reply.Globals, (int)reply.GlobalCount, reply.Data, (int)reply.DataBytes, reply.WindowStart, reply.WindowBytes,
            reply.Buffers, (int)reply.BufferBytes);
    }

    /// <summary>The numbers of global words of scripts; names that are new are given the next ones.</summary>
    /// <param name="names">Names without the dot.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="DebuggerException">A name is too long, or the target has no room for another.</exception>
    public async Task<IReadOnlyDictionary<string, int>> NameGlobalsAsync(IEnumerable<string> names, CancellationToken cancellationToken = default)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in names.Distinct(StringComparer.Ordinal))
        {
            var bytes = Encoding.UTF8.GetBytes(name);
            if (bytes.Length is 0 or >= ScriptLimits.GlobalNameBytes)
            {
                throw new DebuggerException($"the global .{name} has a name of {bytes.Length} bytes: expected 1 to {ScriptLimits.GlobalNameBytes - 1}");
            }

            var payload = await RequestAsync(MessageType.NameGlobal, bytes, cancellationToken).ConfigureAwait(false);
            numbers.Add(name, (int)Wire.Read<NameGlobalReply>(payload, MessageType.NameGlobal).Number);
        }

        return numbers;
    }

    /// <summary>All global words that some script has named, with their values.</summary>
    public async Task<IReadOnlyList<ScriptGlobal>> ListGlobalsAsync(CancellationToken cancellationToken = default)
    {
        var rows = await ListAsync<GlobalRow>(MessageType.ListGlobals, null, cancellationToken).ConfigureAwait(false);
        return rows.ConvertAll(GlobalOf);
    }

    /// <summary>
    /// Runs a compiled script once on the current processor, in the context of the stopped guest. A script that fails is an answer, no exception; what it prints
    /// comes as <see cref="PrintEvent"/> ahead of the answer.
    /// </summary>
    /// <param name="script">The script, compiled for <see cref="GetScriptLayoutAsync"/>.</param>
    /// <param name="keepRegisters">Throw away what it writes to GUEST_REGS.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="TargetException"><see cref="ReplyStatus.NotStopped"/> while the guest runs.</exception>
    public Task<CodeRun> RunScriptAsync(CompiledScript script, bool keepRegisters = false, CancellationToken cancellationToken = default)
    {
        EventRequest.CheckLength(script.Bytes, "compiled script");
        return RunOnceAsync(
            script.Bytes, RunManner.Direct, EventRequest.ScriptFlags(script), keepRegisters ? RunCodeFlags.KeepRegisters : RunCodeFlags.None, 0, 0, cancellationToken);
    }

    private static unsafe ScriptGlobal GlobalOf(GlobalRow row) =>
        new(Encoding.UTF8.GetString(new ReadOnlySpan<byte>(row.Name, ScriptLimits.GlobalNameBytes).TrimEnd((byte)0)), (int)row.Number, row.Value);
}
