using System;
using HvKernel.Guest.Linux;
using HvKernel.Tests.Guest.Dumps;
using Shouldly;

namespace HvKernel.Tests.Guest;

/// <summary>A dump in which the kernel has been found.</summary>
public sealed class FoundGuest : IDisposable
{
    public LinuxGuest Guest;

    private FoundGuest(GuestDump dump)
    {
        Dump = dump;
        var memory = dump.Memory;
        LinuxGuest.Discover(ref memory, dump.State(0, Lstar), ref Guest).ShouldBe(DiscoveryResult.Found);
    }

    public GuestDump Dump { get; }

    public GuestReport Report => Dump.Report;

    /// <summary>QEMU does not show IA32_LSTAR; the guest's own list of symbols says what it writes there.</summary>
    public ulong Lstar => Report.Address("entry_SYSCALL_64");

    public static FoundGuest Open(string name) => new(DumpLibrary.Open(name));

    public Kallsyms Symbols()
    {
        var memory = Dump.Memory;
        Guest.TryOpenSymbols(ref memory, out var symbols).ShouldBeTrue();
        return symbols;
    }

    public void Dispose() => Dump.Dispose();
}
