using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using Shouldly;
using Xunit;

namespace HvKernel.Boot.Tests.Machine;

/// <summary>
/// Faults of HvKernel itself. They are provoked by what can provoke them anyway: machine code that the user has asked to be run with HvKernel's rights.
/// </summary>
public sealed class HypervisorPanicTests
{
    // mov rax, cr4; btr rax, 18; mov cr4, rax; ret. Without CR4.OSXSAVE the next XGETBV or XRSTOR of root is an invalid opcode.
    private static readonly byte[] WithoutXsave = [0x0F, 0x20, 0xE0, 0x48, 0x0F, 0xBA, 0xF0, 0x12, 0x0F, 0x22, 0xE0, 0xC3];

    [Fact]
    public async Task A_fault_in_root_names_its_callers_and_where_the_other_processors_are()
    {
        var image = ImageSymbols.Load(await File.ReadAllBytesAsync(Repository.PathOf("out", "hvkernel.pdb")));
        await using var guest = await BootedGuest.StartAsync(new BootOptions { Name = "root-panic", Guest = "lab", Append = "dead", Processors = 2 });
        guest.Debugger.Target.BuildId.ShouldBe(image.BuildId);
        await PanicAsync(guest);

        var annotator = new ImageAnnotator("", () => image);
        var text = guest.TargetText.SkipWhile(line => !line.Contains("panic on processor", StringComparison.Ordinal)).ToList();
        text[0].ShouldBe($"HvKernel: panic on processor 0, image build {image.BuildId}");
        text[1].ShouldStartWith("exception in VMX root: vector 6, error code 0");
        var named = text.Select(line => annotator.Annotate(line, out _)).ToList();
        var chain = named.Skip(2).TakeWhile(line => line.StartsWith("  at ", StringComparison.Ordinal) || line.StartsWith("  called before ", StringComparison.Ordinal)).ToList();

        // The calls on the way from the exit to the code, in their order and with their lines, the assembly at both ends included. Those that end in a jump to
        // the next one have left no frame.
        chain[0].ShouldMatch(@"image\+[0-9a-f]+ \(Hvk(RunInRoot|Xcr0)\+0x[0-9a-f]+\)");
        chain[^1].ShouldMatch(@"image\+[0-9a-f]+ \(HvkVmExitEntry\+0x[0-9a-f]+\)");
        var expected = new[]
        {
            "HvKernel.Events.Code.RootRun.Run+ kernel/Events/Code/RootRun.cs", "HvKernel.Events.Code.CodeRunner.Run+ kernel/Events/Code/CodeRunner.cs",
            "HvKernel.Link.Requests.CodeRequests.RunOnce+ kernel/Link/Requests/CodeRequests.cs",
            "HvKernel.Link.LinkService.Serve+ kernel/Link/LinkService.cs", "HvKernel.Link.StopLoop.Run+ kernel/Link/StopLoop.cs",
            "HvKernel.Vmx.ExitDispatch.OnExit+ kernel/Vmx/ExitDispatch.cs",
        };
        var at = 0;
        foreach (var words in expected.Select(pair => pair.Split(' ')))
        {
            at = chain.FindIndex(at, line => line.Contains(words[0], StringComparison.Ordinal) && line.Contains($", {words[1]}:", StringComparison.Ordinal)) + 1;
            at.ShouldBeGreaterThan(0, $"{words[0]} in\n{string.Join('\n', chain)}");
        }

        // And nothing that stands on the stack by chance: a caller's line calls, or jumps to, the function before it.
        chain.Count.ShouldBeLessThanOrEqualTo(16, string.Join('\n', chain));
        chain.ShouldAllBe(line => line.Contains('('));
        Calls("RunOnce").ShouldContain("CodeRunner.Run(");
        Calls("StopLoop.Run").ShouldContain("LinkService.Serve(");

        text.ShouldContain(line => line.StartsWith("rax ", StringComparison.Ordinal));
        text.ShouldContain(line => line.StartsWith("guest rip ", StringComparison.Ordinal));
        text[^2].ShouldMatch("^  processor 1.* exit reason [0-9]+ guest rip [0-9a-f]+ rsp [0-9a-f]+ cr3 [0-9a-f]+$");
        text[^1].ShouldBe("end of panic: the machine stands still until it is reset");

        // The source line that the chain gives for a caller.
        string Calls(string method)
        {
            var place = chain.Single(line => line.Contains(method, StringComparison.Ordinal)).Split(", ")[1].TrimEnd(')').Split(':');
            return File.ReadLines(Repository.PathOf(place[0])).ElementAt(int.Parse(place[1], CultureInfo.InvariantCulture) - 1);
        }
    }

    [Fact]
    public async Task A_damaged_program_database_is_refused_or_read_and_nothing_else()
    {
        var whole = await File.ReadAllBytesAsync(Repository.PathOf("out", "hvkernel.pdb"));
        var random = new Random(5);
        for (var round = 0; round < 300; round++)
        {
            var damaged = whole[..(random.Next(4) == 0 ? random.Next(whole.Length) : whole.Length)];
            for (var i = 0; i < 40 && damaged.Length > 0; i++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                ImageSymbols.Load(damaged).Annotate("image+12345");
            }
            catch (InvalidDataException)
            {
                // It says so.
            }
        }
    }

    /// <summary>Brings HvKernel down, and waits for the end of its report.</summary>
    internal static async Task PanicAsync(BootedGuest guest)
    {
        await guest.WaitForConsoleTextAsync("LAB scenario=dead");
        await guest.Debugger.PauseAsync();
        var code = CodeDefinition.Of(WithoutXsave, RunChoice.Root);
        try
        {
            // The first run may come back; the second one meets what it left.
            await guest.Debugger.RunCodeAsync(code);
            await guest.Debugger.RunCodeAsync(code);
        }
        catch (DebuggerException)
        {
            // Nobody is there to answer.
        }

        await guest.WaitForTargetTextAsync("end of panic");
    }
}
