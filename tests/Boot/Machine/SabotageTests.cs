using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Machine;

/// <summary>
/// A firmware that refuses one thing after the other (tests/Guests/Sabotage): each start of HvKernel ends in a refusal that names it, with what was reserved given back.
/// </summary>
public sealed class SabotageTests
{
    private const string NoReservedMemory = "refused: firmware has no reserved memory left";
    private const string Defaults = @"\EFI\hvkernel\hvkernel.cfg cannot be read: the defaults hold";

    [Fact]
    public async Task Each_refusal_of_the_firmware_is_named_and_changes_nothing()
    {
        using var esp = new SabotageDisk();
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = "sabotage",
            Guest = "lab",
            Image = SabotageDisk.Program,
            Esp = esp.Folder,
            Configuration = "on-refusal = stop\n",
            Attach = false,
        });
        await guest.WaitForConsoleTextAsync("sabotage: end");
        var cases = Cases(guest.Console.Text);

        // The log, the configuration, the configuration's file.
        cases[0].ShouldBe(["loader's data", "refused: firmware has no memory left"]);
        cases[1].ShouldBe(["loader's data", "refused: firmware has no memory left"]);
        cases[2][2..4].ShouldBe([Defaults, NoReservedMemory]);
        cases[2][^1].ShouldBe("next program could not be loaded, status 0x800000000000000e");
        cases[3][2..4].ShouldBe([Defaults, "refused: firmware does not tell where this image is"]);
        cases[3][^1].ShouldBe("next program could not be loaded, status 0x8000000000000009");
        Stopped(cases, "memory map", "refused: firmware has no memory map");
        Stopped(cases, "memory for the memory map", "refused: firmware has no memory map");
        Stopped(cases, "all reserved memory", "firmware has no room for a log that survives a reset", NoReservedMemory);
        Stopped(cases, "variables", "firmware keeps no variable: failed boots are not counted", NoReservedMemory);
        Stopped(cases, "MP services", NoReservedMemory);
        Stopped(cases, "orders", "refused: firmware has no memory left for the orders to further processors");
        Stopped(cases, "VMX", "refused: VMXON failed");

        // What was reserved was given back each time, but by the start that succeeded.
        var reserved = guest.Console.Text.Split('\n').Where(line => line.Contains("sabotage: reserved pages", StringComparison.Ordinal)).Select(line => line.Trim()).ToList();
        reserved.SkipLast(2).Distinct().ShouldHaveSingleItem();
        reserved[^2].ShouldNotBe(reserved[0]);

        // The UART was found each time, also right behind the last start's text.
        cases.Skip(2).SkipLast(1).ShouldAllBe(lines => lines[1] == "a hypervisor-level debugger; debug port 0x2f8, 115200 baud");
        cases[^2][0].ShouldBe("true words about tables and processors");
        cases[^2][2..].ShouldBe([
            "the boot before left 0x24 bytes of messages: .log previous",
            "processor 1 runs without HvKernel and is not watched: firmware did not start it",
            "processor 2 runs without HvKernel and is not watched: firmware did not start it",
            "processors: 1 of 3",
            "running: firmware and OS go on in VMX non-root operation",
            @"next program: \EFI\hvkernel\next.efi",
            "next program could not be loaded, status 0x800000000000000e",
        ]);
        Stopped(cases, "nothing, a second time", "missing: CPUID.01H:ECX.VMX[bit 5]", "this machine cannot be virtualised by HvKernel; nothing was changed");

        await guest.AttachAsync(BootedGuest.Patience);
        (await guest.Debugger.ReadLogAsync(LogBoot.Previous)).ShouldBe("sabotage: words of an earlier boot\n");
        var log = await guest.Debugger.ReadLogAsync(LogBoot.Current);
        log.ShouldStartWith("HvKernel: a hypervisor-level debugger; debug port 0x2f8, 115200 baud\n");
        log.ShouldContain("HvKernel: processors: 1 of 3\nHvKernel: running");
        log.ShouldEndWith("HvKernel: a console has said hello\n");
    }

    /// <summary>Where VMX is missing each boot is reset just when it has begun to count: so the count of failed boots is seen without any that can succeed.</summary>
    [Fact]
    public async Task Failed_boots_are_counted_over_resets_and_one_goes_without_us()
    {
        using var esp = new SabotageDisk();
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = "failed-boots",
            With = "qemu",
            Guest = "lab",
            Image = SabotageDisk.Program,
            Esp = esp.Folder,
            Configuration = "max-failed-boots = 2\n",
            DebugLine = false,
            QemuOptions = "-action reboot=reset",
        });
        for (var row = 0; row < 2; row++)
        {
            await guest.WaitForConsoleTextAsync("sabotage: HvKernel is refused reset when it has begun");
            await guest.WaitForConsoleTextAsync("HvKernel: missing: ");
            await guest.WaitForConsoleTextAsync(new Regex("the boot before left 0x[0-9a-f]+ bytes of messages"));
            await guest.WaitForConsoleTextAsync("HvKernel: 1 of 2 boots in a row that may fail did so");
            await guest.WaitForConsoleTextAsync("HvKernel: missing: ");
            await guest.WaitForConsoleTextAsync("HvKernel: 2 boots in a row failed: this one goes without HvKernel, the next one tries again (max-failed-boots)");
            await guest.WaitForConsoleTextAsync(@"HvKernel: next program: \EFI\hvkernel\next.efi");
            await guest.WaitForConsoleTextAsync("sabotage: HvKernel came back");
        }
    }

    // What each start said behind "HvKernel: ", with the name of the case in front.
    private static List<List<string>> Cases(string text)
    {
        var cases = new List<List<string>>();
        foreach (var line in text.Split('\n').Select(line => line.Trim()))
        {
            if (line.StartsWith("sabotage: HvKernel is refused ", StringComparison.Ordinal))
            {
                cases.Add([line["sabotage: HvKernel is refused ".Length..]]);
            }
            else if (line.StartsWith("HvKernel: ", StringComparison.Ordinal))
            {
                cases[^1].Add(line["HvKernel: ".Length..]);
            }
        }

        return cases;
    }

    private static void Stopped(List<List<string>> cases, string name, params string[] words) =>
        cases.Single(lines => lines[0] == name)[2..].ShouldBe([.. words, "on-refusal = stop: back to the firmware"], name);

    /// <summary>The program that starts HvKernel, which stands beside it.</summary>
    private sealed class SabotageDisk : IDisposable
    {
        internal static string Program => Repository.PathOf("out", "sabotage.efi");

        internal SabotageDisk()
        {
            using var build = Process.Start("sh", [Repository.PathOf("tests", "Guests", "Sabotage", "build.sh")]);
            build.WaitForExit();
            build.ExitCode.ShouldBe(0);
            Directory.CreateDirectory(Path.Combine(Folder, "EFI", "sabotage"));
            File.Copy(Repository.PathOf("out", "hvkernel.efi"), Path.Combine(Folder, "EFI", "sabotage", "hvkernel.efi"));
        }

        internal string Folder { get; } = Directory.CreateTempSubdirectory("hvk-sabotage-").FullName;

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
