using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;

namespace HvKernel.Tests.Guest.Dumps;

/// <summary>A line of the guest's own /proc/TGID/task/TID/stat.</summary>
public sealed record GuestThread(uint Tgid, uint Tid, string Name, char State, uint ParentTgid, ulong Flags, ulong StartTicks)
{
    public const int TicksPerSecond = 100;

    public bool IsKernelThread => (Flags & 0x0020_0000) != 0;

    public static GuestThread Parse(string line)
    {
        // "TGID TID (name) S PPID ...": the name may hold blanks and brackets, so it ends at the last one. The rest from field 3.
        var tgid = line[..line.IndexOf(' ')];
        var stat = line[(tgid.Length + 1)..];
        var open = stat.IndexOf('(');
        var close = stat.LastIndexOf(')');
        var rest = stat[(close + 2)..].Split(' ');
        return new GuestThread(
            uint.Parse(tgid, CultureInfo.InvariantCulture),
            uint.Parse(stat[..(open - 1)], CultureInfo.InvariantCulture),
            stat[(open + 1)..close],
            rest[0][0],
            uint.Parse(rest[1], CultureInfo.InvariantCulture),
            ulong.Parse(rest[6], CultureInfo.InvariantCulture),
            ulong.Parse(rest[19], CultureInfo.InvariantCulture));
    }
}

/// <summary>A line of the guest's own /proc/kallsyms.</summary>
public sealed record GuestSymbol(ulong Address, char Type, string Name);

/// <summary>What a guest printed of itself before it was dumped; the format is described in tests/Guests/dump-guest.sh.</summary>
public sealed class GuestReport
{
    private readonly ILookup<string, string> _lines;

    public GuestReport(string path)
    {
        _lines = File.ReadLines(path)
            .Select(line => (Key: line.Split(' ')[0], Value: line[(line.IndexOf(' ') + 1)..]))
            .ToLookup(pair => pair.Key, pair => pair.Value);
        Threads = _lines["before"].Select(GuestThread.Parse).ToArray();
        Symbols = _lines["symbol"].Select(line => line.Split(' ')).Select(
            parts => new GuestSymbol(ulong.Parse(parts[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), parts[1][0], parts[2])).ToArray();
        Efer = Regex.Matches(_lines["registers"].Single(), "EFER=([0-9a-f]+)")
            .Select(match => ulong.Parse(match.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToArray();
    }

    public IReadOnlyList<GuestThread> Threads { get; }

    public IReadOnlyList<GuestSymbol> Symbols { get; }

    /// <summary>IA32_EFER of each processor.</summary>
    public IReadOnlyList<ulong> Efer { get; }

    public string Version => _lines["version"].Single();

    public string Release => _lines["release"].Single();

    public string CommandLine => _lines["cmdline"].Single();

    public string BtfMd5 => _lines["btf"].Single();

    /// <summary>Guest-physical address of the kernel's code.</summary>
    public ulong CodeStart => ulong.Parse(_lines["code"].Single().Split('-')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    public uint Processors => uint.Parse(_lines["processors"].Single(), CultureInfo.InvariantCulture);

    public ulong Address(string symbol) => Symbols.First(s => s.Name == symbol).Address;

    public bool HasSymbol(string symbol) => Symbols.Any(s => s.Name == symbol);
}
