using System;
using HvKernel.Vmx;

namespace HvKernel.Boot;

/// <summary>What to do where the machine cannot be virtualised.</summary>
public enum OnRefusal : byte
{
    /// <summary>Start the next program without HvKernel.</summary>
    Continue = 0,

    /// <summary>Go back to the firmware.</summary>
    Stop = 1,
}

/// <summary>What to do where HvKernel itself has failed, and has said so.</summary>
public enum OnPanic : byte
{
    /// <summary>Stand still, so that a person can read it.</summary>
    Halt = 0,

    /// <summary>Reset the machine; the log survives that.</summary>
    Reset = 1,
}

/// <summary>How much is said on the firmware's console and the debug line.</summary>
public enum LogLevel : byte
{
    /// <summary>The banner and errors.</summary>
    Quiet = 0,
    Info = 1,

    /// <summary>Memory layout and controls too.</summary>
    Debug = 2,
}

/// <summary>What is wrong with a line of the configuration.</summary>
public enum ConfigurationError : byte
{
    None = 0,
    NoEquals,
    UnknownKey,
    NotAPort,
    NotABaudRate,
    NotYesOrNo,
    NotContinueOrStop,
    NotALogLevel,
    NotAPath,
    TooLong,
    NotPrintable,
    NotHaltOrReset,
    NotANumberOfBoots,
    NotAFeature,
}

/// <summary><c>\EFI\hvkernel\hvkernel.cfg</c>, parsed. A bad line keeps the default and is reported by number. Pure.</summary>
public unsafe struct Configuration
{
    public const int MaximumPath = 128;
    public const int MaximumArguments = 1024;

    /// <summary>Errors that are kept; more are only counted.</summary>
    public const int MaximumErrors = 8;

    private const uint DefaultFailedBoots = 3;
    private const uint MostFailedBoots = 100;

    /// <summary>Next program, UTF-16, ended by 0.</summary>
    public fixed char Next[MaximumPath];

    /// <summary>Its load options, UTF-16, ended by 0.</summary>
    public fixed char Arguments[MaximumArguments];
    public ushort DebugPort;
    public uint Baud;
    public bool WaitForDebugger;

    /// <summary>No: the next program is started at once, on the bare machine.</summary>
    public bool Virtualize;
    public OnRefusal OnRefusal;
    public OnPanic OnPanic;
    public LogLevel Log;

    /// <summary>So many boots in a row may fail before one goes without HvKernel; 0: any number.</summary>
    public uint MaximumFailedBoots;

    /// <summary>Features of the processor that are treated as missing.</summary>
    public MaskedFeatures Mask;
    public int ErrorCount;

    /// <summary>Line number and <see cref="ConfigurationError"/> in turn.</summary>
    public fixed int Errors[2 * MaximumErrors];

    /// <summary>The defaults of a machine without a configuration file.</summary>
    public void SetDefaults()
    {
        this = default;
        SetNext("\\EFI\\hvkernel\\next.efi"u8);
        DebugPort = 0x2F8;
        Baud = 115_200;
        Virtualize = true;
        OnRefusal = OnRefusal.Continue;
        MaximumFailedBoots = DefaultFailedBoots;
        Log = LogLevel.Info;
    }

    /// <summary>Takes the lines of a file; a byte-order mark and either line end are accepted.</summary>
    public void Parse(ReadOnlySpan<byte> file)
    {
        var start = file.Length >= 3 && file[0] == 0xEF && file[1] == 0xBB && file[2] == 0xBF ? 3 : 0;
        for (var line = 1; start < file.Length; line++)
        {
            var end = start;
            while (end < file.Length && file[end] != '\n')
            {
                end++;
            }

            var error = ParseLine(Trim(file.Slice(start, end - start)));
            if (error != ConfigurationError.None)
            {
                if (ErrorCount < MaximumErrors)
                {
                    Errors[2 * ErrorCount] = line;
                    Errors[(2 * ErrorCount) + 1] = (int)error;
                }

                ErrorCount++;
            }

            start = end + 1;
        }
    }

