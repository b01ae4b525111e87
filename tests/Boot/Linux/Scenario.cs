using System;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;

namespace HvKernel.Boot.Tests.Linux;

/// <summary>A watched program of the test guest (tests/Guests/Linux/README.md), between its <c>ready</c> and its <c>done</c>.</summary>
/// <param name="Guest">Where it runs.</param>
/// <param name="Pid">Its process id, as the guest printed it.</param>
public sealed record Scenario(BootedGuest Guest, uint Pid)
{
    private const ulong Flag = 0x1000_0000;

    /// <summary>Starts a scenario and waits until its program is ready.</summary>
    public static async Task<Scenario> StartAsync(GuestShell shell, BootedGuest guest, string name, int calls)
    {
        await shell.StartAsync($"hvk {name} {calls}");
        return await ReadyAsync(guest, name);
    }

    /// <summary>Waits until the program of this label is ready.</summary>
    public static async Task<Scenario> ReadyAsync(BootedGuest guest, string label, TimeSpan? timeout = null)
    {
        var ready = await guest.WaitForConsoleTextAsync(new Regex($@"{label} pid=(\d+) n=\d+ flag=0x10000000 ready\n", RegexOptions.Multiline), timeout);
        return new Scenario(guest, uint.Parse(ready.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    /// <summary>The process as the debugger sees it.</summary>
    public async Task<GuestProcess> ProcessAsync() =>
        (await Guest.Debugger.ListProcessesAsync()).Single(process => process.Pid == Pid);

    /// <summary>Sets the flag that the program waits for.</summary>
    public async Task ReleaseAsync() =>
        await Guest.Debugger.WriteMemoryAsync(Flag, new byte[] { 1 }, MemoryView.Root((await ProcessAsync()).PageRoot));

    /// <summary>Waits for the guest's own figures.</summary>
    public async Task<ScenarioFigures> DoneAsync(string label)
    {
        var done = await Guest.WaitForConsoleTextAsync(new Regex(
            $@"{label} pid=(\d+) n=\d+ syscalls=(\d+) interrupts=(\d+) loc=\d+ faults=(\d+) switches=\d+ ticks=\d+ status=(\d+)\n",
            RegexOptions.Multiline));
        Number(1).ShouldBe(Pid);
        return new ScenarioFigures(Number(2), Number(3), Number(4), (int)Number(5));

        ulong Number(int group) => ulong.Parse(done.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>Watches the program and only counts.</summary>
    public async Task<uint> CountAsync(ModeTrapDirection direction) =>
        (await Guest.Debugger.AddModeEventAsync(direction, ProcessKey.Pid(Pid), EventAction.Count)).Id;

    /// <summary>An event as the target has it now.</summary>
    public async Task<EventEntry> EventAsync(uint id) => (await Guest.Debugger.ListEventsAsync()).Single(item => item.Id == id);
}

/// <summary>What the guest counted itself from <c>ready</c> to <c>done</c>.</summary>
/// <param name="SystemCalls">Of the program: exact.</param>
/// <param name="Interrupts">Of the whole machine.</param>
/// <param name="Faults">Page faults of the program.</param>
/// <param name="Status">The program's exit status.</param>
public sealed record ScenarioFigures(ulong SystemCalls, ulong Interrupts, ulong Faults, int Status)
{
    /// <summary>Checks a count of entries into the kernel: no system call may be missing, and nothing be there that the guest does not know of.</summary>
    public void ShouldBoundKernelEntries(ulong count) => count.ShouldBeInRange(SystemCalls, SystemCalls + Interrupts + Faults);
}
