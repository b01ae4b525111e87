using System;
using System.Collections.Generic;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>The conversation with a booted lab guest: it announces a scenario, is released, and reports.</summary>
public sealed class LabGuest(BootedGuest guest)
{
    /// <summary>Addresses that begin here are the kernel's.</summary>
    public const ulong KernelHalf = 0xFFFF_8000_0000_0000;

    /// <summary>Where each vector's stub is, 16 bytes apart.</summary>
    public const ulong EntryText = 0xFFFF_FF80_0000_0000;

    /// <summary>The page of every process's program.</summary>
    public const ulong UserText = 0x40_0000;
    public const ulong UserTextEnd = UserText + 0x1000;

    public BootedGuest Guest => guest;

    public Debugger Debugger => guest.Debugger;

    /// <summary>Boots the guest with its options, talks with it, and ends it. What goes wrong carries what all sides said.</summary>
    /// <param name="name">Folder for the logs, below <c>out/test/boot</c>.</param>
    /// <param name="options">Load options (tests/Guests/Lab/README.md).</param>
    /// <param name="test">The conversation.</param>
    /// <param name="processors">Of the machine; the guest uses as many as its options say.</param>
    /// <param name="mask">Features of the processor that HvKernel is to do without.</param>
    public static async Task RunAsync(string name, string options, Func<LabGuest, Task> test, int processors = 1, string? mask = null)
    {
        await using var guest = await BootedGuest.StartAsync(
            new BootOptions { Name = name, Guest = "lab", Append = options, Processors = processors, Mask = mask });
        try
        {
            await test(new LabGuest(guest));
        }
        catch (Exception problem) when (problem is not BootException)
        {
            throw new BootException($"{problem.GetType().Name}: {problem.Message}\n{guest.Report()}", problem);
        }
    }

    /// <summary>The guest's first line.</summary>
    public Task<LabLine> GreetingAsync() => LineAsync("LAB guest");

    /// <summary>The next scenario with a process; the guest waits for its flag.</summary>
    public async Task<LabScenario> NextAsync(string name)
    {
        var line = await LineAsync("LAB scenario=");
        if (line.Word("scenario") != name)
        {
            throw new InvalidOperationException($"expected scenario {name}, the guest says: {line.Text}");
        }

        return LabScenario.Of(line);
    }

    /// <summary>The next line that begins so; an error of the guest ends the wait.</summary>
    public async Task<LabLine> LineAsync(string start)
    {
        var pattern = new Regex($"^(?:{Regex.Escape(start)}|LAB error|LAB timeout).*\n", RegexOptions.Multiline);
        var line = (await guest.WaitForConsoleTextAsync(pattern)).Value.TrimEnd();
        return line.StartsWith(start, StringComparison.Ordinal) ? new LabLine(line) : throw new InvalidOperationException($"the guest says: {line}");
    }

    /// <summary>Lets the scenario begin.</summary>
    public Task ReleaseAsync(LabScenario scenario) => WriteAsync(scenario.Flag);

    /// <summary>Writes 1 to a word of the guest's, by physical address.</summary>
    public Task WriteAsync(ulong word) => Debugger.WriteMemoryAsync(word, BitConverter.GetBytes(1UL), MemoryView.Physical);

    public async Task<LabFigures> DoneAsync(LabScenario scenario)
    {
        var line = await LineAsync("LAB done");
        if (line.Word("scenario") != scenario.Name)
        {
            throw new InvalidOperationException($"expected the end of {scenario.Name}, the guest says: {line.Text}");
        }

        return LabFigures.Of(line);
    }

    /// <summary>The lines before the end of a scenario with several processors.</summary>
    public async Task<IReadOnlyList<ProcessorFigures>> ProcessorsAsync(int count)
    {
        var processors = new List<ProcessorFigures>();
        for (var i = 0; i < count; i++)
        {
            processors.Add(ProcessorFigures.Of(await LineAsync($"LAB processor number={i} ")));
        }

        return processors;
    }

    public async Task<LabFigures> RunToEndAsync(LabScenario scenario)
    {
        await ReleaseAsync(scenario);
        return await DoneAsync(scenario);
    }

    public Task<AddedEvent> AddAsync(ModeTrapDirection direction, ulong cr3, EventAction action, uint? processor = null) =>
        Debugger.AddModeEventAsync(direction, ProcessKey.Cr3(cr3), action, processor);

    /// <summary>An event as the target lists it.</summary>
    public async Task<EventEntry> EventAsync(AddedEvent added)
    {
        foreach (var entry in await Debugger.ListEventsAsync())
        {
            if (entry.Id == added.Id)
            {
                return entry;
            }
        }

        throw new InvalidOperationException($"event {added.Id} is not listed");
    }

    /// <summary>Exits of processor 0 for one reason.</summary>
    public async Task<ulong> ExitsAsync(ExitReason reason) => (await Debugger.GetExitCountersAsync(0)).Counts[(int)reason];
}