    /// <summary>What is wrong, and what was expected.</summary>
    public static ReadOnlySpan<byte> Explain(ConfigurationError error) => error switch
    {
        ConfigurationError.NoEquals => "expected \"key = value\""u8,
        ConfigurationError.UnknownKey => "unknown key; known are next, args, debug-port, baud, wait-for-debugger, on-refusal, on-panic, max-failed-boots, log, virtualize, mask"u8,
        ConfigurationError.NotAPort => "debug-port: expected an I/O port of a UART from 0x100 to 0xfff8"u8,
        ConfigurationError.NotABaudRate => "baud: expected a rate that divides 115200, from 300 to 115200"u8,
        ConfigurationError.NotYesOrNo => "expected yes or no"u8,
        ConfigurationError.NotContinueOrStop => "on-refusal: expected continue or stop"u8,
        ConfigurationError.NotHaltOrReset => "on-panic: expected halt or reset"u8,
        ConfigurationError.NotANumberOfBoots => "max-failed-boots: expected a number from 0 (never skip HvKernel) to 100"u8,
        ConfigurationError.NotALogLevel => "log: expected quiet, info or debug"u8,
        ConfigurationError.NotAPath => "next: expected a path on the EFI system partition that begins with a backslash"u8,
        ConfigurationError.TooLong => "value too long: 127 characters for next, 1023 for args"u8,
        ConfigurationError.NotPrintable => "expected printable ASCII characters only"u8,
        ConfigurationError.NotAFeature =>
            "mask: expected names out of mbec, vpid, execute-only, 1g-pages, mtf, preemption-timer, unrestricted-guest, with commas between"u8,
        _ => "?"u8,
    };

    private ConfigurationError ParseLine(ReadOnlySpan<byte> line)
    {
        if (line.Length == 0 || line[0] == '#')
        {
            return ConfigurationError.None;
        }

        var equals = 0;
        while (equals < line.Length && line[equals] != '=')
        {
            equals++;
        }

        if (equals == line.Length)
        {
            return ConfigurationError.NoEquals;
        }

        return Assign(Trim(line.Slice(0, equals)), Trim(line.Slice(equals + 1)));
    }

    private ConfigurationError Assign(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (Same(key, "next"u8))
        {
            return SetNext(value);
        }

        if (Same(key, "args"u8))
        {
            return SetArguments(value);
        }

        if (Same(key, "debug-port"u8))
        {
            if (!TryNumber(value, out var port) || port < 0x100 || port > 0xFFF8)
            {
                return ConfigurationError.NotAPort;
            }

            DebugPort = (ushort)port;
            return ConfigurationError.None;
        }

        if (Same(key, "baud"u8))
        {
            if (!TryNumber(value, out var baud) || baud < 300 || baud > 115_200 || 115_200 % baud != 0)
            {
                return ConfigurationError.NotABaudRate;
            }

            Baud = baud;
            return ConfigurationError.None;
        }

        if (Same(key, "wait-for-debugger"u8))
        {
            return TryYesNo(value, ref WaitForDebugger);
        }

        if (Same(key, "virtualize"u8))
        {
            return TryYesNo(value, ref Virtualize);
        }

        if (Same(key, "on-refusal"u8))
        {
            return SetOnRefusal(value);
        }

        if (Same(key, "on-panic"u8))
        {
            return SetOnPanic(value);
        }

        if (Same(key, "max-failed-boots"u8))
        {
            if (!TryNumber(value, out var boots) || boots > MostFailedBoots)
            {
                return ConfigurationError.NotANumberOfBoots;
            }

            MaximumFailedBoots = boots;
            return ConfigurationError.None;
        }

        if (Same(key, "mask"u8))
        {
            return SetMask(value);
        }

        return Same(key, "log"u8) ? SetLog(value) : ConfigurationError.UnknownKey;
    }

    private ConfigurationError SetNext(ReadOnlySpan<byte> value)
    {
        if (value.Length < 2 || value[0] != '\\')
        {
            return ConfigurationError.NotAPath;
        }

        fixed (char* target = Next)
        {
            return Copy(value, target, MaximumPath);
        }
    }

    private ConfigurationError SetArguments(ReadOnlySpan<byte> value)
    {
        fixed (char* target = Arguments)
        {
            return Copy(value, target, MaximumArguments);
        }
    }

