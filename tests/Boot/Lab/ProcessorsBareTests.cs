using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>What the lab guest does on several processors without a hypervisor: its figures are those that it promises.</summary>
public sealed class ProcessorsBareTests
{
    private const int Times = 200;
    private const int Few = 12;

    [Theory]
    [InlineData("bochs", 2, "")]
    [InlineData("bochs", 4, "")]
    [InlineData("bochs", 4, "x2apic,")]
    [InlineData("qemu", 4, "")]
    public async Task The_guest_makes_what_it_promises(string emulator, int processors, string apic)
    {
        // The program starts the timer by memory, which an APIC in x2APIC mode has not.
        var kinds = apic.Length == 0 ? "syscall+int+pagefault+ud+timer" : "syscall+int+pagefault+ud";
        var threads = processors + 1;
        var options = $"cpus={processors},{apic}does={kinds},threads={threads},others=2,each=7,plain:pinned={Times},two-root:migrating={Times},"
            + $"idle=halt,threads={processors - 1},others=0,plain:pinned={Times},two-root:migrating={Times},nmi={Few},ipi={Few},offline={Few},poweroff";
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = $"processors-bare-{emulator}-{processors}{apic.TrimEnd(',')}",
            Guest = "lab",
            With = emulator,
            Processors = processors,
            Hypervisor = false,
            DebugLine = false,
            Append = options,
        });
        (await guest.WaitForExitAsync()).ShouldBe(0, guest.Report());
        var lines = new Queue<LabLine>(guest.Console.Text.Split('\n').Select(line => line.TrimEnd()).Where(IsFigure).Select(line => new LabLine(line)));
        lines.Count.ShouldBe(7 * (processors + 1), guest.Report());

        foreach (var running in new[] { threads, processors - 1 })
        {
            ShouldHaveRun(lines, processors, running, migrates: false);
            ShouldHaveRun(lines, processors, running, migrates: true);
        }

        ShouldBeStruck(lines, processors, line => (line.Number("nmis"), 5UL * Few));
        ShouldBeStruck(lines, processors, line => (line.Number("taken"), 2UL * Few));
        ShouldHaveRestarted(lines, processors);
    }

    private static bool IsFigure(string line) => line.StartsWith("LAB processor number", StringComparison.Ordinal)
        || line.StartsWith("LAB done", StringComparison.Ordinal);

    private static void ShouldHaveRun(Queue<LabLine> lines, int processors, int threads, bool migrates)
    {
        var expected = ProcessorFigures.Expected(processors, threads, Times, 7, migrates);
        for (var i = 0; i < processors; i++)
        {
            var line = lines.Dequeue();
            var figures = ProcessorFigures.Of(line);
            figures.KernelEntries.ShouldBe(expected[i], line.Text);
            figures.UserEntries.ShouldBe(expected[i], line.Text);
            figures.OtherUserEntries.ShouldBe(figures.OtherKernelEntries, line.Text);
            figures.Nmis.ShouldBe(0UL, line.Text);
        }

        var done = lines.Dequeue();
        done.Word("scenario").ShouldBe(migrates ? "migrating" : "pinned");
        LabFigures.Of(done).KernelEntries.ShouldBe((ulong)threads * (Times + 1), done.Text);
        LabFigures.Of(done).UserEntries.ShouldBe((ulong)threads * (Times + 1), done.Text);
    }

    private static void ShouldBeStruck(Queue<LabLine> lines, int processors, Func<LabLine, (ulong Was, ulong Expected)> taken)
    {
        lines.Dequeue().Number("kernel_entries").ShouldBe(0UL);
        for (var i = 1; i < processors; i++)
        {
            var line = lines.Dequeue();
            var (was, expected) = taken(line);
            was.ShouldBe(expected, line.Text);
            line.Number("early_nmis").ShouldBe(0UL, line.Text);
            line.Number("kernel_entries").ShouldBe(Few + 1UL, line.Text);
            line.Number("user_entries").ShouldBe(Few + 1UL, line.Text);
        }

        var done = lines.Dequeue();
        done.Number("kernel_entries").ShouldBe((ulong)(processors - 1) * (Few + 1), done.Text);
    }

    private static void ShouldHaveRestarted(Queue<LabLine> lines, int processors)
    {
        var starts = Enumerable.Range(0, processors).Select(_ => lines.Dequeue().Number("starts")).ToList();
        var done = lines.Dequeue();
        var others = (ulong)(processors - 1);

        // Twelve times: three broadcasts, and nine times one processor, three of them in ring 3.
        done.Number("starts").ShouldBe((3 * others) + 9, done.Text);
        starts.Aggregate(0UL, (sum, count) => sum + count).ShouldBe(done.Number("starts") + others, done.Text);
        done.Number("ignored").ShouldBe(done.Number("starts"), done.Text);
        done.Number("lost").ShouldBe(3UL, done.Text);
        done.Number("kernel_entries").ShouldBe(11 * done.Number("runs"), done.Text);
        done.Number("user_entries").ShouldBe(done.Number("kernel_entries") + 3, done.Text);
    }
}
