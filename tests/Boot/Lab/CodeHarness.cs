using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>A scenario of the lab guest that machine code of events is tried on; addresses are physical.</summary>
public sealed record CodeScenario(LabLine Line)
{
    public string Name => Line.Word("scenario");

    public string Mode => Line.Word("mode");

    public ulong Times => Line.Number("n");

    public ulong Root => Line.Number("root");

    public ulong UserRoot => Line.Number("userroot");

    public ulong Flag => Line.Number("flag");

    /// <summary>The word that ends <c>steady</c>; its system calls are counted in the word behind it.</summary>
    public ulong Data => Line.Number("data");

    /// <summary>Rounds of the neighbour in <c>steady</c>.</summary>
    public ulong OtherProgress => Line.Number("otherdata") + 8;

    public ulong Progress => Data + 8;
}

/// <summary>What the boot tests of machine code have in common.</summary>
public static class CodeHarness
{
    /// <summary>All three address-space modes of the lab guest.</summary>
    public static readonly string[] Modes = ["plain", "two-root", "pcid"];

    /// <summary>Manners of running, the default first.</summary>
    public static readonly RunChoice[] Choices = [RunChoice.Auto, RunChoice.Contained, RunChoice.Root];

    /// <summary>
    /// The emulated processor takes a twentieth of the usual instructions a second, so that the serial line, which has its 115,200 baud in the
    /// guest's time, carries twenty times as much beside them. What is limited in time gets as many instructions fewer.
    /// </summary>
    public const string QuickLine = "cpu: ips=10000000";

