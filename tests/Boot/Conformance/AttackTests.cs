using System;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Conformance;

/// <summary>A guest that attacks: afterwards HvKernel still answers its console.</summary>
public sealed class AttackTests
{
    private const ulong TestAddress = 0x4060_0000;

    [Fact]
    public async Task A_guest_that_attacks_finds_a_dummy_page_and_the_console_answers()
    {
        // Where the memory is, is known only after a boot; the same program reserves the same.
        var (start, end) = await ReservedAsync();
        await using var guest = await StartAsync("attack", $"attack reserved=0x{start:x}-0x{end:x}");
        await guest.WaitForConsoleTextAsync("conformance: 1");

        guest.Console.Text.ShouldContain($"reserved 0x{start:x} to 0x{end:x}");
        var pages = (end - start) / 0x1000;
        foreach (var way in new[] { "by-2-mib", "by-4-kib", "by-1-gib", "again" })
        {
            guest.Console.Text.ShouldContain($"check attack.{way}: pages=0x{pages:x} same=0x{pages:x} written-stays=0x1");
        }

        guest.Console.Text.ShouldMatch(@"check attack\.task-gate: vector 13");
        await AnswersAsync(guest);
    }

    [Fact]
    public async Task Tables_that_change_while_they_are_walked_hurt_nobody()
    {
        await using var guest = await StartAsync("attack-tables", "tables reserved=0x100000-0x101000");
        await guest.WaitForConsoleTextAsync("conformance: tables");

        for (ulong page = 0; page < 200; page++)
        {
            try
            {
                await guest.Debugger.ReadMemoryAsync(TestAddress + (page * 0x1000), 64);
            }
            catch (TargetException)
            {
                // Not mapped just now: one of the answers.
            }
        }

        await AnswersAsync(guest);
    }

    [Fact]
    public async Task A_triple_fault_stops_for_the_console()
    {
        await using var guest = await StartAsync("attack-triplefault", "attack-triplefault");

        (await guest.Debugger.WaitForStopAsync(BootedGuest.Patience)).Reason.ShouldBe(StopReason.TripleFault);
        (await guest.Debugger.ReadRegistersAsync()).Rip.ShouldNotBe(0UL);
    }

    [Fact]
    public async Task An_init_to_itself_is_taken_for_a_reset()
    {
        await using var guest = await BootedGuest.StartAsync(WithDebugLog("attack-init", "attack-init\nwait-for-debugger = yes"));
        await guest.Debugger.WaitForStopAsync(BootedGuest.Patience);
        using var patience = new CancellationTokenSource(BootedGuest.Patience);
        var events = guest.Debugger.Subscribe();
        await guest.Debugger.ContinueAsync();

        await foreach (var item in events.ReadAllAsync(patience.Token))
        {
            if (item is TextEvent text && text.Line.Contains("INIT to the boot processor: reset", StringComparison.Ordinal))
            {
                return;
            }
        }

        throw new InvalidOperationException("the line ended: " + guest.Report());
    }

    // The guest begins when the console is there: some of these ends leave no time to attach.
    private static async Task<BootedGuest> StartAsync(string name, string arguments)
    {
        var guest = await BootedGuest.StartAsync(WithDebugLog(name, arguments + "\nwait-for-debugger = yes"));
        await guest.Debugger.WaitForStopAsync(BootedGuest.Patience);
        await guest.Debugger.ContinueAsync();
        return guest;
    }

    private static async Task AnswersAsync(BootedGuest guest)
    {
        await guest.Debugger.PauseAsync();
        (await guest.Debugger.ReadRegistersAsync()).Rip.ShouldNotBe(0UL);
        await guest.Debugger.ContinueAsync();
    }

    private static BootOptions WithDebugLog(string name, string arguments) => ConformanceGuest.Options(name, arguments) with
    {
        Configuration = $"next = \\EFI\\guest\\guest.efi\nargs = {arguments}\nlog = debug\n",
    };

    private static async Task<(ulong Start, ulong End)> ReservedAsync()
    {
        await using var guest = await BootedGuest.StartAsync(WithDebugLog("attack-where", "attack reserved=0x20000000-0x20001000") with { DebugLine = false });
        var range = await guest.WaitForConsoleTextAsync(new Regex("reserved 0x([0-9a-f]+) to 0x([0-9a-f]+)"));
        return (Number(range.Groups[1].Value), Number(range.Groups[2].Value));
    }

    private static ulong Number(string digits) => ulong.Parse(digits, System.Globalization.NumberStyles.HexNumber, null);
}
