using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Threading.Tasks;

namespace HvKernel.SerialRelay;

/// <summary>
/// Stands between an emulator's serial ports and the people who use them. An emulator connects to a port once, when it starts,
/// and some wait for ever when nobody reads; consoles come late, leave, are killed and come again.
/// </summary>
internal static class Program
{
    private const string Usage =
        "usage: SerialRelay --announce FILE --line ENDPOINT [--line ENDPOINT]...   ENDPOINT: tcp:HOST:PORT, unix:PATH or stdio";

    private static async Task<int> Main(string[] arguments)
    {
        string? announce = null;
        var endpoints = new List<string>();
        for (var i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 == arguments.Length || arguments[i] is not ("--announce" or "--line"))
                return Fail($"{arguments[i]}: {Usage}", 2);
            if (arguments[i] == "--announce")
                announce = arguments[i + 1];
            else
                endpoints.Add(arguments[i + 1]);
        }
        if (announce is null || endpoints.Count == 0)
            return Fail(Usage, 2);

        var lines = new List<Line>();
        try
        {
            foreach (var text in endpoints)
                lines.Add(Line.Open(text));
            AppDomain.CurrentDomain.ProcessExit += (_, _) => lines.ForEach(line => line.Dispose());
            // One line for each serial line, in the order given: the port the emulator connects to, and where consoles connect.
            await using (var output = new StreamWriter(announce))
            {
                foreach (var line in lines)
                    await output.WriteLineAsync($"{line.TargetPort} {line.Address}");
            }
            var runs = new List<Task>();
            foreach (var line in lines)
                runs.Add(line.RunAsync());
            await Task.WhenAll(runs);
            return 0;
        }
        catch (Exception error) when (error is SocketException or IOException or FormatException or UnauthorizedAccessException)
        {
            return Fail(error.Message, 1);
        }
        finally
        {
            lines.ForEach(line => line.Dispose());
        }
    }

    private static int Fail(string message, int status)
    {
        Console.Error.WriteLine($"serial relay: {message}");
        return status;
    }
}
