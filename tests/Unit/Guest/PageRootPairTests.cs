using System;
using HvKernel.Guest;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Guest;

/// <summary>Roots made by hand; those of real kernels are in <see cref="LinuxTasksTests"/>.</summary>
public sealed class PageRootPairTests : IDisposable
{
    private const ulong Lower = 0x4000;
    private const ulong Upper = 0x5000;
    private const ulong NoExecute = 1UL << 63;

    private readonly FakeMemory _memory = new(0x7000);

    public PageRootPairTests()
    {
        foreach (var root in (ulong[])[Lower, Upper])
        {
            _memory.Write64(root + 3 * 8, 0x1_2345_6067);
            _memory.Write64(root + 255 * 8, 0x9_8765_4067);
            _memory.Write64(root + 256 * 8, root * 0x1001);         // the kernel halves may be anything
        }
    }

    public void Dispose() => _memory.Dispose();

    private PageRootKind Classify(ulong cr3)
    {
        var view = _memory.Open();
        return PageRootPair.Classify(ref view, cr3);
    }

    [Theory]
    [InlineData(Lower)]
    [InlineData(Upper)]
    [InlineData(Lower | 0x8000_0000_0000_0806)]
    [InlineData(Upper | 0x6000_0000_0000_0000)]
    public void Two_roots_with_the_same_user_half_are_a_pair(ulong cr3) => Classify(cr3).ShouldBe(PageRootKind.Pair);

    [Theory]
    [InlineData(NoExecute, PageRootKind.Pair)]
    [InlineData(0x20, PageRootKind.Pair)]           // accessed
    [InlineData(0x40, PageRootKind.Pair)]           // dirty
    [InlineData(0x02, PageRootKind.Single)]         // writable
    [InlineData(0x04, PageRootKind.Single)]         // user
    [InlineData(0x01, PageRootKind.Single)]         // present
    [InlineData(0x1000, PageRootKind.Single)]       // address
    [InlineData(1UL << 52, PageRootKind.Single)]
    public void Entries_may_differ_in_what_walks_and_isolation_set(ulong difference, PageRootKind expected)
    {
        _memory.Write64(Lower + 255 * 8, 0x9_8765_4067 ^ difference);
        Classify(Lower).ShouldBe(expected);
        Classify(Upper).ShouldBe(expected);
    }

    [Fact]
    public void Two_empty_user_halves_are_no_pair()
    {
        Classify(0x2000).ShouldBe(PageRootKind.Single);
        _memory.Write64(0x2000, 0x66);
        _memory.Write64(0x3000, 0x66);
        Classify(0x2000).ShouldBe(PageRootKind.Single, "nothing is present");
    }

    [Fact]
    public void Outside_memory_there_is_no_root_and_no_neighbour()
    {
        Classify(0x7000).ShouldBe(PageRootKind.NotRam);
        Classify(0x6000).ShouldBe(PageRootKind.Single);
    }
}
