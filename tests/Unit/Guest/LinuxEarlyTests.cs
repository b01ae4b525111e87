using System;
using System.Text;
using HvKernel.Guest.Linux;
using HvKernel.Tests.Guest.Dumps;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Guest;

/// <summary>A kernel that has hardly begun: soon after it wrote IA32_LSTAR, with its memory still mapped as the loader left it.</summary>
public sealed class LinuxEarlyTests
{
    [Fact]
    public void A_kernel_is_found_before_it_has_processes()
    {
        // Not randomised, so the entry is where the kernel was linked: where another boot of it has it, less that boot's slide.
        ulong linked;
        using (var other = FoundGuest.Open(DumpLibrary.Bookworm))
            linked = other.Lstar - other.Guest.Slide;

        using var dump = DumpLibrary.Open(DumpLibrary.BookwormEarly);
        var memory = dump.Memory;
        var guest = default(LinuxGuest);
        LinuxGuest.Discover(ref memory, dump.State(0, linked), ref guest).ShouldBe(DiscoveryResult.Found);
        guest.Slide.ShouldBe(0UL);
        guest.Image.Base.ShouldBe(0xFFFF_FFFF_8100_0000);
        guest.PhysBase.ShouldBe(0UL);
        guest.Processors.ShouldBe(2u);
        guest.PageTableIsolation.ShouldBeFalse();

        var cursor = LinuxTasks.Processes(in guest);
        LinuxTasks.MoveNext(ref memory, in guest, ref cursor, out _).ShouldBe(LinuxTaskResult.NotFound);

        var processor = dump.Processors[0];
        LinuxProcessor.TryBase(ref memory, in guest, processor.PrivilegeLevel, processor.GsBase, processor.KernelGsBase, out var perCpu).ShouldBeTrue();
        LinuxProcessor.TryCurrent(ref memory, in guest, perCpu, out var current).ShouldBeTrue();
        current.ShouldBe(guest.Symbols.InitTask);
        LinuxTask.TryRead(ref memory, in guest, current, out var task).ShouldBeTrue();
        Span<byte> name = stackalloc byte[16];
        Encoding.ASCII.GetString(name[..task.CopyName(name)]).ShouldBe("swapper/0");
    }
}
