using System.Runtime.InteropServices;
using HvKernel.Breakpoints;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Breakpoints;

public unsafe class VisibleBreakpointsTests
{
    [Fact]
    public void Bytes_are_written_lifted_and_given_back()
    {
        using var pages = new NativePages(1);
        NativeMemory.Fill(pages.Start, 4096, 0x90);
        using var memory = new TableMemory();
        var first = memory.Add((ulong)pages.Start + 5);
        var second = memory.Add((ulong)pages.Start + 5, core: 1);
        VisibleBreakpoints.Sync(memory.Table);
        pages.Start[5].ShouldBe((byte)0xCC);
        VisibleBreakpoints.Lift(memory.Table, (ulong)pages.Start + 5);
        pages.Start[5].ShouldBe((byte)0x90);
        VisibleBreakpoints.Sync(memory.Table);
        first->Enabled = false;
        VisibleBreakpoints.Sync(memory.Table);
        pages.Start[5].ShouldBe((byte)0xCC);
        second->InUse = false;
        VisibleBreakpoints.Sync(memory.Table);
        pages.Start[5].ShouldBe((byte)0x90);
    }

    [Fact]
    public void What_the_guest_wrote_over_it_stays()
    {
        using var pages = new NativePages(1);
        NativeMemory.Fill(pages.Start, 4096, 0x90);
        using var memory = new TableMemory();
        var added = memory.Add((ulong)pages.Start);
        VisibleBreakpoints.Sync(memory.Table);
        pages.Start[0] = 0x55;
        added->InUse = false;
        VisibleBreakpoints.Sync(memory.Table);
        pages.Start[0].ShouldBe((byte)0x55);
    }
}
