using System;

namespace HvKernel.Guests.Lab;

/// <summary>What a scenario does N times.</summary>
internal enum ScenarioKind : byte
{
    Syscall = 0,
    Interrupt,
    PageFault,
    InvalidOpcode,
    Timer,
    Switch,
    Allocate,
    Tagged,
    Numbers,
    Vectors,
    Steady,
    UserSpin,
    Pinned,
    Migrating,
    Offline,
    Nmi,
    Ipi,
    Spin,
    Halt,
    Dead,
    PowerOff,
    Count,
}

/// <summary>How a process's kernel and user halves are mapped.</summary>
internal enum AddressSpaceMode : byte
{
    /// <summary>One root.</summary>
    Plain = 0,

    /// <summary>Two roots in neighbouring pages; the upper one, for ring 3, has of the kernel only the entry area.</summary>
    TwoRoot,

    /// <summary>As <see cref="TwoRoot"/>, with process-context identifiers and loads of CR3 that keep translations.</summary>
    Pcid,
    Count,
}

/// <summary>One scenario with the settings that held where it stood in the options.</summary>
internal struct Scenario
{
    public ScenarioKind Kind;
    public AddressSpaceMode Mode;

    /// <summary>Whether the wait for the debugger is spent in the process's address space, and not in the kernel's own.</summary>
    public bool HoldsInProcess;

    /// <summary>Seconds to wait for the debugger, or <see cref="Options.Forever"/>.</summary>
    public ulong Wait;
    public ulong Times;
    public ThreadSettings Threads;
}

/// <summary>The load options, parsed: items between commas or blanks, in order (README.md has the grammar).</summary>
internal unsafe struct Options
{
    public const ulong Forever = ulong.MaxValue;
    public const int MaximumScenarios = 64;
    public const int MaximumCpus = 16;
    private const int ScenarioBytes = 40;
    private const ulong DefaultLimit = 10;
    private const ulong MaximumTimes = 1_000_000;

    public int Count;

    /// <summary>First character of the item that could not be understood, or -1.</summary>
    public int BadStart;
    public int BadLength;

    /// <summary>How many processors the guest starts and uses; with one it knows of no others.</summary>
    public int Cpus;
    public bool UsesX2Apic;

    /// <summary>Seconds after which one processor gives up waiting for another.</summary>
    public ulong Limit;
    private Table _scenarios;
    private AddressSpaceMode _mode;
    private bool _holdsInProcess;
    private ulong _wait;
    private ThreadSettings _threads;

    public Scenario* At(int index)
    {
        fixed (byte* bytes = _scenarios.Bytes)
        {
            return (Scenario*)bytes + index;
        }
    }

    /// <summary>Takes the characters of the load options; false where an item is none.</summary>
    public bool Parse(char* text, int length)
    {
        this = default;
        BadStart = -1;
        Cpus = 1;
        Limit = DefaultLimit;
        _threads.Initialize();
        for (var start = 0; start < length;)
        {
            var end = start;
            while (end < length && text[end] != ',' && text[end] > ' ')
            {
                end++;
            }

            // A shell gives the program's own name first.
            var isName = start == 0 && end > 4 && text[end - 4] == '.';
            if (end > start && !isName && !Item(text + start, end - start))
            {
                BadStart = start;
                BadLength = end - start;
                return false;
            }

            start = end + 1;
        }

        return true;
    }

    private bool Item(char* item, int length)
    {
        var colon = OptionText.Find(item, length, ':');
        if (colon >= 0)
        {
            if (!TryMode(item, colon))
            {
                return false;
            }

            item += colon + 1;
            length -= colon + 1;
        }

        var equals = OptionText.Find(item, length, '=');
        var nameLength = equals < 0 ? length : equals;
        var value = item + nameLength + 1;
        var valueLength = equals < 0 ? 0 : length - nameLength - 1;
        if (OptionText.Is(item, nameLength, "wait"u8))
        {
            if (OptionText.Is(value, valueLength, "forever"u8))
            {
                _wait = Forever;
                return true;
            }

            return OptionText.TryNumber(value, valueLength, out _wait);
        }

        if (OptionText.Is(item, nameLength, "hold"u8))
        {
            _holdsInProcess = OptionText.Is(value, valueLength, "process"u8);
            return _holdsInProcess || OptionText.Is(value, valueLength, "kernel"u8);
        }

        if (Setting(item, nameLength, value, valueLength, out var known))
        {
            return known;
        }

        ulong times = 1;
        if (equals >= 0 && (!OptionText.TryNumber(value, valueLength, out times) || times == 0 || times > MaximumTimes))
        {
            return false;
        }

        return TryScenario(item, nameLength, times);
    }

    // False: no such setting; else known says whether its value was one.
    private bool Setting(char* name, int length, char* value, int valueLength, out bool known)
    {
        ulong number;
        if (OptionText.Is(name, length, "cpus"u8))
        {
            known = OptionText.TryNumber(value, valueLength, out number) && number is > 0 and <= MaximumCpus;
            Cpus = (int)number;
            return true;
        }

        if (OptionText.Is(name, length, "limit"u8))
        {
            known = OptionText.TryNumber(value, valueLength, out Limit) && Limit != 0;
            return true;
        }

        if (OptionText.Is(name, length, "x2apic"u8))
        {
            known = true;
            UsesX2Apic = true;
            return true;
        }

        return _threads.Setting(name, length, value, valueLength, out known);
    }

    private bool TryScenario(char* name, int length, ulong times)
    {
        for (var kind = ScenarioKind.Syscall; kind < ScenarioKind.Count; kind++)
        {
            if (OptionText.Is(name, length, Names.Of(kind)) && Count < MaximumScenarios)
            {
                var scenario = At(Count++);
                scenario->Kind = kind;
                scenario->Mode = _mode;
                scenario->HoldsInProcess = _holdsInProcess;
                scenario->Wait = _wait;
                scenario->Times = times;
                scenario->Threads = _threads;
                return true;
            }
        }

        return false;
    }

    private bool TryMode(char* name, int length)
    {
        for (var mode = AddressSpaceMode.Plain; mode < AddressSpaceMode.Count; mode++)
        {
            if (OptionText.Is(name, length, Names.Of(mode)))
            {
                _mode = mode;
                return true;
            }
        }

        return false;
    }

    private struct Table
    {
        public fixed byte Bytes[MaximumScenarios * ScenarioBytes];
    }
}
