using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>Collects the records of events with the action log.</summary>
public sealed class TransitionLog(Debugger debugger) : IDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private readonly EventSubscription _subscription = debugger.Subscribe();

    /// <summary>Waits for that many records, and takes whatever came with the last of them.</summary>
    public async Task<IReadOnlyList<Transition>> ReadAsync(ulong count)
    {
        var records = new List<Transition>();
        using var limit = new CancellationTokenSource(LongestWait);
        try
        {
            while ((ulong)records.Count < count)
            {
                if (await _subscription.Reader.ReadAsync(limit.Token) is TransitionsEvent part)
                {
                    records.AddRange(part.Transitions);
                }
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{records.Count} records of {count} within {LongestWait.TotalSeconds:0} s; {debugger.LinkStatistics}");
        }

        return records;
    }

    public void Dispose() => _subscription.Dispose();
}