    /// <summary>The per-processor area of the guest's kernel (tests/Guests/Lab/AddressMap.cs).</summary>
    public const ulong PerCpu = LabGuest.EntryText + 0x1_0000;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2);

    /// <summary>
    /// As <see cref="LabGuest.RunAsync"/>, with HvKernel telling where its memory is, and with <see cref="QuickLine"/> where that is asked for.
    /// </summary>
    public static async Task RunAsync(string name, string options, Func<LabGuest, Task> test, bool quickLine = false, TimeSpan? limit = null)
    {
        await using var guest = await BootedGuest.StartAsync(new BootOptions
        {
            Name = name,
            Guest = "lab",
            Configuration = $"log = debug\nnext = \\EFI\\guest\\guest.efi\nargs = {options}\n",
            BochsOptions = quickLine ? QuickLine : null,
            Limit = limit ?? TimeSpan.FromMinutes(6),
        });
        try
        {
            await test(new LabGuest(guest));
        }
        catch (Exception problem) when (problem is not BootException)
        {
            throw new BootException($"{problem.GetType().Name}: {problem.Message}\n{guest.Report()}", problem);
        }
    }

    /// <summary>Physical address of HvKernel's memory, and of its end.</summary>
    public static (ulong Start, ulong End) ReservedMemory(this LabGuest lab)
    {
        var bounds = Regex.Match(lab.Guest.Console.Text, "reserved 0x([0-9a-f]+) to 0x([0-9a-f]+)");
        return (Parse(1), Parse(2));

        ulong Parse(int group) => ulong.Parse(bounds.Groups[group].Value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    /// <summary>Machine code out of a listing's hexadecimal digits.</summary>
    public static byte[] Hex(string digits) => Convert.FromHexString(digits.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>Machine code out of assembly text, by an assembler that is not ours: nasm. Semicolons separate instructions.</summary>
    public static byte[] Assemble(string text)
    {
        var folder = Directory.CreateTempSubdirectory("hvk-nasm-");
        try
        {
            var source = Path.Combine(folder.FullName, "code.asm");
            var binary = Path.Combine(folder.FullName, "code.bin");
            File.WriteAllText(source, "bits 64\n" + text.Replace(';', '\n') + "\n");
            using var nasm = Process.Start(new ProcessStartInfo("nasm", ["-f", "bin", "-o", binary, source]) { RedirectStandardError = true })!;
            var problem = nasm.StandardError.ReadToEnd();
            nasm.WaitForExit();
            return nasm.ExitCode == 0 ? File.ReadAllBytes(binary) : throw new ArgumentException($"nasm: {problem}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>
    /// The code as a manner is tried with it: what shall run in root, and not directly there, gets a jump in front that nobody can prove not to
    /// loop (test rsp, rsp; jz $) and that is never taken.
    /// </summary>
    public static byte[] For(RunChoice run, ReadOnlySpan<byte> code) => run == RunChoice.Root ? [0x48, 0x85, 0xE4, 0x74, 0xFE, .. code] : [.. code];

    /// <summary>The manner in which such code runs, where it is otherwise one that can be proved.</summary>
    public static RunManner MannerOf(RunChoice run) => run switch
    {
        RunChoice.Contained => RunManner.Contained,
        RunChoice.Root => RunManner.Root,
        _ => RunManner.Direct,
    };

    /// <summary>An action that runs assembly text in a manner, as <see cref="For"/> says.</summary>
    public static ActionDefinition Code(string text, int bufferBytes = 0, RunChoice run = RunChoice.Auto) =>
        ActionDefinition.CustomCode(For(run, Assemble(text)), bufferBytes, run);

    /// <summary>Code or condition of assembly text in a manner, as <see cref="For"/> says.</summary>
    public static CodeDefinition Definition(string text, RunChoice run = RunChoice.Auto) => CodeDefinition.Of(For(run, Assemble(text)), run);

    /// <summary>The next scenario; the guest waits for its flag.</summary>
    public static async Task<CodeScenario> NextCodeAsync(this LabGuest lab, string name)
    {
        var line = await lab.LineAsync("LAB scenario=");
        return line.Word("scenario") == name
            ? new CodeScenario(line)
            : throw new InvalidOperationException($"expected scenario {name}, the guest says: {line.Text}");
    }

    public static Task ReleaseAsync(this LabGuest lab, CodeScenario scenario) => lab.WriteAsync(scenario.Flag);

    /// <summary>What the guest says at the end of a scenario.</summary>
    public static async Task<LabLine> DoneAsync(this LabGuest lab, CodeScenario scenario, TimeSpan? patience = null)
    {
        var line = await lab.LineAsync("LAB done", patience);
        return line.Word("scenario") == scenario.Name
            ? line
            : throw new InvalidOperationException($"expected the end of {scenario.Name}, the guest says: {line.Text}");
    }

    /// <summary>Lets a scenario run and gives what the guest says at its end.</summary>
    public static async Task<LabLine> RunToEndAsync(this LabGuest lab, CodeScenario scenario, TimeSpan? patience = null)
    {
        await lab.ReleaseAsync(scenario);
        return await lab.DoneAsync(scenario, patience);
    }

    /// <summary>Ends <c>steady</c>.</summary>
    public static async Task<LabLine> EndSteadyAsync(this LabGuest lab, CodeScenario scenario)
    {
        await lab.WriteAsync(scenario.Data);
        return await lab.DoneAsync(scenario);
    }

    /// <summary>An event of these actions, without a condition.</summary>
    public static Task<AddedEvent> AddAsync(this LabGuest lab, ModeTrapDirection direction, CodeScenario scenario, params ActionDefinition[] actions) =>
        lab.Debugger.AddEventAsync(ModeEventDefinition.Of(direction, ProcessKey.Cr3(scenario.Root), actions));

    /// <summary>A word of the guest's memory, by physical address, while it runs or stands still.</summary>
    public static async Task<ulong> WordAsync(this LabGuest lab, ulong address) =>
        BitConverter.ToUInt64(await lab.Debugger.ReadMemoryAsync(address, 8, MemoryView.Physical));

    /// <summary>Stops the guest at the first instruction of the scenario's process, its events as they were before.</summary>
    public static async Task<StopEvent> StopInProcessAsync(this LabGuest lab, CodeScenario scenario, ModeTrapDirection direction = ModeTrapDirection.User)
    {
        var breaking = await lab.AddAsync(direction, scenario, ActionDefinition.Break);
        await lab.ReleaseAsync(scenario);
        var stop = await lab.Debugger.WaitForStopAsync(LongestWait);
        await lab.Debugger.ClearEventAsync(breaking.Id);
        return stop;
    }

    /// <summary>The next message of a kind that meets a condition; what is passed over is lost.</summary>
    public static async Task<T> NextAsync<T>(this EventSubscription subscription, Func<T, bool> wanted)
        where T : TargetEvent
    {
        using var limit = new CancellationTokenSource(LongestWait);
        try
        {
            while (true)
            {
                if (await subscription.Reader.ReadAsync(limit.Token) is T item && wanted(item))
                {
                    return item;
                }
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"no such {typeof(T).Name} within {LongestWait.TotalSeconds:0} s");
        }
    }

    /// <summary>As many messages of a kind as are wanted.</summary>
    public static async Task<IReadOnlyList<T>> TakeAsync<T>(this EventSubscription subscription, ulong count)
        where T : TargetEvent
    {
        var taken = new List<T>();
        while ((ulong)taken.Count < count)
        {
            taken.Add(await subscription.NextAsync<T>(_ => true));
        }

        return taken;
    }

    /// <summary>Waits until something about the guest is so.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        using var limit = new CancellationTokenSource(LongestWait);
        while (!await isSo())
        {
            try
            {
                await Task.Delay(50, limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"not within {LongestWait.TotalSeconds:0} s: {what}");
            }
        }
    }

    /// <summary>Each scenario once in each mode, waiting for the debugger, and one more at the end that keeps the machine up.</summary>
    public static string EachMode(params string[] scenarios) =>
        $"wait=forever,{string.Join(',', Modes.Select(mode => $"{mode}:{string.Join(',', scenarios)}"))},syscall=1,poweroff";

    /// <summary>Exits of these reasons on processor 0.</summary>
    public static async Task<ulong> SumExitsAsync(this LabGuest lab, params ExitReason[] reasons)
    {
        var counters = await lab.Debugger.GetExitCountersAsync(0);
        return reasons.Aggregate(0UL, (sum, reason) => sum + counters.Counts[(int)reason]);
    }

    private static async Task<LabLine> LineAsync(this LabGuest lab, string start, TimeSpan? patience)
    {
        if (patience is null)
        {
            return await lab.LineAsync(start);
        }

        // Longer than a wait for a line takes at most.
        var line = await lab.Guest.WaitForConsoleTextAsync(
            new Regex($"^(?:{start}|LAB error).*\n", RegexOptions.Multiline), patience);
        return new LabLine(line.Value.TrimEnd());
    }
}
