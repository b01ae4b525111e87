using HvKernel.Boot.Tests.Fixture;

namespace HvKernel.Boot.Tests.Conformance;

/// <summary>How the conformance guest is booted (tests/Guests/Conformance/README.md).</summary>
internal static class ConformanceGuest
{
    /// <summary>
    /// Options for one boot. Bochs' log is off: its once-a-second message comes by a signal and waits for ever where it meets another line
    /// of the log, and a guest that touches everything makes many.
    /// </summary>
    public static BootOptions Options(string name, string append) => new()
    {
        Name = name,
        Guest = Repository.PathOf("out", "conformance.efi"),
        Append = append,
        BochsOptions = "info: action=ignore",
    };
}
