using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Shouldly;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary>The console itself, <c>out/hvdbg</c>, as people and scripts start it.</summary>
public static class HvdbgProgram
{
    /// <summary>Runs commands in batch mode; the debugger of the fixture must have been detached.</summary>
    public static async Task<HvdbgResult> RunAsync(string endpoint, params string[] commands)
    {
        using var process = Start(endpoint, ["--json", .. commands.SelectMany(command => new[] { "-c", command })]);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(BootedGuest.Patience);
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new BootException("out/hvdbg did not end: " + string.Join("; ", commands));
        }

        (await errors).ShouldBeEmpty();
        return new HvdbgResult(
            process.ExitCode,
            [.. (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)]);
    }

    /// <summary>Starts the console and leaves it running; it reads commands from its standard input.</summary>
    public static Process Start(string endpoint, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Repository.PathOf("out", "hvdbg"), [endpoint, "--wait", "120", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }
}

/// <summary>What a batch printed.</summary>
/// <param name="Status">Exit status: 0 where all commands succeeded.</param>
/// <param name="Lines">Its JSON objects.</param>
public sealed record HvdbgResult(int Status, IReadOnlyList<JsonElement> Lines)
{
    /// <summary>The data of the one result of a command.</summary>
    public JsonElement Data(string command) =>
        Lines.Single(line => line.GetProperty("type").GetString() == "result" && line.GetProperty("command").GetString() == command).GetProperty("data");

    /// <summary>The messages of all errors.</summary>
    public IReadOnlyList<string> Errors =>
        [.. Lines.Where(line => line.GetProperty("type").GetString() == "error").Select(line => line.GetProperty("message").GetString()!)];
}
