using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;

namespace HvKernel.Tests.Guest.Dumps;

/// <summary>
/// The dumps that the tests use, by name; each is made when it is first asked for and kept in the user's cache (tests/Guests/dump-guest.sh).
/// The names begin with the Debian release whose kernel is in them.
/// </summary>
public static class DumpLibrary
{
    /// <summary>6.1, page-table isolation off, 4 levels of page tables.</summary>
    public const string Bookworm = "bookworm";

    /// <summary>6.1 with page-table isolation.</summary>
    public const string BookwormPti = "bookworm-pti";

    /// <summary>6.12 with page-table isolation and 5 levels.</summary>
    public const string TrixiePti = "trixie-pti-la57";

    /// <summary>7.2, page-table isolation off: roots of single pages.</summary>
    public const string Sid = "sid";

    /// <summary>6.1 at its first line on the console, not randomised: interrupts and the first task are set up, and no more.</summary>
    public const string BookwormEarly = "bookworm-early";

    private static readonly ConcurrentDictionary<string, Lazy<string>> Folders = new();
    private static readonly Lock Emulator = new();

    /// <summary>Opens a dump. Each call maps it anew.</summary>
    public static GuestDump Open(string name)
        => new(Folders.GetOrAdd(name, n => new Lazy<string>(() => Make(n))).Value);

    private static string Make(string name)
    {
        string[] arguments = name switch
        {
            Bookworm => ["--suite", "bookworm", "--cpu", "max,la57=off"],
            BookwormPti => ["--suite", "bookworm", "--cpu", "max,la57=off", "--append", "pti=on"],
            TrixiePti => ["--suite", "trixie", "--cpu", "max", "--append", "pti=on"],
            BookwormEarly => ["--suite", "bookworm", "--cpu", "max,la57=off", "--append", "nokaslr", "--at", "CONSOLE"],
            Sid => ["--suite", "sid", "--cpu", "max,la57=off"],
            _ => throw new ArgumentException(name, nameof(name)),
        };
        lock (Emulator)
        {
            var start = new ProcessStartInfo(Path.Combine(RepositoryRoot(), "tests/Guests/dump-guest.sh"), [.. arguments, "--name", name])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var script = Process.Start(start)!;
            var errors = script.StandardError.ReadToEndAsync();
            var output = script.StandardOutput.ReadToEnd();
            script.WaitForExit();
            if (script.ExitCode != 0)
                throw new InvalidOperationException($"dump-guest.sh for {name} ended with {script.ExitCode}: {errors.Result}");
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Last();
        }
    }

    private static string RepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Directory.Packages.props")))
                return folder.FullName;
        }
        throw new InvalidOperationException("The tests do not run inside the project's folder.");
    }
}
