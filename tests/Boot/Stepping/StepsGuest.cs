using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;

namespace HvKernel.Boot.Tests.Stepping;

/// <summary>The guest of the stepping tests (tests/Guests/Steps): it tells where its code is, and carries out orders.</summary>
public sealed class StepsGuest
{
    public const byte Walk = 1;
    public const byte Count = 2;
    public const byte Recurse = 3;
    public const byte Modify = 4;
    public const byte Fault = 5;

    private static readonly TimeSpan StopTime = TimeSpan.FromMinutes(1);
    private readonly BootedGuest _guest;
    private readonly Dictionary<string, ulong> _places;

    private StepsGuest(BootedGuest guest, Dictionary<string, ulong> places)
    {
        _guest = guest;
        _places = places;
    }

    public Debugger Debugger => _guest.Debugger;

    /// <summary>Address of a label; linear addresses are physical ones in this guest.</summary>
    public ulong this[string label] => _places[label];

    /// <summary>Boots the guest, talks with it, and ends it. What goes wrong carries what all sides said.</summary>
    public static async Task RunAsync(string name, Func<StepsGuest, Task> test, BootOptions? like = null)
    {
        var folder = Repository.PathOf("out", "test", "boot", name);
        Directory.CreateDirectory(folder);
        var image = Path.Combine(folder, "steps.efi");
        using (var build = System.Diagnostics.Process.Start("sh", [Repository.PathOf("tests", "Guests", "Steps", "build.sh"), image]))
        {
            await build.WaitForExitAsync();
            if (build.ExitCode != 0)
            {
                throw new InvalidOperationException("the guest cannot be built");
            }
        }

        await using var guest = await BootedGuest.StartAsync((like ?? new BootOptions { Name = name }) with { Name = name, Guest = image });
        try
        {
            var line = (await guest.WaitForConsoleTextAsync(new Regex("STEPS order=.*\n"))).Value;
            var places = new Dictionary<string, ulong>();
            foreach (var found in Numbers(line))
            {
                places.Add(found.Name, found.Value);
            }

            await test(new StepsGuest(guest, places));
        }
        catch (Exception problem) when (problem is not BootException)
        {
            throw new BootException($"{problem.GetType().Name}: {problem.Message}\n{guest.Report()}", problem);
        }
    }

    /// <summary>Gives an order; the guest begins with it when it runs.</summary>
    public Task OrderAsync(byte order) => Debugger.WriteMemoryAsync(this["order"], new[] { order }, MemoryView.Physical);

    /// <summary>The figures with which the guest answers an order.</summary>
    public async Task<IReadOnlyDictionary<string, ulong>> AnswerAsync(string order)
    {
        var line = (await _guest.WaitForConsoleTextAsync(new Regex($"STEPS {order} .*\n"))).Value;
        var values = new Dictionary<string, ulong>();
        foreach (var found in Numbers(line))
        {
            values.Add(found.Name, found.Value);
        }

        return values;
    }

    public Task AmountAsync(ulong amount) => Debugger.WriteMemoryAsync(this["amount"], BitConverter.GetBytes(amount), MemoryView.Physical);

    public async Task<uint> BreakAsync(ulong address, uint? core = null) =>
        (await Debugger.AddBreakpointAsync(new BreakpointDefinition(address, Core: core))).Id;

    public async Task<ulong> HitsAsync(uint id)
    {
        foreach (var entry in await Debugger.ListBreakpointsAsync())
        {
            if (entry.Id == id)
            {
                return entry.Hits;
            }
        }

        throw new InvalidOperationException($"breakpoint {id} is not listed");
    }

    /// <summary>Lets the guest go on, and waits for its next stop.</summary>
    public async Task<StopEvent> GoAsync()
    {
        await Debugger.ContinueAsync();
        return await Debugger.WaitForStopAsync(StopTime);
    }

    /// <summary>Goes to a place where the guest comes by with an order, without leaving a breakpoint there.</summary>
    public async Task GoToAsync(byte order, ulong address)
    {
        await Debugger.PauseAsync();
        var id = await BreakAsync(address);
        await OrderAsync(order);
        var stop = await GoAsync();
        if (stop.Reason != StopReason.Breakpoint || stop.BreakpointId != id || stop.Rip != address)
        {
            throw new InvalidOperationException($"stopped for {stop.Reason} at {stop.Rip:x}, not at {address:x}");
        }

        await Debugger.ClearBreakpointAsync(id);
    }

    private static IEnumerable<(string Name, ulong Value)> Numbers(string line)
    {
        foreach (Match match in Regex.Matches(line, "([a-z0-9]+)=0x([0-9a-f]+)"))
        {
            yield return (match.Groups[1].Value, ulong.Parse(match.Groups[2].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        }
    }
}
