using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Conformance;

/// <summary>The conformance guest's lines with HvKernel and without: equal, but for what is known and meant.</summary>
public sealed class ConformanceTests
{
    /// <summary>
    /// Names of lines that may differ, and why: the same list stands in docs/limits.md. Each must differ, so that an entry that is no longer
    /// needed does not stay.
    /// </summary>
    private static readonly (string Names, string Reason)[] Documented =
    [
        (@"cpuid-leaf\.00000001\.00", "CPUID says that there is no VMX"),
        (@"cpuid\.1\.[ku](64|32)", "CPUID says that there is no VMX"),
        (@"cpuid\.osxsave-follows-cr4", "CPUID says that there is no VMX"),
        (@"legacy\.cpuid-1\.(p32|pae|pg32|p16|r16)", "CPUID says that there is no VMX"),
        (@"cpuid-leaf\.4.*", "the leaves of hypervisors are empty, not a copy of the last basic leaf"),
        (@"cr4\.set-13", "CR4.VMXE does not exist"),
        (@"legacy\.cr4-vmxe\.(p32|pae|pg32|p16|r16)", "CR4.VMXE does not exist"),
        (@"rdmsr\.vmx-basic\.k(64|32)", "VMX capability registers do not exist"),
        (@"legacy\.rdmsr-vmx-basic\.(p32|pae|pg32|p16|r16)", "VMX capability registers do not exist"),
        (@"msr-read\.000004(8.|9[01])", "VMX capability registers do not exist"),
        (@"msr-read\.0000003a", "IA32_FEATURE_CONTROL is locked without VMX"),
        (@"wrmsr\.feature-control\.k(64|32)", "IA32_FEATURE_CONTROL is locked without VMX"),
        (@"msr-write\.0000003a value=.*", "IA32_FEATURE_CONTROL is locked without VMX"),
        (@"dr\.io-2ff", "breakpoints do not see accesses that are answered for the hidden UART"),
        (@"dr\.data-of-ins-2ff", "breakpoints do not see accesses that are answered for the hidden UART"),
    ];

    [Fact]
    public async Task The_processor_answers_as_without_us()
    {
        var bare = await LinesAsync(hypervisor: false);
        var ours = await LinesAsync(hypervisor: true);

        bare.Count.ShouldBeGreaterThan(1100);
        ours.Keys.ShouldBe(bare.Keys, "the same checks in the same order");
        var differences = bare.Keys.Where(name => bare[name] != ours[name]).ToList();
        var unknown = differences.Where(name => !Documented.Any(known => Matches(name, known.Names)))
            .Select(name => $"{name}:\n  bare {bare[name]}\n  ours {ours[name]}");
        unknown.ShouldBeEmpty();
        Documented.Where(known => !differences.Any(name => Matches(name, known.Names))).ShouldBeEmpty();
    }

    private static bool Matches(string name, string pattern) => Regex.IsMatch(name, $"^{pattern}$");

    // The order of insertion is kept: nothing is removed.
    private static async Task<Dictionary<string, string>> LinesAsync(bool hypervisor)
    {
        await using var guest = await BootedGuest.StartAsync(ConformanceGuest.Options(hypervisor ? "conformance" : "conformance-bare", "") with
        {
            Hypervisor = hypervisor,
            DebugLine = false,
        });
        var count = int.Parse((await guest.WaitForConsoleTextAsync(new Regex(@"^conformance: (\d+) checks", RegexOptions.Multiline))).Groups[1].Value, null);
        (await guest.WaitForExitAsync()).ShouldBe(0);
        var lines = new Dictionary<string, string>();
        foreach (Match line in Regex.Matches(guest.Console.Text, @"^check (.*?): (.*?)\r?$", RegexOptions.Multiline))
        {
            lines.Add(line.Groups[1].Value, line.Groups[2].Value);
        }

        lines.Count.ShouldBe(count);
        return lines;
    }
}
