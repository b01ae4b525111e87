using System;
using System.Collections.Generic;
using System.Globalization;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary>What is booted: the options of <c>qemu/boot.sh</c>, and how the fixture goes about it.</summary>
public sealed record BootOptions
{
    /// <summary>Names the folder that keeps this boot's logs: <c>out/test/boot/NAME</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>bochs</c> (whose runs repeat, and which has VT-x everywhere), <c>qemu</c> or <c>auto</c>.</summary>
    public string With { get; init; } = "bochs";

    public int Processors { get; init; } = 1;

    /// <summary>The emulator's name of a processor model; null: the launcher's choice.</summary>
    public string? Cpu { get; init; }

    /// <summary><c>linux</c>, <c>lab</c> or the path of an EFI program.</summary>
    public string Guest { get; init; } = "linux";

    public string? Kernel { get; init; }

    /// <summary>Kernel command line, or the arguments of another guest; null: the launcher's own.</summary>
    public string? Append { get; init; }

    /// <summary>The whole of <c>hvkernel.cfg</c>, instead of the generated one.</summary>
    public string? Configuration { get; init; }

    /// <summary>Features of the processor that HvKernel is to do without: <c>mask</c> of <c>hvkernel.cfg</c>.</summary>
    public string? Mask { get; init; }

    /// <summary>A folder whose content goes into the EFI system partition as well.</summary>
    public string? Esp { get; init; }

    /// <summary>Whether HvKernel is the disk's first program; otherwise the firmware's shell is, and runs what <see cref="Esp"/> brings.</summary>
    public bool StartsItself { get; init; } = true;

    /// <summary>The disk's first program; null: HvKernel.</summary>
    public string? Image { get; init; }

    public bool Hypervisor { get; init; } = true;

    /// <summary>ACPI tables where the firmware has none, which guests on several processors get in any case.</summary>
    public bool Acpi { get; init; }

    /// <summary>Whether there is a debug line for consoles to attach to.</summary>
    public bool DebugLine { get; init; } = true;

    /// <summary>Whether <see cref="BootedGuest.StartAsync"/> waits for the target and attaches to it.</summary>
    public bool Attach { get; init; } = true;

    /// <summary>Whether the guest's serial console takes what <see cref="BootedGuest.TypeAsync"/> types.</summary>
    public bool Interactive { get; init; }

    /// <summary>When the launcher ends the emulator by itself. Generous: other work may share the machine.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(6);

    /// <summary>Further lines of Bochs' configuration.</summary>
    public string? BochsOptions { get; init; }

    /// <summary>Further words of QEMU's command line.</summary>
    public string? QemuOptions { get; init; }

    internal IEnumerable<string> Words(string configurationFile, string debugSocket, string consoleFile)
    {
        yield return "--with";
        yield return With;
        yield return "--cpus";
        yield return Processors.ToString(CultureInfo.InvariantCulture);
        yield return "--guest";
        yield return Guest;
        yield return "--timeout";
        yield return ((int)Limit.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        yield return "--console";
        yield return Interactive ? "stdio" : consoleFile;
        foreach (var (option, value) in new[]
        {
            ("--cpu", Cpu),
            ("--kernel", Kernel),
            ("--append", Append),
            ("--esp", Esp),
            ("--config", Configuration is null ? null : configurationFile),
            ("--debug", DebugLine ? "unix:" + debugSocket : null),
        })
        {
            if (value is not null)
            {
                yield return option;
                yield return value;
            }
        }

        if (!Hypervisor)
        {
            yield return "--no-hypervisor";
        }

        if (Acpi)
        {
            yield return "--acpi";
        }
    }
}
