using System;
using HvKernel.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Memory;

/// <summary>A guest with one page of each kind in each half; what it may fetch is known from how its tables were written.</summary>
public sealed class FetchFaultTests : IDisposable
{
    private const ulong Present = 1;
    private const ulong User = 4;
    private const ulong NoExecute = 1UL << 63;
    private const ulong Smep = 1 << 20;

    private const ulong UserText = 0x40_0000;
    private const ulong UserData = 0x40_1000;
    private const ulong KernelInUserHalf = 0x40_2000;
    private const ulong UserNowhere = 0x40_3000;
    private const ulong KernelHalf = 0xFFFF_8000_0000_0000;
    private const ulong KernelText = KernelHalf + UserText;
    private const ulong KernelData = KernelHalf + UserData;
    private const ulong UserInKernelHalf = KernelHalf + KernelInUserHalf;

    private const ulong PresentUser = 0x15;
    private const ulong PresentSupervisor = 0x11;
    private const ulong AbsentUser = 0x14;
    private const ulong ReservedUser = 0x1D;

    private readonly FakeMemory _memory = new(0x10000);

    public FetchFaultTests()
    {
        // Roots at 0x1000; of each half one table a level, the last ones at 0x4000 and 0x7000.
        _memory.Write64(0x1000, 0x2000 | Present | User | 2);
        _memory.Write64(0x2000, 0x3000 | Present | User | 2);
        _memory.Write64(0x3000 + (2 * 8), 0x4000 | Present | User | 2);
        _memory.Write64(0x4000, 0x8000 | Present | User);
        _memory.Write64(0x4008, 0x9000 | Present | User | NoExecute);
        _memory.Write64(0x4010, 0xA000 | Present);
        _memory.Write64(0x1000 + (256 * 8), 0x5000 | Present | User | 2);
        _memory.Write64(0x5000, 0x6000 | Present | User | 2);
        _memory.Write64(0x6000 + (2 * 8), 0x7000 | Present | User | 2);
        _memory.Write64(0x7000, 0xB000 | Present);
        _memory.Write64(0x7008, 0xC000 | Present | NoExecute);
        _memory.Write64(0x7010, 0xD000 | Present | User);
    }

    public void Dispose() => _memory.Dispose();

    private FetchFaultKind Classify(EptView view, int cpl, ulong address, ulong error, ulong cr4 = 0x20 | Smep)
    {
        var memory = _memory.Open();
        return FetchFault.Classify(ref memory, new GuestPaging(0x8000_0001, 0x1000, cr4, 0xD01), view, cpl, address, error);
    }

    [Theory]
    [InlineData(EptView.KernelExecuteOff, 0, KernelText, PresentSupervisor)]
    [InlineData(EptView.UserExecuteOff, 3, UserText, PresentUser)]
    public void The_first_fetch_in_the_forbidden_half_is_a_transition(EptView view, int cpl, ulong address, ulong error) =>
        Classify(view, cpl, address, error).ShouldBe(FetchFaultKind.Transition);

    [Theory]
    [InlineData(EptView.KernelExecuteOff, 3, UserData, PresentUser)]
    [InlineData(EptView.KernelExecuteOff, 3, UserNowhere, AbsentUser)]
    [InlineData(EptView.KernelExecuteOff, 3, KernelText, PresentUser)]
    [InlineData(EptView.KernelExecuteOff, 3, KernelInUserHalf, PresentUser)]
    [InlineData(EptView.UserExecuteOff, 3, UserData, PresentUser)]
    [InlineData(EptView.UserExecuteOff, 3, KernelInUserHalf, PresentUser)]
    [InlineData(EptView.UserExecuteOff, 3, UserNowhere, AbsentUser)]
    [InlineData(EptView.UserExecuteOff, 3, UserText, ReservedUser)]
    [InlineData(EptView.UserExecuteOff, 3, KernelText, PresentUser)]
    [InlineData(EptView.UserExecuteOff, 0, KernelData, PresentSupervisor)]
    [InlineData(EptView.UserExecuteOff, 0, UserText, PresentSupervisor)]
    [InlineData(EptView.UserExecuteOff, 0, KernelHalf, PresentSupervisor)]
    public void What_the_guests_own_tables_forbid_is_the_guests_fault(EptView view, int cpl, ulong address, ulong error) =>
        Classify(view, cpl, address, error).ShouldBe(FetchFaultKind.Genuine);

    [Fact]
    public void A_kernel_page_that_is_not_there_is_the_guests_fault_on_the_way_in_too() =>
        Classify(EptView.KernelExecuteOff, 0, KernelText, 0x10).ShouldBe(FetchFaultKind.Genuine);

    [Theory]
    [InlineData(EptView.KernelExecuteOff, 3, UserInKernelHalf, PresentUser)]
    [InlineData(EptView.UserExecuteOff, 0, KernelInUserHalf, PresentSupervisor)]
    public void Code_of_one_mode_in_the_others_half_is_no_transition(EptView view, int cpl, ulong address, ulong error) =>
        Classify(view, cpl, address, error).ShouldBe(FetchFaultKind.OtherHalf);

    [Fact]
    public void Without_SMEP_the_kernel_may_run_user_pages() =>
        Classify(EptView.UserExecuteOff, 0, UserText, PresentSupervisor, cr4: 0x20).ShouldBe(FetchFaultKind.OtherHalf);

    [Theory]
    [InlineData(EptView.KernelExecuteOff, 3, UserText, PresentUser)]
    [InlineData(EptView.UserExecuteOff, 0, KernelText, PresentSupervisor)]
    public void What_nobody_forbids_is_an_old_translation(EptView view, int cpl, ulong address, ulong error) =>
        Classify(view, cpl, address, error).ShouldBe(FetchFaultKind.Stale);
}
