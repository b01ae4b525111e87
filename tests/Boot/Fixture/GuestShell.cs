using System;
using System.Text.RegularExpressions;
using System.Threading.Tasks;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary>The shell of an interactive Linux guest, at its serial console.</summary>
public sealed class GuestShell(BootedGuest guest)
{
    private int _number;

    /// <summary>Waits until the guest is up.</summary>
    public async Task ReadyAsync()
    {
        await guest.WaitForConsoleTextAsync("guest ready");
        await guest.WaitForConsoleTextAsync(new Regex("# $"));
    }

    /// <summary>Ends what runs in the foreground, if anything does, and waits for the prompt.</summary>
    public async Task InterruptAsync()
    {
        var number = ++_number;
        await guest.TypeAsync($"\x03\necho s$((0))nc {number}\n");
        await guest.WaitForConsoleTextAsync($"s0nc {number}\n");
        await guest.WaitForConsoleTextAsync(new Regex("# $"));
    }

    /// <summary>Types a command without waiting for anything.</summary>
    public Task StartAsync(string command) => guest.TypeAsync(command + "\n");

    /// <summary>Runs a command to its end and gives what it printed.</summary>
    public async Task<string> RunAsync(string command)
    {
        // The echo of what is typed has no number where the output has one.
        var number = ++_number;
        await guest.TypeAsync($"echo b$((0))gin {number}; {command}; echo e$((0))nd {number}\n");
        await guest.WaitForConsoleTextAsync($"b0gin {number}\n");
        var output = await guest.WaitForConsoleTextAsync(new Regex($@"\G([\s\S]*?)e0nd {number}\n"));
        await guest.WaitForConsoleTextAsync(new Regex("# $"));
        return output.Groups[1].Value;
    }

    /// <summary>Waits for output of something that was started.</summary>
    public Task<Match> WaitAsync(string pattern, TimeSpan? timeout = null) =>
        guest.WaitForConsoleTextAsync(new Regex(pattern, RegexOptions.Multiline), timeout);
}
