using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Client.Script.Code;
using HvDbg.Client.Script.Printing;
using HvDbg.Commands;
using HvDbg.Language;

namespace HvDbg.Session;

/// <summary>
/// The scripts of events, as this console has compiled them: what their messages and failures are shown by. Those of events that another console has set are
/// compiled again from the event's text.
/// </summary>
/// <param name="debugger">Where the events are.</param>
/// <param name="table">By what their texts are read.</param>
public sealed class ScriptStore(Debugger debugger, CommandTable table)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<uint, EventScripts?> _known = [];
    private CompiledScript? _once;

    /// <summary>The script that is run once, now or as the last one.</summary>
    public CompiledScript? Once
    {
        get
        {
            lock (_lock)
            {
                return _once;
            }
        }

        set
        {
            lock (_lock)
            {
                _once = value;
            }
        }
    }

    /// <summary>Keeps the scripts of an event that was just set.</summary>
    public void Keep(uint eventId, EventScripts scripts)
    {
        lock (_lock)
        {
            _known[eventId] = scripts;
        }
    }

    /// <summary>The machine was reset, and with it its events.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _known.Clear();
        }
    }

    /// <summary>A message as text, by what is known without asking the target.</summary>
    public string Text(PrintEvent printed)
    {
        EventScripts? scripts = null;
        if (printed.EventId is { } id)
        {
            lock (_lock)
            {
                _known.TryGetValue(id, out scripts);
            }
        }

        var script = printed.EventId is null ? Once : scripts?.Part(printed.Action);
        var formats = script?.Script.Formats;
        return formats is not null && printed.Format < formats.Count
            ? PrintFormatter.Text(formats[printed.Format], printed.Arguments)
            : $"(format {printed.Format} of a script that this console does not know) {PrintFormatter.Raw(printed.Arguments)}";
    }

    /// <summary>The scripts of an event, compiled now where they are not known; null: it has none, or they cannot be compiled here.</summary>
    public async Task<EventScripts?> FindAsync(uint eventId, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_known.TryGetValue(eventId, out var known))
            {
                return known;
            }
        }

        var found = await CompileAgainAsync(eventId, cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            return _known.TryAdd(eventId, found) ? found : _known[eventId];
        }
    }

    private async Task<EventScripts?> CompileAgainAsync(uint eventId, CancellationToken cancellationToken)
    {
        try
        {
            var entry = (await debugger.ListEventsAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(row => row.Id == eventId);
            var text = entry is null ? "" : await debugger.ReadEventTextAsync(entry, cancellationToken).ConfigureAwait(false);
            return CommandParser.Parse(table, text) is { } command
                ? await EventScripts.CompileAsync(debugger, command, cancellationToken).ConfigureAwait(false)
                : null;
        }
        catch (Exception problem) when (problem is DebuggerException or CommandSyntaxException)
        {
            // Cleared since, cut because it was too long, or set by a program of its own.
            return null;
        }
    }
}
