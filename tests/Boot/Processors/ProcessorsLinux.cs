using System;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using Shouldly;

namespace HvKernel.Boot.Tests.Processors;

/// <summary>Stock Debian on several processors of Bochs, which runs a list of scenarios and powers off.</summary>
internal static class ProcessorsLinux
{
    /// <summary>For what several busy processors do, on a machine that others use too.</summary>
    public static readonly TimeSpan Long = TimeSpan.FromMinutes(15);

    /// <summary>The options of a boot; <paramref name="run"/> null: a shell.</summary>
    public static BootOptions Options(string name, int processors, string words, string? run, bool hypervisor = true) => new()
    {
        Name = name,
        Processors = processors,
        Hypervisor = hypervisor,
        DebugLine = hypervisor,
        Attach = false,
        Interactive = run is null,
        Append = string.Join(' ', new[] { "console=ttyS0,115200 quiet", words, run is null ? "" : "hvk.run=" + run }.Where(part => part.Length != 0)),
        Limit = Long,
    };

    /// <summary>Boots, waits for the power-off, and gives all that the guest printed.</summary>
    public static async Task<string> RunAsync(BootOptions options)
    {
        await using var guest = await BootedGuest.StartAsync(options);
        (await guest.WaitForExitAsync(options.Limit)).ShouldBe(0, guest.Report());
        var text = guest.Console.Text;
        text.ShouldContain($", processors {options.Processors.ToString(CultureInfo.InvariantCulture)}, meltdown: ");
        text.Contains("HvKernel: running", StringComparison.Ordinal).ShouldBe(options.Hypervisor);
        return text;
    }
}
