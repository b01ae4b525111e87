using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace HvDbg.Session;

/// <summary>Carries commands out in order.</summary>
public static class BatchRunner
{
    /// <returns>Whether all of them succeeded.</returns>
    public static async Task<bool> RunAsync(
        ConsoleSession session, IEnumerable<string> commands, bool stopOnError, CancellationToken cancellationToken)
    {
        var succeeded = true;
        foreach (var command in commands)
        {
            var outcome = await session.ExecuteAsync(command, cancellationToken).ConfigureAwait(false);
            succeeded &= outcome.Succeeded;
            if (outcome.Leave || (stopOnError && !outcome.Succeeded) || cancellationToken.IsCancellationRequested)
            {
                break;
            }
        }

        await session.Pump.DrainAsync(CancellationToken.None).ConfigureAwait(false);
        return succeeded;
    }
}
