using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Forwarding;
using HvDbg.Output;
using HvDbg.Sinks;

namespace HvDbg.Tests.Forwarding;

/// <summary>Outputs with real peers in a folder of their own, and what is told about them.</summary>
internal sealed class PeerHarness : IAsyncDisposable
{
    internal const uint Event = 5;

    private readonly string _folder = Directory.CreateTempSubdirectory("hvdbg").FullName;
    private readonly Lock _lock = new();
    private readonly List<Report> _reports = [];

    internal PeerHarness(SinkLimits? limits = null)
    {
        Registry = new OutputRegistry(Show, limits);
    }

    internal OutputRegistry Registry { get; }

    internal string[] Told
    {
        get
        {
            lock (_lock)
            {
                return [.. _reports.SelectMany(report => report.Lines).Select(line => line.Text)];
            }
        }
    }

    internal string PathOf(string name) => Path.Combine(_folder, name);

    internal void Create(string name, OutputKind kind, string? place = null, int port = 0) =>
        Registry.Create(name, new OutputTarget(kind, place ?? PathOf(name), port));

    internal async Task OpenAsync(string name, OutputKind kind, string? place = null, int port = 0)
    {
        Create(name, kind, place, port);
        await Registry.OpenAsync(name, CancellationToken.None).Soon();
    }

    internal void Attach(params string[] names) => Registry.Attach(Event, names);

    /// <summary>What the event sends.</summary>
    internal void Send(int first, int count)
    {
        for (var tick = first; tick < first + count; tick++)
        {
            Registry.Take(Messages.Transition(Event, tick));
        }
    }

    internal SinkFigures Figures(string name) => Registry.FiguresOf(name)!;

    internal Task UntilWritten(string name) => Messages.Until(() => Figures(name).Waiting == 0, $"{name} has nothing that waits");

    internal Task UntilFailed(string name) => Messages.Until(() => Figures(name).State == SinkState.Failed, $"{name} failed");

    internal string[] LinesOf(string name) => File.ReadAllLines(PathOf(name));

    /// <summary>A listener on this machine.</summary>
    internal static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    internal static int PortOf(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await Registry.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private void Show(Report report)
    {
        lock (_lock)
        {
            _reports.Add(report);
        }
    }
}
