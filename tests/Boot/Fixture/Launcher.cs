using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Tasks;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary><c>qemu/boot.sh</c> as a process group of its own, so that nothing of it survives the test.</summary>
internal sealed partial class Launcher : IAsyncDisposable
{
    private const int Sigterm = 15;
    private const int Sigkill = 9;

    private static readonly ConcurrentDictionary<int, Launcher> Running = new();

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Task _reading;

    static Launcher() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var group in Running.Keys)
        {
            _ = Kill(-group, Sigterm);
        }
    };

    private Launcher(Process process, Action<string>? onOutput)
    {
        _process = process;
        Running[process.Id] = this;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, onOutput), ReadAsync(process.StandardError, null));
        ExitCode = WaitAsync();
    }

    /// <summary>The launcher's exit status, once the emulator has ended.</summary>
    internal Task<int> ExitCode { get; }

    /// <summary>What it printed itself.</summary>
    internal string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <param name="boot">What to boot.</param>
    /// <param name="folder">For this boot's files.</param>
    /// <param name="socket">Path of the debug line's socket.</param>
    /// <param name="console">Path of the file for the guest's console.</param>
    /// <param name="onConsole">Takes the guest's console instead, where it is interactive.</param>
    internal static Launcher Start(BootOptions boot, string folder, string socket, string console, Action<string> onConsole)
    {
        var configuration = Path.Combine(folder, "hvkernel.cfg");
        if (boot.Configuration is not null)
        {
            File.WriteAllText(configuration, boot.Configuration);
        }

        // setsid becomes the launcher itself, with its process id for a group.
        var start = new ProcessStartInfo("setsid", ["sh", Repository.PathOf("qemu", "boot.sh"), .. boot.Words(configuration, socket, console)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
            StandardInputEncoding = Encoding.Latin1,
        };
        start.Environment["HVK_BOCHS_LOG"] = Path.Combine(folder, "bochs.log");
        start.Environment["HVK_BOCHS_OPTIONS"] = boot.BochsOptions ?? "";
        start.Environment["HVK_QEMU_OPTIONS"] = boot.QemuOptions ?? "";
        if (boot.Image is not null)
        {
            start.Environment["HVK_EFI"] = boot.Image;
        }

        // HVK_MASK of the test run itself holds for every boot that asks for nothing else: the same tests on a lesser processor.
        if (boot.Mask is not null)
        {
            start.Environment["HVK_MASK"] = boot.Mask;
        }

        if (!boot.StartsItself)
        {
            start.Environment["HVK_EFI"] = "none";
        }

        return new Launcher(Process.Start(start)!, boot.Interactive ? onConsole : null);
    }

    internal async Task TypeAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text).ConfigureAwait(false);
        await _process.StandardInput.FlushAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        _ = Kill(-_process.Id, Sigterm);
        try
        {
            await ExitCode.WaitAsync(TimeSpan.FromSeconds(10)).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Below.
        }

        // Whatever did not listen, and what the launcher left behind.
        _ = Kill(-_process.Id, Sigkill);
        Running.TryRemove(_process.Id, out _);
        await ExitCode.ConfigureAwait(false);
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader stream, Action<string>? sink)
    {
        var buffer = new char[4096];
        int count;
        while ((count = await stream.ReadAsync(buffer).ConfigureAwait(false)) > 0)
        {
            if (sink is not null)
            {
                sink(new string(buffer, 0, count));
                continue;
            }

            lock (_output)
            {
                _output.Append(buffer, 0, count);
            }
        }
    }

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
        return _process.ExitCode;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
