using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary>
/// A guest in an emulator, its console, and a debugger on it. No more than two run at once in the whole assembly: a test class that holds
/// one must not start another.
/// </summary>
public sealed class BootedGuest : IAsyncDisposable
{
    private const int TailLines = 25;

    /// <summary>What a wait takes at most that names no time: a boot takes ten seconds on an idle machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly SemaphoreSlim Slots = new(2);
    private static int _number;

    private readonly string _folder;
    private readonly string _socket;
    private readonly string _consoleFile;
    private readonly CancellationTokenSource _closing = new();
    private readonly List<string> _targetText = [];
    private readonly List<TargetEvent> _events = [];
    private TaskCompletionSource _textArrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Launcher? _launcher;
    private Task _following = Task.CompletedTask;
    private Debugger? _debugger;

    private BootedGuest(BootOptions options)
    {
        Options = options;
        _folder = Repository.PathOf("out", "test", "boot", options.Name);
        _consoleFile = Path.Combine(_folder, "console.txt");

        // Not in the folder: the address of a Unix socket has room for 107 characters.
        _socket = Path.Combine(Path.GetTempPath(), $"hvk-{Environment.ProcessId}-{Interlocked.Increment(ref _number)}.sock");
    }

    public BootOptions Options { get; }

    /// <summary>Where consoles attach: <c>unix:PATH</c>.</summary>
    public string Endpoint => "unix:" + _socket;

    /// <summary>Path of the debug line's socket, for a test that speaks on it itself.</summary>
    public string SocketPath => _socket;

    public Debugger Debugger => _debugger ?? throw new InvalidOperationException("not attached");

    /// <summary>The guest's first serial line.</summary>
    public ConsoleLog Console { get; } = new();

    /// <summary>The launcher's exit status once the emulator has ended: 0 when the guest powered off.</summary>
    public Task<int> ExitCode => _launcher!.ExitCode;

    /// <summary>The lines that came over the debug line: boot lines, panics.</summary>
    public IReadOnlyList<string> TargetText
    {
        get
        {
            lock (_targetText)
            {
                return [.. _targetText];
            }
        }
    }

    /// <summary>Everything else that the target told on its own since the debugger attached.</summary>
    public IReadOnlyList<TargetEvent> Events
    {
        get
        {
            lock (_targetText)
            {
                return [.. _events];
            }
        }
    }

