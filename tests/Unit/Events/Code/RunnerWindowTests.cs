using System;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using HvKernel.Events.Code;
using HvKernel.Events.Scripts;
using HvKernel.Memory;
using HvKernel.Protocol;
using HvKernel.Tests.Boot;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Events.Code;

public sealed unsafe class RunnerWindowTests
{
    private const ulong NoExecute = 1UL << 63;

    [Fact]
    public void The_window_is_canonical_and_in_the_range_that_Linux_leaves_to_hypervisors()
    {
        // Documentation/arch/x86/x86_64/mm.rst: ffff800000000000 to ffff87ffffffffff.
        RunnerWindow.Base.ShouldBeGreaterThanOrEqualTo(0xFFFF_8000_0000_0000UL);
        (RunnerWindow.Buffers + RunnerWindow.BufferBytes - 1).ShouldBeLessThanOrEqualTo(0xFFFF_87FF_FFFF_FFFFUL);
        ((RunnerWindow.Base >> 39) & 511).ShouldBe((ulong)RunnerWindow.Slot);
    }

    [Fact]
    public void Places_of_the_window_do_not_overlap_and_lie_in_its_two_page_tables()
    {
        const ulong StackBytes = RunnerWindow.StackPages * Page.Bytes;
        (ulong Start, ulong Bytes)[] places =
        [
            (RunnerWindow.Text, RunnerWindow.TextBytes),
            (RunnerWindow.Context, Page.Bytes),
            (RunnerWindow.Tables, Page.Bytes),
            (RunnerWindow.Idt, Page.Bytes),
            (RunnerWindow.InterruptStacks, 4 * RunnerWindow.InterruptStackStride),
            (RunnerWindow.Registers, Page.Bytes),
            (RunnerWindow.Exit, Page.Bytes),
            (RunnerWindow.StackTop - StackBytes - Page.Bytes, StackBytes + Page.Bytes),     // with a page that is not mapped below
            (RunnerWindow.Code, RunnerWindow.CodeBytes),
            (RunnerWindow.Buffers, RunnerWindow.BufferBytes),
            (RunnerWindow.Globals, ScriptMemory.GlobalBytes),
            (RunnerWindow.Data, ScriptLimits.DataBytes),
        ];
        var ordered = places.OrderBy(place => place.Start).ToArray();
        for (var i = 1; i < ordered.Length; i++)
            ordered[i].Start.ShouldBeGreaterThanOrEqualTo(ordered[i - 1].Start + ordered[i - 1].Bytes);
        (ordered[^1].Start + ordered[^1].Bytes - RunnerWindow.Base).ShouldBeLessThanOrEqualTo(4UL << 20);

        // Below each stack of interrupts something is not mapped.
        ((ulong)RunnerWindow.InterruptStackPages * Page.Bytes).ShouldBeLessThan(RunnerWindow.InterruptStackStride);
    }

    [Fact]
    public void Pages_are_mapped_with_the_rights_that_were_asked_for()
    {
        using var pages = new NativePages(RunnerWindow.TablePages);
        var pool = pages.Pool();
        var window = RunnerWindow.Build(ref pool);
        RunnerWindow.MapSystem(window, RunnerWindow.Text, 0x10_0000, 2, writable: false, executable: true);
        RunnerWindow.MapSystem(window, RunnerWindow.Context, 0x20_0000, 1, writable: false, executable: false);
        RunnerWindow.MapCode(window, RunnerWindow.Registers, 0x30_0000, 1, writable: true, executable: false);
        RunnerWindow.MapCode(window, RunnerWindow.Code, 0x40_0000, 1, writable: false, executable: true);
        RunnerWindow.MapCode(window, RunnerWindow.Buffers, 0x50_0000, 1, writable: true, executable: false);
        Entry(window, RunnerWindow.Text).ShouldBe(0x10_0001UL);
        Entry(window, RunnerWindow.Text + 0x1000).ShouldBe(0x10_1001UL);
        Entry(window, RunnerWindow.Context).ShouldBe(0x20_0001UL | NoExecute);
        Entry(window, RunnerWindow.Registers).ShouldBe(0x30_0007UL | NoExecute);
        Entry(window, RunnerWindow.Code).ShouldBe(0x40_0005UL);
        Entry(window, RunnerWindow.Buffers).ShouldBe(0x50_0007UL | NoExecute);
        Entry(window, RunnerWindow.Buffers + 0x1000).ShouldBe(0UL);
    }

