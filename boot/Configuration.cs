using System;
using HvKernel.Vmx;

namespace HvKernel.Boot;

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

            var error = ParseLine(ConfigurationText.Trim(file.Slice(start, end - start)));
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

        return Assign(ConfigurationText.Trim(line.Slice(0, equals)), ConfigurationText.Trim(line.Slice(equals + 1)));
    }

    private ConfigurationError Assign(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (ConfigurationText.Same(key, "next"u8))
        {
            return SetNext(value);
        }

        if (ConfigurationText.Same(key, "args"u8))
        {
            return SetArguments(value);
        }

        if (ConfigurationText.Same(key, "debug-port"u8))
        {
            if (!ConfigurationText.TryNumber(value, out var port) || port < 0x100 || port > 0xFFF8)
            {
                return ConfigurationError.NotAPort;
            }

            DebugPort = (ushort)port;
            return ConfigurationError.None;
        }

        if (ConfigurationText.Same(key, "baud"u8))
        {
            if (!ConfigurationText.TryNumber(value, out var baud) || baud < 300 || baud > 115_200 || 115_200 % baud != 0)
            {
                return ConfigurationError.NotABaudRate;
            }

            Baud = baud;
            return ConfigurationError.None;
        }

        if (ConfigurationText.Same(key, "wait-for-debugger"u8))
        {
            return ConfigurationText.TryYesNo(value, ref WaitForDebugger);
        }

        if (ConfigurationText.Same(key, "virtualize"u8))
        {
            return ConfigurationText.TryYesNo(value, ref Virtualize);
        }

        if (ConfigurationText.Same(key, "on-refusal"u8))
        {
            return SetOnRefusal(value);
        }

        if (ConfigurationText.Same(key, "on-panic"u8))
        {
            return SetOnPanic(value);
        }

        if (ConfigurationText.Same(key, "max-failed-boots"u8))
        {
            if (!ConfigurationText.TryNumber(value, out var boots) || boots > MostFailedBoots)
            {
                return ConfigurationError.NotANumberOfBoots;
            }

            MaximumFailedBoots = boots;
            return ConfigurationError.None;
        }

        if (ConfigurationText.Same(key, "mask"u8))
        {
            return SetMask(value);
        }

        return ConfigurationText.Same(key, "log"u8) ? SetLog(value) : ConfigurationError.UnknownKey;
    }

    private ConfigurationError SetNext(ReadOnlySpan<byte> value)
    {
        if (value.Length < 2 || value[0] != '\\')
        {
            return ConfigurationError.NotAPath;
        }

        fixed (char* target = Next)
        {
            return ConfigurationText.Copy(value, target, MaximumPath);
        }
    }

    private ConfigurationError SetArguments(ReadOnlySpan<byte> value)
    {
        fixed (char* target = Arguments)
        {
            return ConfigurationText.Copy(value, target, MaximumArguments);
        }
    }

    private ConfigurationError SetOnRefusal(ReadOnlySpan<byte> value)
    {
        if (ConfigurationText.Same(value, "continue"u8))
        {
            OnRefusal = OnRefusal.Continue;
        }
        else if (ConfigurationText.Same(value, "stop"u8))
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
        var isReset = ConfigurationText.Same(value, "reset"u8);
        if (!isReset && !ConfigurationText.Same(value, "halt"u8))
        {
            return ConfigurationError.NotHaltOrReset;
        }

        OnPanic = isReset ? OnPanic.Reset : OnPanic.Halt;
        return ConfigurationError.None;
    }

    private ConfigurationError SetLog(ReadOnlySpan<byte> value)
    {
        if (ConfigurationText.Same(value, "quiet"u8))
        {
            Log = LogLevel.Quiet;
        }
        else if (ConfigurationText.Same(value, "info"u8))
        {
            Log = LogLevel.Info;
        }
        else if (ConfigurationText.Same(value, "debug"u8))
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

            var feature = FeatureMask.Named(ConfigurationText.Trim(value.Slice(start, end - start)));
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
}