    /// <summary>Starts the emulator, and attaches where the options say so.</summary>
    public static async Task<BootedGuest> StartAsync(BootOptions options)
    {
        await Slots.WaitAsync().ConfigureAwait(false);
        var guest = new BootedGuest(options);
        try
        {
            guest.Launch();
            if (options is { Attach: true, DebugLine: true })
            {
                await guest.AttachAsync(Patience).ConfigureAwait(false);
            }

            return guest;
        }
        catch
        {
            await guest.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Attaches the debugger of this guest; the one before is detached.</summary>
    public async Task<Debugger> AttachAsync(TimeSpan timeout)
    {
        await DetachAsync().ConfigureAwait(false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        var attaching = Debugger.AttachAsync(Endpoint, timeout, stop.Token);
        try
        {
            if (await Task.WhenAny(attaching, ExitCode).ConfigureAwait(false) != attaching)
            {
                await stop.CancelAsync().ConfigureAwait(false);
                throw new InvalidOperationException($"the emulator ended with status {await ExitCode.ConfigureAwait(false)}");
            }

            _debugger = await attaching.ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is DebuggerException or InvalidOperationException)
        {
            throw Explain("the target does not come: " + problem.Message, problem);
        }

        _ = KeepAsync(_debugger.Subscribe());
        return _debugger;
    }

    /// <summary>Attaches the debugger of this guest unless it is attached.</summary>
    public Task AttachIfDetachedAsync() => _debugger is null ? AttachAsync(Patience) : Task.CompletedTask;

    /// <summary>Leaves the target as it is.</summary>
    public async Task DetachAsync()
    {
        if (_debugger is not null)
        {
            await _debugger.DisposeAsync().ConfigureAwait(false);
            _debugger = null;
        }
    }

    /// <summary>Waits for a text on the guest's console, behind what was waited for before.</summary>
    public Task<Match> WaitForConsoleTextAsync(string text, TimeSpan? timeout = null) =>
        WaitForConsoleTextAsync(new Regex(Regex.Escape(text)), timeout);

    /// <summary>Waits for a pattern on the guest's console, behind what was waited for before.</summary>
    public async Task<Match> WaitForConsoleTextAsync(Regex pattern, TimeSpan? timeout = null)
    {
        try
        {
            return await Console.WaitAsync(pattern, timeout ?? Patience, _closing.Token).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is TimeoutException or InvalidOperationException)
        {
            throw Explain(problem.Message, problem);
        }
    }

    /// <summary>Waits for a line of the target's own text that holds these words, and gives it.</summary>
    public async Task<string> WaitForTargetTextAsync(string words, TimeSpan? timeout = null)
    {
        var end = DateTime.UtcNow + (timeout ?? Patience);
        while (true)
        {
            Task progress;
            lock (_targetText)
            {
                if (_targetText.Find(line => line.Contains(words, StringComparison.Ordinal)) is { } found)
                {
                    return found;
                }

                progress = _textArrived.Task;
            }

            try
            {
                var left = end - DateTime.UtcNow;
                await progress.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero).ConfigureAwait(false);
            }
            catch (TimeoutException problem)
            {
                throw Explain($"the target does not say \"{words}\"", problem);
            }
        }
    }

    /// <summary>Waits until the guest has ended by itself and all of its console was read, and gives the launcher's exit status.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan? timeout = null)
    {
        try
        {
            var status = await ExitCode.WaitAsync(timeout ?? Patience).ConfigureAwait(false);

            // On a busy machine the reader of the console's file may be behind the guest.
            await _following.WaitAsync(Patience).ConfigureAwait(false);
            return status;
        }
        catch (TimeoutException problem)
        {
            throw Explain("the guest does not end", problem);
        }
    }

    /// <summary>Types on the guest's console, where it is interactive.</summary>
    public Task TypeAsync(string text) => _launcher!.TypeAsync(text);

    /// <summary>The tails of what guest, target and emulator said, for the message of a test that fails.</summary>
    public string Report()
    {
        var report = new StringBuilder();
        report.AppendLine($"---- {Options.Name}: guest console, last {TailLines} lines").AppendLine(Console.Tail(TailLines));
        report.AppendLine("---- target").AppendLine(string.Join('\n', TargetText.TakeLast(TailLines)));
        report.AppendLine("---- events").AppendLine(string.Join('\n', Events.Where(item => item is not TransitionsEvent).TakeLast(10)));
        report.AppendLine("---- launcher").Append(_launcher?.Output);
        report.AppendLine($"---- all of it, and the emulator's log: {_folder}");
        return report.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await DetachAsync().ConfigureAwait(false);
        if (_launcher is not null)
        {
            await _launcher.DisposeAsync().ConfigureAwait(false);
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(false);
        await File.WriteAllTextAsync(Path.Combine(_folder, "report.txt"), Report()).ConfigureAwait(false);
        await File.WriteAllLinesAsync(Path.Combine(_folder, "target.txt"), TargetText).ConfigureAwait(false);
        if (Options.Interactive)
        {
            await File.WriteAllTextAsync(_consoleFile, Console.Text).ConfigureAwait(false);
        }

        File.Delete(_socket);
        Slots.Release();
    }

    private void Launch()
    {
        Directory.CreateDirectory(_folder);
        File.WriteAllText(_consoleFile, "");
        _launcher = Launcher.Start(Options, _folder, _socket, _consoleFile, Console.Add);
        _following = Options.Interactive ? CompleteAtExitAsync() : FollowAsync();
    }

    // The emulator writes each byte at once. No event tells that a file grew by one, in all file systems.
    private async Task FollowAsync()
    {
        using var file = new FileStream(_consoleFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var buffer = new byte[1 << 16];
        while (true)
        {
            var ended = ExitCode.IsCompleted;
            var count = await file.ReadAsync(buffer).ConfigureAwait(false);
            if (count > 0)
            {
                Console.Add(Encoding.Latin1.GetString(buffer, 0, count));
            }
            else if (ended)
            {
                Console.Complete();
                return;
            }
            else
            {
                await Task.WhenAny(ExitCode, Task.Delay(20)).ConfigureAwait(false);
            }
        }
    }

    private async Task CompleteAtExitAsync()
    {
        await ExitCode.ConfigureAwait(false);
        Console.Complete();
    }

    private async Task KeepAsync(EventSubscription subscription)
    {
        await foreach (var item in subscription.ReadAllAsync().ConfigureAwait(false))
        {
            lock (_targetText)
            {
                if (item is TextEvent text)
                {
                    _targetText.Add(text.Line);
                    _textArrived.TrySetResult();
                    _textArrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }
                else
                {
                    _events.Add(item);
                }
            }
        }
    }

    private BootException Explain(string message, Exception inner) => new($"{message}\n{Report()}", inner);
}
