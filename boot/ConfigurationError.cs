using System;

namespace HvKernel.Boot;

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

/// <summary>Words for what is wrong with a line of the configuration.</summary>
public static class ConfigurationErrors
{
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
}
