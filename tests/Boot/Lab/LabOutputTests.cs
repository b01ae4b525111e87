using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>What an event of a real boot sends reaches a file, a named pipe and a TCP peer that goes away; the console itself drives it.</summary>
public sealed class LabOutputTests
{
    private const int Calls = 500;

    private static readonly Regex Line = new("^event 0 processor 0 reached (user|kernel) tick [0-9a-f]+ rip [0-9a-f]+$");

    [Fact]
    public Task Outputs_of_all_kinds_agree_with_the_events_own_figures() => LabGuest.RunAsync(
        "lab-outputs",
        $"wait=forever,hold=process,plain:syscall={Calls}",
        async lab =>
        {
            var scenario = await lab.NextAsync("syscall");
            var transitions = (int)(2 * scenario.Expected);
            await lab.Guest.DetachAsync();
            var folder = Directory.CreateTempSubdirectory("hvk-outputs-");
            try
            {
                var file = Path.Combine(folder.FullName, "file");
                var pipe = Path.Combine(folder.FullName, "pipe");
                using var reader = Reader(pipe);
                var piped = reader.StandardOutput.ReadToEndAsync();
                using var listener = new TcpListener(IPAddress.Loopback, 0);
                listener.Start();
                var leaving = LeaveAsync(listener);

                var result = await HvdbgProgram.RunAsync(
                    lab.Guest.Endpoint,
                    $"output create kept file {file}",
                    "output open kept",
                    $"output create piped namedpipe {pipe}",
                    "output open piped",
                    $"output create gone tcp 127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}",
                    "output open gone",
                    $"!mode ku cr3 {scenario.Root:x} log imm no output {{kept,piped,gone}}",
                    $"!eb {scenario.Flag:x} 1",
                    $"wait event 0n{transitions} timeout 0n120",
                    "events",
                    "output close kept",
                    "output close piped",
                    "output");

                result.Errors.ShouldBeEmpty();
                result.Status.ShouldBe(0);
                await leaving;
                var counted = result.Data("events").GetProperty("events")[0];
                (Number(counted, "user"), Number(counted, "kernel")).ShouldBe((transitions / 2, transitions / 2));
                (Number(counted, "sent"), Number(counted, "dropped")).ShouldBe((transitions, 0));

                var outputs = result.Data("output").GetProperty("outputs").EnumerateArray().ToDictionary(item => item.GetProperty("output").GetString()!);
                foreach (var whole in new[] { "kept", "piped" })
                {
                    (Number(outputs[whole], "forwarded"), Number(outputs[whole], "dropped")).ShouldBe((transitions, 0), whole);
                }

                // What the peer had taken when it left depends on the machine (tests/Console has it exactly); nothing of it goes uncounted.
                (Number(outputs["gone"], "forwarded") + Number(outputs["gone"], "dropped")).ShouldBe(transitions);

                var lines = await File.ReadAllLinesAsync(file);
                lines.Length.ShouldBe(transitions);
                lines.ShouldAllBe(line => Line.IsMatch(line));
                Directions(lines).ShouldBe(Enumerable.Range(0, transitions).Select(i => i % 2 == 0 ? "user" : "kernel"));
                (await piped).ShouldBe(await File.ReadAllTextAsync(file));
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        });

    private static IEnumerable<string> Directions(IEnumerable<string> lines) => lines.Select(line => Line.Match(line).Groups[1].Value);

    private static int Number(JsonElement data, string name) => data.GetProperty(name).GetInt32();

    // Whoever comes first makes the pipe; the reader ends when its last writer has closed it.
    private static Process Reader(string pipe) => Process.Start(new ProcessStartInfo("sh", ["-c", "mkfifo \"$0\" 2>/dev/null; exec cat \"$0\"", pipe])
    {
        RedirectStandardOutput = true,
    })!;

    // Leaves by a reset at the first byte.
    private static async Task LeaveAsync(TcpListener listener)
    {
        using var peer = await listener.AcceptSocketAsync();
        await peer.ReceiveAsync(new byte[1]);
        peer.LingerState = new LingerOption(enable: true, seconds: 0);
    }
}
