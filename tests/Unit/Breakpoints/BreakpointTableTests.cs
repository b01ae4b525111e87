using HvKernel.Protocol;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Breakpoints;

public unsafe class BreakpointTableTests
{
    [Fact]
    public void Numbers_are_not_given_again()
    {
        using var memory = new TableMemory();
        var first = memory.Add(0x1000);
        first->Id.ShouldBe(0u);
        memory.Add(0x2000)->Id.ShouldBe(1u);
        first->InUse = false;
        memory.Add(0x1000)->Id.ShouldBe(2u);
        (memory.Table.Find(0) == null).ShouldBeTrue();
        memory.Table.Find(2)->Physical.ShouldBe(0x1000ul);
        memory.Table.FindFrom(0)->Id.ShouldBe(1u);
        memory.Table.FindFrom(2)->Id.ShouldBe(2u);
        (memory.Table.FindFrom(3) == null).ShouldBeTrue();
    }

    [Fact]
    public void The_same_one_is_refused_and_another_filter_makes_another_one()
    {
        using var memory = new TableMemory();
        memory.Add(0x1000);
        (memory.Table.Add(1, 0x1000, LinkProtocol.All, LinkProtocol.All, out var same) == null).ShouldBeTrue();
        same.ShouldBe(0u);
        (memory.Add(0x1000, core: 1) != null).ShouldBeTrue();
        (memory.Add(0x1000, pid: 7) != null).ShouldBeTrue();
    }

    [Fact]
    public void There_are_64_and_one_for_a_step()
    {
        using var memory = new TableMemory();
        for (ulong i = 0; i < 64; i++)
        {
            (memory.Add(i) != null).ShouldBeTrue();
        }

        (memory.Table.Add(1, 0x5000, LinkProtocol.All, LinkProtocol.All, out var same) == null).ShouldBeTrue();
        same.ShouldBe(LinkProtocol.All);
        memory.Table.WaitAt(0x9000, 0x5000, 0x100, 0x200, 0);
        memory.Table.IsSetAt(0x5000).ShouldBeTrue();
        (memory.Table.Find(64) == null).ShouldBeTrue();
        (memory.Table.FindFrom(64) == null).ShouldBeTrue();
    }

    [Fact]
    public void One_that_was_withdrawn_gives_its_number_back()
    {
        using var memory = new TableMemory();
        memory.Table.Withdraw(memory.Add(0x1000));
        memory.Table.AnyEnabled.ShouldBeFalse();
        memory.Add(0x1000)->Id.ShouldBe(0u);
    }

    [Fact]
    public void Only_an_enabled_one_stops()
    {
        using var memory = new TableMemory();
        var added = memory.Add(0x1234);
        memory.Table.IsSetAt(0x1234).ShouldBeTrue();
        memory.Table.IsSetAt(0x1235).ShouldBeFalse();
        memory.Table.HasPage(0x1000).ShouldBeTrue();
        memory.Table.HasPage(0x2000).ShouldBeFalse();
        added->Enabled = false;
        memory.Table.IsSetAt(0x1234).ShouldBeFalse();
        memory.Table.HasPage(0x1000).ShouldBeFalse();
        memory.Table.AnyEnabled.ShouldBeFalse();
    }

    [Theory]
    [InlineData(0x1000ul, 0x7000ul, 0xAA000ul, true)]
    [InlineData(0x1000ul, 0x7010ul, 0xAA000ul, true)]
    [InlineData(0x1000ul, 0x6FF8ul, 0xAA000ul, false)]
    [InlineData(0x1000ul, 0x7018ul, 0xAA000ul, false)]
    [InlineData(0x1000ul, 0x7000ul, 0xBB000ul, false)]
    [InlineData(0x1001ul, 0x7000ul, 0xAA000ul, false)]
    public void A_step_waits_for_its_own_stack_in_its_own_address_space(ulong physical, ulong rsp, ulong root, bool isAwaited)
    {
        using var memory = new TableMemory();
        memory.Table.WaitAt(0x40_1000, 0x1000, 0x7000, 0x7010, 0xAA000);
        memory.Table.IsAwaited(physical, rsp, root).ShouldBe(isAwaited);
    }

    [Fact]
    public void A_kernel_stack_is_its_own_in_any_address_space()
    {
        using var memory = new TableMemory();
        memory.Table.IsAwaited(0, 0, 0).ShouldBeFalse();
        memory.Table.WaitAt(0x40_1000, 0x1000, 0x7000, 0x7010, 0);
        memory.Table.IsAwaited(0x1000, 0x7000, 0).ShouldBeTrue();
        memory.Table.IsAwaited(0x1000, 0x7000, 0xBB000).ShouldBeTrue();
    }

    [Fact]
    public void An_instruction_that_is_begun_again_behind_a_fault_counts_once()
    {
        using var memory = new TableMemory();
        memory.Add(0x1000);
        memory.Table.TakeRetry(0, 0x7000, 0xAA000).ShouldBeFalse();
        memory.Table.NoteRetry(0x1000, 0x7000, 0xAA000);
        memory.Table.TakeRetry(0, 0x7008, 0xAA000).ShouldBeFalse();
        memory.Table.TakeRetry(0, 0x7000, 0xBB000).ShouldBeFalse();
        memory.Table.TakeRetry(0, 0x7000, 0xAA000).ShouldBeTrue();
        memory.Table.TakeRetry(0, 0x7000, 0xAA000).ShouldBeFalse();
    }
}
