using System;
using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using HvKernel.Events.Code;
using HvKernel.Protocol;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Events.Code;

public sealed unsafe class CodeMemoryTests : IDisposable
{
    private readonly NativePages _pages = new(CodeMemory.PagesNeeded);
    private CodeMemory _memory;

    public CodeMemoryTests()
    {
        var pool = _pages.Pool();
        _memory.Build(ref pool).ShouldBeTrue();
        _pages.Taken(pool).ShouldBe(CodeMemory.PagesNeeded);
    }

    public void Dispose() => _pages.Dispose();

    [Fact]
    public void Places_lie_in_their_areas_behind_those_of_code_that_is_run_once()
    {
        _memory.TakeCode(100).ShouldBeGreaterThanOrEqualTo(RunnerWindow.Code + LinkProtocol.MaximumCode);
        _memory.TakeBuffer(100).ShouldBeGreaterThanOrEqualTo(RunnerWindow.Buffers + LinkProtocol.MaximumBuffer);
    }

    [Fact]
    public void The_longest_buffers_and_code_of_an_event_fit_at_once()
    {
        for (var i = 0; i < LinkProtocol.MaximumActions; i++)
        {
            _memory.TakeBuffer(LinkProtocol.MaximumBuffer).ShouldNotBe(0UL);
            _memory.TakeCode(LinkProtocol.MaximumCode + BlobCode.TailBytes).ShouldNotBe(0UL);
        }
    }

    [Fact]
    public void A_buffer_is_zeroed_whatever_was_there()
    {
        var first = _memory.TakeBuffer(256);
        new Span<byte>(_memory.Own(first), 256).Fill(0xEE);
        _memory.ReleaseBuffer(first, 256);
        var second = _memory.TakeBuffer(256);
        second.ShouldBe(first);
        new Span<byte>(_memory.Own(second), 256).IndexOfAnyExcept((byte)0).ShouldBe(-1);
    }

    [Fact]
    public void A_full_area_refuses_and_gives_again_what_came_back()
    {
        List<ulong> taken = [];
        for (var place = _memory.TakeBuffer(LinkProtocol.MaximumBuffer); place != 0; place = _memory.TakeBuffer(LinkProtocol.MaximumBuffer))
            taken.Add(place);
        _memory.TakeBuffer(LinkProtocol.MaximumBuffer).ShouldBe(0UL);
        _memory.ReleaseBuffer(taken[3], LinkProtocol.MaximumBuffer);
        _memory.TakeBuffer(LinkProtocol.MaximumBuffer).ShouldBe(taken[3]);
    }

    /// <summary>Any mixture of taking and giving back: places never overlap, and lie inside their area.</summary>
    [Fact]
    public void Places_never_overlap()
    {
        var step = from take in Gen.Frequency((3, Gen.Constant(true)), (2, Gen.Constant(false)))
                   from size in Gen.Choose(0, 3000)
                   from which in Gen.Choose(0, 1000)
                   select (take, size, which);
        Prop.ForAll(Arb.From(step.ArrayOf()), steps =>
        {
            var pool = _pages.Pool();
            CodeMemory memory = default;
            memory.Build(ref pool);
            List<(ulong Start, ulong Bytes)> taken = [];
            foreach (var (take, size, which) in steps)
            {
                if (take)
                {
                    var place = memory.TakeCode((ulong)size);
                    if (place == 0)
                        continue;
                    var bytes = (ulong)Math.Max(size, 1);
                    if (place < RunnerWindow.Code || place + bytes > RunnerWindow.Code + RunnerWindow.CodeBytes
                        || taken.Any(other => place < other.Start + other.Bytes && other.Start < place + bytes))
                        return false;
                    taken.Add((place, bytes));
                }
                else if (taken.Count > 0)
                {
                    var (start, bytes) = taken[which % taken.Count];
                    memory.ReleaseCode(start, bytes);
                    taken.RemoveAt(which % taken.Count);
                }
            }
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithEndSize(200));
    }
}
