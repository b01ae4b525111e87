using System.Collections.Generic;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using HvKernel.Link;
using HvKernel.Tests.Memory;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Link;

public sealed unsafe class FrameQueueTests
{
    // Bytes that a frame takes besides its own: its length.
    private const int LengthBytes = 2;

    private static bool Add(ref FrameQueue queue, byte[] frame)
    {
        fixed (byte* bytes = frame)
            return queue.TryAdd(bytes, frame.Length);
    }

    [Fact]
    public void An_empty_queue_gives_nothing()
    {
        using var memory = new GuardedBytes(new byte[16]);
        FrameQueue queue = default;
        queue.Initialize(memory.Start, 16);
        queue.IsEmpty.ShouldBeTrue();
        queue.InFrame.ShouldBeFalse();
        queue.TryTake(out var value).ShouldBeFalse();
        value.ShouldBe((byte)0);
    }

    [Fact]
    public void A_frame_fits_to_the_last_byte_and_one_more_does_not()
    {
        using var memory = new GuardedBytes(new byte[16]);
        FrameQueue queue = default;
        queue.Initialize(memory.Start, 16);
        Add(ref queue, new byte[15]).ShouldBeFalse();
        Add(ref queue, new byte[14]).ShouldBeTrue();
        Add(ref queue, [1]).ShouldBeFalse();
        for (var i = 0; i < 14; i++)
            queue.TryTake(out _).ShouldBeTrue();
        queue.IsEmpty.ShouldBeTrue();
        Add(ref queue, new byte[14]).ShouldBeTrue();
    }

    [Fact]
    public void The_largest_frame_keeps_its_length()
    {
        using var memory = new GuardedBytes(new byte[8192]);
        FrameQueue queue = default;
        queue.Initialize(memory.Start, 8192);
        Add(ref queue, new byte[HvKernel.Protocol.Frame.MaximumBytes]).ShouldBeTrue();
        var bytes = 0;
        do
        {
            queue.TryTake(out _).ShouldBeTrue();
            bytes++;
        }
        while (queue.InFrame);
        bytes.ShouldBe(HvKernel.Protocol.Frame.MaximumBytes);
        queue.IsEmpty.ShouldBeTrue();
    }

    /// <summary>Frames go in and bytes come out in any mixture, in a ring of any size; the memory ends where it is said to end.</summary>
    [Fact]
    public void Frames_come_out_whole_in_order_and_are_refused_only_for_want_of_room()
    {
        var step = from isAdd in Gen.Elements(true, false) from amount in Gen.Frequency((9, Gen.Choose(1, 20)), (1, Gen.Choose(1, 400))) select (isAdd, amount);
        var cases = from steps in step.ArrayOf() from capacity in Gen.Choose(3, 300) select (Steps: steps, Capacity: capacity);
        Prop.ForAll(Arb.From(cases), @case =>
        {
            using var memory = new GuardedBytes(new byte[@case.Capacity]);
            FrameQueue queue = default;
            queue.Initialize(memory.Start, (uint)@case.Capacity);
            var model = new Queue<byte[]>();
            var left = new Queue<byte>();
            var used = 0;
            byte next = 0;
            foreach (var (isAdd, amount) in @case.Steps)
            {
                if (isAdd)
                {
                    var frame = Enumerable.Range(0, amount).Select(_ => next++).ToArray();
                    var fits = used + LengthBytes + amount <= @case.Capacity;
                    if (Add(ref queue, frame) != fits)
                        return false;
                    if (fits)
                    {
                        model.Enqueue(frame);
                        used += LengthBytes + amount;
                    }
                }
                for (var i = 0; !isAdd && i < amount; i++)
                {
                    if (left.Count == 0 && model.TryDequeue(out var begun))
                    {
                        left = new Queue<byte>(begun);
                        used -= LengthBytes;
                    }
                    var expected = left.TryDequeue(out var byteExpected);
                    used -= expected ? 1 : 0;
                    if (queue.TryTake(out var value) != expected || value != byteExpected || queue.InFrame != (left.Count > 0))
                        return false;
                }
                if (queue.IsEmpty != (used == 0))
                    return false;
            }
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000).WithEndSize(100));
    }

    [Fact]
    public void Waiting_frames_are_taken_back_oldest_first_and_the_one_that_is_being_sent_stays()
    {
        using var memory = new GuardedBytes(new byte[40]);
        FrameQueue queue = default;
        queue.Initialize(memory.Start, 40);
        using var copy = new GuardedBytes(new byte[16]);

        // So that everything below wraps around the end of the memory.
        Add(ref queue, new byte[20]);
        for (var i = 0; i < 20; i++)
            queue.TryTake(out _);
        Add(ref queue, [1, 2, 3, 4, 5]);
        Add(ref queue, [10, 11]);
        Add(ref queue, [20, 21, 22]);
        queue.TryTake(out _);
        queue.TryTake(out _);
        var room = queue.Room;
        queue.TryDiscard(copy.Start, out var length).ShouldBeTrue();
        new System.ReadOnlySpan<byte>(copy.Start, length).ToArray().ShouldBe([10, 11]);
        queue.Room.ShouldBe(room + 2 + LengthBytes);
        queue.TryDiscard(copy.Start, out length).ShouldBeTrue();
        new System.ReadOnlySpan<byte>(copy.Start, length).ToArray().ShouldBe([20, 21, 22]);
        queue.TryDiscard(copy.Start, out _).ShouldBeFalse();

        Add(ref queue, [30]);
        List<byte> rest = [];
        while (queue.TryTake(out var value))
            rest.Add(value);
        rest.ShouldBe([3, 4, 5, 30]);
    }
}