    // A walk from the top-level entry, as a processor makes it.
    private static ulong Entry(ulong window, ulong address)
    {
        var entry = window;
        for (var shift = 30; shift >= 12; shift -= 9)
        {
            (entry & 7).ShouldBe(7UL);
            entry = ((ulong*)(entry & ~0xFFFUL))[(address >> shift) & 511];
        }
        return entry;
    }

    [Fact]
    public void The_assembly_knows_the_context_as_it_is()
    {
        var constants = new AssemblySource("boot/asm/runner.inc").Constants;
        constants["WINDOW_CONTEXT"].ShouldBe((int)(RunnerWindow.Context - RunnerWindow.Text));
        var known = constants.Where(constant => constant.Key.StartsWith("CTX_", StringComparison.Ordinal)).ToArray();
        known.Length.ShouldBeGreaterThan(15);
        foreach (var (name, offset) in known)
        {
            var words = name["CTX_".Length..].Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..].ToLowerInvariant());
            var field = string.Concat(words) switch { "HostCr3" => "HostCr3", "BlobCr3" => "BlobCr3", "Vcpu" => "VCpu", var other => other };
            typeof(RunContext).GetField(field, BindingFlags.Public | BindingFlags.Instance).ShouldNotBeNull(name);
            ((int)Marshal.OffsetOf<RunContext>(field)).ShouldBe(offset, name);
        }

        // SDM vol. 4: IA32_GS_BASE.
        ((uint)constants["MSR_GS_BASE"]).ShouldBe(0xC000_0101u);
    }

    [Fact]
    public void The_gate_raises_the_vector_that_is_answered() =>
        ((ulong)new AssemblySource("boot/asm/runner.inc").Constants["SCRIPT_VECTOR"]).ShouldBe(RunnerWindow.ScriptVector);

    [Fact]
    public void Machine_code_finds_registers_and_control_block_where_it_was_told()
    {
        ((int)Marshal.OffsetOf<RunRegisters>("ShortCircuit")).ShouldBe(0x80);
        ((int)Marshal.OffsetOf<RunRegisters>("EventId")).ShouldBe(0x88);
        ((int)Marshal.OffsetOf<RunRegisters>("Processor")).ShouldBe(0x90);
        ((int)Marshal.OffsetOf<RunRegisters>("Pid")).ShouldBe(0x98);
        ((int)Marshal.OffsetOf<RunRegisters>("Rip")).ShouldBe(0xA0);
        ((int)Marshal.OffsetOf<RunRegisters>("Rflags")).ShouldBe(0xA8);
        ((int)Marshal.OffsetOf<RunRegisters>("Cr3")).ShouldBe(0xB0);
        ((int)Marshal.OffsetOf<RunRegisters>("Tick")).ShouldBe(0xB8);
        (string Name, int Offset)[] block =
        [
            ("ShortCircuit", ScriptBlock.ShortCircuit), ("EventId", ScriptBlock.EventId), ("Processor", ScriptBlock.Processor), ("Pid", ScriptBlock.Pid),
            ("Rip", ScriptBlock.Rip), ("Rflags", ScriptBlock.Rflags), ("Cr3", ScriptBlock.Cr3), ("Tick", ScriptBlock.Tick),
        ];
        foreach (var (name, offset) in block)
            ((int)Marshal.OffsetOf<RunRegisters>(name)).ShouldBe(offset, name);
        ((int)Marshal.OffsetOf<GuestRegisters>("R8")).ShouldBe(0x40);
        ((int)Marshal.OffsetOf<GuestRegisters>("R15")).ShouldBe(0x78);
    }
}
