using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;

namespace HvDbg;

/// <summary>A piece of the batch: a command, or a file of commands.</summary>
public readonly record struct BatchItem(string Text, bool IsFile);

/// <summary>What the command line asked for.</summary>
public sealed record ConsoleOptions
{
    public required string Endpoint { get; init; }

    /// <summary>Commands and files in the order in which they were given; empty: interactive.</summary>
    public IReadOnlyList<BatchItem> Batch { get; init; } = [];

    public bool StopOnError { get; init; }

    public bool Json { get; init; }

    /// <summary>Whether nothing may stop the guest.</summary>
    public bool Observe { get; init; }

    /// <summary>How long to wait for the target to appear.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>File that the guest's console is written to; null where there is none.</summary>
    public string? GuestConsole { get; init; }
}

/// <summary>The program's command line.</summary>
public static class CommandLine
{
    /// <summary>Names the endpoint where the command line does not.</summary>
    public const string EndpointVariable = "HVDBG_ENDPOINT";

    /// <summary>Names the guest's console file where the command line does not.</summary>
    public const string GuestConsoleVariable = "HVDBG_GUEST_CONSOLE";

    private const double DefaultWait = 60;

    private static readonly ParserConfiguration Parsing = new()
    {
        // A command may begin with '@', and one-letter options take whole commands.
        ResponseFileTokenReplacer = null,
        EnablePosixBundling = false,
    };

    /// <summary>Parses the arguments and runs the console with them.</summary>
    /// <returns>The exit status: 2 for a wrong command line, else what <paramref name="run"/> answers.</returns>
    public static Task<int> InvokeAsync(string[] arguments, TextWriter output, TextWriter errors, Func<ConsoleOptions, CancellationToken, Task<int>> run)
    {
        var endpoint = new Argument<string?>("ENDPOINT")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = $"tcp:HOST:PORT, unix:PATH or DEVICE,BAUD; {EndpointVariable} where it is left out",
        };
        endpoint.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && !Endpoint.TryParse(result.Tokens[0].Value, out _, out var problem))
            {
                result.AddError(problem);
            }
        });
        var commands = new Option<string[]>("--command", "-c")
        {
            Description = "run this command and leave; may be given several times",
            HelpName = "COMMAND",
            AllowMultipleArgumentsPerToken = false,
        };
        var files = new Option<string[]>("--file", "-f")
        {
            Description = "run the commands in this file, one a line, and leave; - is the standard input",
            HelpName = "FILE",
            AllowMultipleArgumentsPerToken = false,
        };
        var stop = new Option<bool>("--stop-on-error") { Description = "leave at the first command that fails" };
        var json = new Option<bool>("--json") { Description = "print one JSON object a line" };
        var observe = new Option<bool>("--observe") { Description = "observe only: nothing this console does stops the guest" };
        var wait = new Option<double>("--wait")
        {
            Description = "how long to wait for the target to appear",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => DefaultWait,
            CustomParser = ParseWait,
        };
        var guest = new Option<string?>("--guest-console")
        {
            Description = $"file that the guest's console is written to, for 'wait guest'; {GuestConsoleVariable} where it is left out",
            HelpName = "FILE",
        };
        var root = new RootCommand("Console of HvKernel: debugs the OS that runs under it.") { endpoint, commands, files, stop, json, observe, wait, guest };
        root.SetAction((result, token) =>
        {
            var where = result.GetValue(endpoint) ?? Environment.GetEnvironmentVariable(EndpointVariable);
            if (string.IsNullOrEmpty(where))
            {
                errors.WriteLine($"no target named: expected tcp:HOST:PORT, unix:PATH or DEVICE,BAUD as argument or in {EndpointVariable}");
                return Task.FromResult(2);
            }

            var options = new ConsoleOptions
            {
                Endpoint = where,
                Batch = InOrder(result),
                StopOnError = result.GetValue(stop),
                Json = result.GetValue(json),
                Observe = result.GetValue(observe),
                Wait = TimeSpan.FromSeconds(result.GetValue(wait)),
                GuestConsole = result.GetValue(guest) ?? Environment.GetEnvironmentVariable(GuestConsoleVariable),
            };
            return run(options, token);
        });

        var parsed = root.Parse(arguments, Parsing);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                errors.WriteLine(error.Message);
            }

            return Task.FromResult(2);
        }

        // Ctrl+C belongs to the console itself.
        return parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = errors, ProcessTerminationTimeout = null });
    }

    private static double ParseWait(ArgumentResult result)
    {
        if (double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and <= 1e6)
        {
            return seconds;
        }

        result.AddError($"--wait: expected a number of seconds from 0 to 1000000, found \"{result.Tokens[0].Value}\"");
        return DefaultWait;
    }

    /// <summary>Commands and files as they stand on the command line; the parser's own lists keep each kind apart.</summary>
    private static List<BatchItem> InOrder(ParseResult result)
    {
        var items = new List<BatchItem>();
        string? option = null;
        foreach (var token in result.Tokens)
        {
            if (token.Type == TokenType.Option)
            {
                option = token.Value;
            }
            else if (token.Type == TokenType.Argument)
            {
                if (option is "-c" or "--command" or "-f" or "--file")
                {
                    items.Add(new BatchItem(token.Value, option is "-f" or "--file"));
                }

                option = null;
            }
        }

        return items;
    }
}
