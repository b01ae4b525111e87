using System;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Protocol;

namespace HvDbg.EventExample;

internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        if (arguments.Length != 4
            || !uint.TryParse(arguments[2], NumberStyles.None, CultureInfo.InvariantCulture, out var call)
            || !int.TryParse(arguments[3], NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            await Console.Error.WriteLineAsync("usage: EventExample ENDPOINT PROCESS CALL COUNT").ConfigureAwait(false);
            return 2;
        }

        try
        {
            var options = new LinkOptions { Manner = AttachManner.Observer };
            var debugger = await Debugger.AttachAsync(arguments[0], TimeSpan.FromMinutes(1), options).ConfigureAwait(false);
            await using var closing = debugger.ConfigureAwait(false);
            await CallWatcher.RunAsync(debugger, arguments[1], call, count, Console.Out, CancellationToken.None).ConfigureAwait(false);
            return 0;
        }
        catch (Exception problem) when (problem is DebuggerException or TimeoutException or FormatException)
        {
            await Console.Error.WriteLineAsync(problem.Message).ConfigureAwait(false);
            return 1;
        }
    }
}
