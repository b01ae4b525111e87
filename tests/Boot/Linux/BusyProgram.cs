using System;
using System.Globalization;
using System.Threading.Tasks;
using HvKernel.Boot.Tests.Fixture;

namespace HvKernel.Boot.Tests.Linux;

/// <summary>A program of the test guest that makes system calls in the background until it is disposed of.</summary>
public sealed class BusyProgram : IAsyncDisposable
{
    private readonly GuestShell _shell;

    private BusyProgram(GuestShell shell, uint pid)
    {
        _shell = shell;
        Pid = pid;
    }

    public uint Pid { get; }

    /// <summary>Starts one, in a session of its own: what is typed at the prompt does not end it.</summary>
    public static async Task<BusyProgram> StartAsync(GuestShell shell)
    {
        await shell.StartAsync("setsid hvk busy &");
        var ready = await shell.WaitAsync(@"busy pid=(\d+) ready\n");
        return new BusyProgram(shell, uint.Parse(ready.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    /// <summary>
    /// Ends it, and waits until it is gone. A command that is only typed is thrown away by the guest's terminal when the next test begins with
    /// an interrupt, and the program would take the processor from all tests that follow.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _shell.InterruptAsync();
        await _shell.RunAsync($"kill -9 {Pid}; while [ -d /proc/{Pid} ]; do sleep 0.1; done");
    }
}