    private ConfigurationError SetOnRefusal(ReadOnlySpan<byte> value)
    {
        if (Same(value, "continue"u8))
        {
            OnRefusal = OnRefusal.Continue;
        }
        else if (Same(value, "stop"u8))
        {
            OnRefusal = OnRefusal.Stop;
        }
        else
        {
            return ConfigurationError.NotContinueOrStop;
        }

        return ConfigurationError.None;
    }

    private ConfigurationError SetOnPanic(ReadOnlySpan<byte> value)
    {
        var isReset = Same(value, "reset"u8);
        if (!isReset && !Same(value, "halt"u8))
        {
            return ConfigurationError.NotHaltOrReset;
        }

        OnPanic = isReset ? OnPanic.Reset : OnPanic.Halt;
        return ConfigurationError.None;
    }

    private ConfigurationError SetLog(ReadOnlySpan<byte> value)
    {
        if (Same(value, "quiet"u8))
        {
            Log = LogLevel.Quiet;
        }
        else if (Same(value, "info"u8))
        {
            Log = LogLevel.Info;
        }
        else if (Same(value, "debug"u8))
        {
            Log = LogLevel.Debug;
        }
        else
        {
            return ConfigurationError.NotALogLevel;
        }

        return ConfigurationError.None;
    }

    private ConfigurationError SetMask(ReadOnlySpan<byte> value)
    {
        var mask = MaskedFeatures.None;
        for (var start = 0; start <= value.Length;)
        {
            var end = start;
            while (end < value.Length && value[end] != ',')
            {
                end++;
            }

            var feature = FeatureMask.Named(Trim(value.Slice(start, end - start)));
            if (feature == MaskedFeatures.None)
            {
                return ConfigurationError.NotAFeature;
            }

            mask |= feature;
            start = end + 1;
        }

        Mask = mask;
        return ConfigurationError.None;
    }

    private static ConfigurationError TryYesNo(ReadOnlySpan<byte> value, ref bool flag)
    {
        var yes = Same(value, "yes"u8);
        if (!yes && !Same(value, "no"u8))
        {
            return ConfigurationError.NotYesOrNo;
        }

        flag = yes;
        return ConfigurationError.None;
    }

    private static ConfigurationError Copy(ReadOnlySpan<byte> value, char* target, int capacity)
    {
        if (value.Length >= capacity)
        {
            return ConfigurationError.TooLong;
        }

        // A zero would cut the value, and what is not ASCII has no one meaning in a file of unknown encoding.
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] is (< 0x20 and not (byte)'\t') or > 0x7E)
            {
                return ConfigurationError.NotPrintable;
            }
        }

        for (var i = 0; i < value.Length; i++)
        {
            target[i] = (char)value[i];
        }

        target[value.Length] = '\0';
        return ConfigurationError.None;
    }

    private static bool TryNumber(ReadOnlySpan<byte> text, out uint number)
    {
        ulong value = 0;
        number = 0;
        var isHex = text.Length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
        if (text.Length == 0)
        {
            return false;
        }

        for (var i = isHex ? 2 : 0; i < text.Length; i++)
        {
            var letter = text[i] | 0x20;
            uint digit;
            if (text[i] is >= (byte)'0' and <= (byte)'9')
            {
                digit = (uint)text[i] - '0';
            }
            else if (isHex && letter is >= 'a' and <= 'f')
            {
                digit = (uint)letter - 'a' + 10;
            }
            else
            {
                return false;
            }

            value = (value * (isHex ? 16UL : 10UL)) + digit;
            if (value > uint.MaxValue)
            {
                return false;
            }
        }

        number = (uint)value;
        return true;
    }

    private static bool Same(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        if (one.Length != other.Length)
        {
            return false;
        }

        for (var i = 0; i < one.Length; i++)
        {
            if (one[i] != other[i])
            {
                return false;
            }
        }

        return true;
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        var start = 0;
        var end = text.Length;
        while (start < end && text[start] is (byte)' ' or (byte)'\t' or (byte)'\r')
        {
            start++;
        }

        while (end > start && text[end - 1] is (byte)' ' or (byte)'\t' or (byte)'\r')
        {
            end--;
        }

        return text.Slice(start, end - start);
    }
}
