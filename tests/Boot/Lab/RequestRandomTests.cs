using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Fuzzing;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>
/// Well-formed frames with random requests in them, to a target that runs: each is answered, and the target is there afterwards. What takes the guest
/// down (writes to its memory and registers) may do so.
/// </summary>
public sealed class RequestRandomTests(ITestOutputHelper output)
{
    private const ulong Seed = 0x48564B;
    private const int Once = 400;
    private const int MostExtraBytes = 64;

    // What `make fuzz` asks for; the first ones are always the same.
    private static readonly int Wanted = Lengths.Of("HVK_FUZZ_REQUESTS", Once);

    private static readonly Dictionary<MessageType, int> Reading = new()
    {
        [MessageType.Status] = 0,
        [MessageType.ReadRegisters] = Marshal.SizeOf<ProcessorRequest>(),
        [MessageType.ReadMemory] = Marshal.SizeOf<MemoryRequest>(),
        [MessageType.ReadMsr] = Marshal.SizeOf<MsrRequest>(),
        [MessageType.Translate] = Marshal.SizeOf<MemoryRequest>(),
        [MessageType.AddEvent] = Marshal.SizeOf<AddEventRequest>(),
        [MessageType.ModifyEvent] = Marshal.SizeOf<ModifyEventRequest>(),
        [MessageType.ListEvents] = Marshal.SizeOf<ListRequest>(),
        [MessageType.Preactivate] = 0,
        [MessageType.Stage] = Marshal.SizeOf<StageRequest>(),
        [MessageType.ReadEventPart] = Marshal.SizeOf<EventPartRequest>(),
        [MessageType.Flush] = 0,
        [MessageType.ListProcesses] = Marshal.SizeOf<ListRequest>(),
        [MessageType.GuestOs] = 0,
        [MessageType.SymbolAt] = Marshal.SizeOf<SymbolAtRequest>(),
        [MessageType.SymbolNamed] = 16,
        [MessageType.ListProcessors] = Marshal.SizeOf<ListRequest>(),
        [MessageType.ExitCounters] = Marshal.SizeOf<ProcessorRequest>(),
        [MessageType.ListBreakpoints] = Marshal.SizeOf<ListRequest>(),
        [MessageType.ReadLog] = Marshal.SizeOf<ReadLogRequest>(),
        [MessageType.ScriptLayout] = Marshal.SizeOf<ScriptLayoutRequest>(),
        [MessageType.NameGlobal] = 16,
        [MessageType.ListGlobals] = Marshal.SizeOf<ListRequest>(),
        [MessageType.None] = 4,
        [(MessageType)0x3F] = 4,
    };

    private static readonly Dictionary<MessageType, int> Changing = new(Reading)
    {
        [MessageType.Pause] = 0,
        [MessageType.Continue] = 0,
        [MessageType.WriteRegister] = Marshal.SizeOf<WriteRegisterRequest>(),
        [MessageType.WriteMemory] = Marshal.SizeOf<MemoryRequest>(),
        [MessageType.WriteMsr] = Marshal.SizeOf<MsrRequest>(),
        [MessageType.Step] = Marshal.SizeOf<StepRequest>(),
        [MessageType.AddBreakpoint] = Marshal.SizeOf<AddBreakpointRequest>(),
        [MessageType.ModifyBreakpoint] = Marshal.SizeOf<ModifyBreakpointRequest>(),
    };

    [Fact]
    public Task Random_requests_are_answered_and_those_that_only_look_harm_nobody() => CodeHarness.RunAsync(
        "request-random",
        "wait=forever,two-root:syscall=50,syscall=50,poweroff",
        async lab =>
        {
            await lab.GreetingAsync();
            var scenario = await lab.NextAsync("syscall");
            await lab.Debugger.PauseAsync();
            var before = (await lab.Debugger.ReadRegistersAsync()).General;
            await SendAsync(lab.Guest, "looking", Reading);
            await lab.Debugger.ClearAllEventsAsync();
            (await lab.Debugger.ReadRegistersAsync()).General.ShouldBe(before);
            await lab.Debugger.ContinueAsync();
            (await lab.RunToEndAsync(scenario)).KernelEntries.ShouldBe(scenario.Expected);

            await SendAsync(lab.Guest, "changing", Changing);
            lab.Guest.Debugger.Target.Processors.ShouldBe(1);
            lab.Guest.TargetText.ShouldNotContain(line => line.Contains("panic", StringComparison.OrdinalIgnoreCase));
        },
        quickLine: true,
        TimeSpan.FromMinutes(6 + (Wanted / 500.0)));

    private async Task SendAsync(BootedGuest guest, string name, Dictionary<MessageType, int> requests)
    {
        await guest.DetachAsync();
        var answers = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var clock = Stopwatch.StartNew();
        await using (var connection = new Connection(Endpoint.Parse(guest.Endpoint).OpenAsync, new LinkOptions(), new Deaf()))
        {
            await connection.StartAsync(BootedGuest.Patience, default);
            var types = requests.Keys.Order().ToArray();
            for (var number = 0; number < Wanted; number++)
            {
                var random = new FuzzRandom(FuzzRandom.SeedOf(Seed, name, number));
                var type = types[random.Below(types.Length)];
                var payload = Payload(random, requests[type]);
                try
                {
                    var reply = await connection.RequestAsync(type, payload, BootedGuest.Patience);
                    var status = MemoryMarshal.Read<ReplyHeader>(reply).Status.ToString();
                    answers[status] = answers.GetValueOrDefault(status) + 1;
                }
                catch (DebuggerException problem)
                {
                    throw new InvalidOperationException($"request {number} ({name}), {type} {Convert.ToHexString(payload)}: {problem.Message}", problem);
                }
            }
        }

        output.WriteLine($"{Wanted} requests ({name}) in {clock.Elapsed.TotalSeconds:0} s: {string.Join(", ", answers.Select(answer => $"{answer.Value} {answer.Key}"))}");
        answers.Values.Sum().ShouldBe(Wanted);
        answers[nameof(ReplyStatus.Ok)].ShouldBeGreaterThan(Wanted / 20);
        answers.Count.ShouldBeGreaterThan(5);
        await guest.AttachAsync(BootedGuest.Patience);
    }

    // Mostly as long as the request is; fields of two, four and eight bytes, as programs get them wrong.
    private static byte[] Payload(FuzzRandom random, int expected)
    {
        var length = random.OneIn(5) ? random.Below(expected + MostExtraBytes) : expected;
        var bytes = new byte[length];
        for (var at = 0; at < length;)
        {
            var width = random.Of<int>([1, 2, 4, 4, 8, 8]);
            var value = random.OneIn(3) ? (ulong)random.Below(8) : random.Odd();
            for (var i = 0; i < width && at < length; i++)
            {
                bytes[at++] = (byte)(value >> (8 * i));
            }
        }

        return bytes;
    }

    /// <summary>Listens to nothing that the target says.</summary>
    private sealed class Deaf : ILinkObserver
    {
        public void OnReply(MessageType request, ReadOnlySpan<byte> payload)
        {
        }

        public void OnMessage(MessageType type, ReadOnlySpan<byte> payload)
        {
        }

        public void OnText(string line)
        {
        }

        public void OnLinkState(LinkState state, string reason)
        {
        }
    }
}
