using System.Threading;
using System.Threading.Tasks;
using HvDbg.Terminal;

namespace HvDbg.Session;

/// <summary>Takes commands from a person until they leave.</summary>
public sealed class InteractiveRunner(ConsoleSession session, ILineReader reader)
{
    private readonly Lock _lock = new();
    private CancellationTokenSource? _command;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var line = await reader.ReadLineAsync(() => session.Prompt, cancellationToken).ConfigureAwait(false);
            if (line is null)
            {
                return;
            }

            using var command = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            lock (_lock)
            {
                _command = command;
            }

            var outcome = await session.ExecuteAsync(line, command.Token).ConfigureAwait(false);
            lock (_lock)
            {
                _command = null;
            }

            if (outcome.Leave)
            {
                return;
            }
        }
    }

    /// <summary>Ctrl+C ends the command that is under way, and stops the guest.</summary>
    public Task InterruptAsync()
    {
        lock (_lock)
        {
            _command?.Cancel();
        }

        return session.ExecuteAsync("pause", CancellationToken.None);
    }
}
