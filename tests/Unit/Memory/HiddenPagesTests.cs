using System;
using System.Runtime.InteropServices;
using HvKernel.Memory;
using HvKernel.Tests.Breakpoints;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

/// <summary>Pages with breakpoints as each hierarchy shows them, by the processor's own walk.</summary>
public sealed unsafe class HiddenPagesTests : IDisposable
{
    private const int Bits = 48;
    private const ulong Large = 2UL << 20;
    private readonly NativePages _pool = new(2000);
    private readonly NativePages _guest = new(4096);
    private readonly TableMemory _memory = new();
    private readonly ulong _start;
    private EptViews _views;
    private HiddenPages _hidden;

    public HiddenPagesTests()
    {
        var pool = _pool.Pool();
        EptPlan plan = default;
        plan.PhysicalAddressBits = Bits;
        plan.HasGigabytePages = true;
        MtrrState mtrrs = default;
        mtrrs.DefaultType = MtrrState.DefTypeEnable | (ulong)MemoryType.WriteBack;
        mtrrs.PhysicalAddressBits = Bits;
        var root = EptBuilder.Build(plan, mtrrs, ref pool);
        (root != null).ShouldBeTrue();
        _views.Build(root, ref pool).ShouldBeTrue();
        _hidden.Build(root, ref pool).ShouldBeTrue();
        NativeMemory.Fill(_guest.Start, (nuint)_guest.Bytes, 0x90);
        _start = ((ulong)_guest.Start + Large - 1) & ~(Large - 1);
    }

    public void Dispose()
    {
        _pool.Dispose();
        _guest.Dispose();
        _memory.Dispose();
    }

    [Fact]
    public void A_page_with_a_breakpoint_is_executed_from_a_copy_in_every_view_and_can_be_read_in_none()
    {
        var address = _start + 0x3456;
        _memory.Add(address);
        _hidden.Rebuild(_memory.Table).ShouldBeTrue();
        foreach (var view in Enum.GetValues<EptView>())
        {
            var walk = Translate(_views.Pointer[(int)view], address);
            walk.Result.ShouldBe(EptWalkResult.Mapped);
            walk.PageSize.ShouldBe(4096ul);
            walk.Type.ShouldBe(MemoryType.WriteBack);
            (walk.CanRead, walk.CanWrite).ShouldBe((false, false));
            (walk.CanExecuteSupervisor, walk.CanExecuteUser).ShouldBe((view != EptView.KernelExecuteOff, view != EptView.UserExecuteOff));
            walk.Physical.ShouldNotBe(address);
            (*(byte*)walk.Physical).ShouldBe((byte)0xCC);
            (*(byte*)(walk.Physical + 1)).ShouldBe((byte)0x90);
        }

        (*(byte*)address).ShouldBe((byte)0x90);
    }

    [Fact]
    public void The_overlays_show_the_original_one_of_them_to_writes_too()
    {
        var address = _start + 0x3456;
        _memory.Add(address);
        _hidden.Rebuild(_memory.Table).ShouldBeTrue();
        var read = Translate(_hidden.Pointer(EptOverlay.Read), address);
        (read.Physical, read.CanRead, read.CanWrite, read.CanExecuteSupervisor, read.CanExecuteUser).ShouldBe((address, true, false, true, true));
        var write = Translate(_hidden.Pointer(EptOverlay.Write), address);
        (write.Physical, write.CanAll).ShouldBe((address, true));
    }

    [Fact]
    public void All_other_pages_are_as_they_were_in_every_hierarchy()
    {
        ulong[] set = [_start + 0x3456, _start + 0x4000, _start + Large + 0x10];
        foreach (var address in set)
        {
            _memory.Add(address);
            _hidden.Rebuild(_memory.Table).ShouldBeTrue();
        }

        ulong[] pointers = [_views.Pointer[0], _hidden.Pointer(EptOverlay.Read), _hidden.Pointer(EptOverlay.Write)];
        foreach (var pointer in pointers)
        {
            foreach (var other in new[] { _start, _start + 0x2FFF, _start + 0x5000, _start + Large - 1, _start + Large + 0x1000, _start + (2 * Large), _start + (1UL << 30), 0ul })
            {
                var walk = Translate(pointer, other);
                (walk.Result, walk.Physical, walk.CanAll).ShouldBe((EptWalkResult.Mapped, other, true), $"{pointer:x} {other:x}");
            }
        }

        foreach (var address in set)
        {
            Translate(_hidden.Pointer(EptOverlay.Read), address).Physical.ShouldBe(address);
            Translate(_hidden.Pointer(EptOverlay.Write), address).CanAll.ShouldBeTrue();
            Translate(_views.Pointer[0], address).CanRead.ShouldBeFalse();
        }
    }

