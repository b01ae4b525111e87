using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Output;
using HvDbg.Session;
using HvDbg.Sinks;

namespace HvDbg.Tests.Fake;

/// <summary>A console at a fake target, whose output is kept.</summary>
internal sealed class ConsoleHarness : IConsoleOutput, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Report> _reports = [];
    private int _seen;

    private ConsoleHarness(FakeTarget target, Debugger debugger, GuestConsole? guest, ISinkRegistry? sinks)
    {
        Target = target;
        Debugger = debugger;
        Session = new ConsoleSession(debugger, this, null, guest, sinks);
    }

    internal FakeTarget Target { get; }

    internal Debugger Debugger { get; }

    internal ConsoleSession Session { get; }

    internal IReadOnlyList<Report> Reports
    {
        get
        {
            lock (_lock)
            {
                return [.. _reports];
            }
        }
    }

    /// <summary>Everything shown so far.</summary>
    internal string Text => string.Join('\n', Reports.SelectMany(report => report.Lines).Select(line => line.Text));

    internal static async Task<ConsoleHarness> StartAsync(
        FakeTarget? target = null, GuestConsole? guest = null, LinkOptions? options = null, ISinkRegistry? sinks = null)
    {
        target ??= new FakeTarget();
        return new ConsoleHarness(target, await target.AttachAsync(options), guest, sinks);
    }

    public void Write(Report report)
    {
        lock (_lock)
        {
            _reports.Add(report);
        }
    }

    /// <summary>Carries one command out.</summary>
    /// <returns>The lines that were shown since the command before ended: its own, and what happened meanwhile.</returns>
    internal async Task<string> RunAsync(string command)
    {
        var reports = await ExecuteAsync(command);
        return string.Join('\n', reports.SelectMany(report => report.Lines).Select(line => line.Text));
    }

    /// <summary>The same for programs: the objects it showed.</summary>
    internal async Task<JsonObject[]> RunJsonAsync(string command)
    {
        var reports = await ExecuteAsync(command);
        var writer = new StringWriter();
        var json = new JsonOutput(writer);
        foreach (var report in reports)
        {
            json.Write(report);
        }

        return [.. writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())];
    }

    internal bool Succeeded { get; private set; }

    private async Task<List<Report>> ExecuteAsync(string command)
    {
        Succeeded = (await Session.ExecuteAsync(command, CancellationToken.None)).Succeeded;
        lock (_lock)
        {
            var fresh = _reports[_seen..];
            _seen = _reports.Count;
            return fresh;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync();
        await Debugger.DisposeAsync();
    }
}
