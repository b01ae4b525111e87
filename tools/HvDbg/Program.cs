using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using HvDbg;
using HvDbg.Commands;
using HvDbg.Output;
using HvDbg.Terminal;
using Spectre.Console;

return await CommandLine.InvokeAsync(args, Console.Out, Console.Error, RunAsync).ConfigureAwait(false);

static async Task<int> RunAsync(ConsoleOptions options, CancellationToken cancellationToken)
{
    var isBatch = options.Batch.Count > 0;
    var isTerminal = !Console.IsInputRedirected && !Console.IsOutputRedirected;
    if (isBatch || !isTerminal)
    {
        IConsoleOutput plain = options.Json ? new JsonOutput(Console.Out) : new PlainOutput(Console.Out, Console.Error);
        return await ConsoleProgram.RunAsync(options, plain, new PlainLineReader(Console.In), cancellationToken).ConfigureAwait(false);
    }

    var names = CommandTable.Default.Commands.Select(command => command.Name);
    var terminal = new EditorTerminal(AnsiConsole.Console, new ConsoleKeySource(), History.Load(History.DefaultPath), names);
    IConsoleOutput output = options.Json ? new JsonOutput(Console.Out) : terminal;
    return await ConsoleProgram.RunAsync(options, output, terminal, cancellationToken).ConfigureAwait(false);
}