    [Fact]
    public void Cleared_breakpoints_leave_nothing_behind()
    {
        var before = Translate(_views.Pointer[0], _start).PageSize;
        for (var i = 0; i < 3000; i++)
        {
            var first = _memory.Add(_start + ((ulong)(i % 1000) * 0x1000));
            var second = _memory.Add(_start + Large + ((ulong)(i % 400) * 0x1000));
            _hidden.Rebuild(_memory.Table).ShouldBeTrue();
            first->InUse = second->InUse = false;
        }

        _hidden.HasMore(_memory.Table).ShouldBeTrue();
        _hidden.Rebuild(_memory.Table).ShouldBeTrue();
        _hidden.HasMore(_memory.Table).ShouldBeFalse();
        _hidden.Count.ShouldBe(0);
        var walk = Translate(_views.Pointer[0], _start);
        (walk.PageSize, walk.CanAll, walk.Physical).ShouldBe((before, true, _start));
    }

    [Fact]
    public void Thirty_two_pages_that_share_no_table_have_room_and_a_thirty_third_is_refused()
    {
        const nint Failed = -1;
        const int ReadWrite = 3;
        const int PrivateAnonymousFixedNoReplace = 0x10_0022;
        for (ulong i = 0; i < HiddenPages.Capacity; i++)
        {
            // 512 GiB apart: each has an entry of the uppermost table to itself.
            var place = (nint)((i + 40) << 39);
            var mapped = Map(place, 4096, ReadWrite, PrivateAnonymousFixedNoReplace, -1, 0);
            mapped.ShouldNotBe(Failed);
            _memory.Add((ulong)mapped);
        }

        _hidden.Rebuild(_memory.Table).ShouldBeTrue();
        _hidden.Count.ShouldBe(HiddenPages.Capacity);
        for (ulong i = 0; i < HiddenPages.Capacity; i++)
        {
            Translate(_hidden.Pointer(EptOverlay.Write), (i + 40) << 39).Physical.ShouldBe((i + 40) << 39);
            Translate(_views.Pointer[0], (i + 40) << 39).CanRead.ShouldBeFalse();
        }

        var more = _memory.Add(_start + (3 * Large));
        _hidden.Rebuild(_memory.Table).ShouldBeFalse();
        _memory.Table.Withdraw(more);
        _hidden.Rebuild(_memory.Table).ShouldBeTrue();
        Translate(_views.Pointer[0], _start + (3 * Large)).CanAll.ShouldBeTrue();
        for (ulong i = 0; i < HiddenPages.Capacity; i++)
        {
            Unmap((nint)((i + 40) << 39), 4096);
        }
    }

    [Fact]
    public void The_copy_follows_the_original_and_keeps_its_breakpoints()
    {
        var address = _start + 0x3FF8;
        _memory.Add(address);
        _memory.Add(address + 7);
        _memory.Add(address + 3)->Enabled = false;
        _hidden.Rebuild(_memory.Table).ShouldBeTrue();
        NativeMemory.Fill((byte*)(_start + 0x3000), 4096, 0x11);
        _hidden.Refresh(_memory.Table);
        var copy = (byte*)(Translate(_views.Pointer[0], address).Physical & ~0xFFFUL);
        for (var i = 0; i < 4096; i++)
        {
            copy[i].ShouldBe(i is 0xFF8 or 0xFFF ? (byte)0xCC : (byte)0x11);
        }
    }

    [Fact]
    public void Whether_pages_are_enough_or_too_many_is_known()
    {
        var first = _memory.Add(_start);
        _hidden.HasAll(_memory.Table).ShouldBeFalse();
        _hidden.Rebuild(_memory.Table).ShouldBeTrue();
        _memory.Add(_start + 8);
        _hidden.HasAll(_memory.Table).ShouldBeTrue();
        _memory.Add(_start + 0x1000)->Enabled = false;
        _hidden.HasAll(_memory.Table).ShouldBeTrue();
        _hidden.HasMore(_memory.Table).ShouldBeFalse();
        first->InUse = false;
        _hidden.HasMore(_memory.Table).ShouldBeFalse();
        _hidden.Contains(_start + 0xFFF).ShouldBeTrue();
        _hidden.Contains(_start + 0x1000).ShouldBeFalse();
    }

    [DllImport("libc", EntryPoint = "mmap")]
    private static extern nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", EntryPoint = "munmap")]
    private static extern int Unmap(nint address, nuint length);

    private static EptWalk Translate(ulong pointer, ulong address) => EptWalk.Translate(pointer, address, Bits, hasExecuteOnly: true);
}
