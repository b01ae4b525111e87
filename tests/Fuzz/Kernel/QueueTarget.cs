using System;
using System.Collections.Generic;
using System.Linq;
using HvKernel.Link;

namespace HvKernel.Fuzzing;

/// <summary>What is done with a queue.</summary>
/// <param name="Kind">Add, take or discard.</param>
/// <param name="Count">Bytes of the frame, or how many are taken.</param>
public readonly record struct QueueStep(char Kind, int Count)
{
    public const char Add = 'a';
    public const char Take = 't';
    public const char Discard = 'd';
}

/// <summary><see cref="FrameQueue"/> against a list of frames: none is lost, cut, mixed up, or refused while there is room.</summary>
public sealed unsafe class QueueTarget : FuzzTarget<QueueStep>
{
    private const int LargestQueue = 6000;
    private const int LargestFrame = 2100;

    private readonly GuardedArea _memory = new(LargestQueue);
    private readonly GuardedArea _frame = new(LargestFrame);
    private readonly GuardedArea _copy = new(LargestFrame);

    public override string Name => "queue";

    protected override QueueStep[] Generate(FuzzRandom random)
    {
        var steps = new QueueStep[random.Between(1, 60)];
        var largest = random.Of<int>([10, 40, 300, LargestFrame]);
        for (var i = 0; i < steps.Length; i++)
        {
            steps[i] = random.Below(8) switch
            {
                0 or 1 or 2 => new QueueStep(QueueStep.Add, random.Between(1, largest)),
                7 => new QueueStep(QueueStep.Discard, 0),
                _ => new QueueStep(QueueStep.Take, random.Below(largest * 2)),
            };
        }

        return steps;
    }

    protected override string Run(QueueStep[] input, FuzzRandom random)
    {
        var capacity = random.Of<int>([8, 16, 64, 700, LargestQueue]) - random.Below(4);
        FrameQueue queue = default;
        queue.Initialize(_memory.Last(capacity), (uint)capacity);
        var model = new List<byte[]>();
        var taken = 0;
        var refused = 0;
        foreach (var step in input)
        {
            switch (step.Kind)
            {
                case QueueStep.Add:
                    var frame = random.Bytes(step.Count);
                    var used = model.Sum(f => f.Length + FrameQueue.LengthBytes) - (taken > 0 ? taken + FrameQueue.LengthBytes : 0);
                    var fits = capacity - used >= frame.Length + FrameQueue.LengthBytes;
                    FuzzFailureException.Unless(queue.Room == capacity - used, $"room {queue.Room}, expected {capacity - used}");
                    FuzzFailureException.Unless(queue.TryAdd(_frame.Place(frame), frame.Length) == fits, fits ? "a frame that fits was refused" : "a frame that does not fit was taken");
                    if (fits)
                        model.Add(frame);
                    else
                        refused++;
                    break;
                case QueueStep.Take:
                    for (var i = 0; i < step.Count; i++)
                        TakeOne(ref queue, model, ref taken);
                    break;
                default:
                    DiscardOne(ref queue, model, taken);
                    break;
            }
        }

        while (model.Count > 0)
            TakeOne(ref queue, model, ref taken);
        FuzzFailureException.Unless(queue.IsEmpty && !queue.InFrame && !queue.TryTake(out _), "bytes are left");
        return refused == 0 ? "all taken" : "some refused";
    }

    protected override string Describe(QueueStep[] input) => string.Join(' ', input.Select(step => $"{step.Kind}{step.Count}"));

    protected override void Dispose(bool disposing)
    {
        _memory.Dispose();
        _frame.Dispose();
        _copy.Dispose();
    }

    private static void TakeOne(ref FrameQueue queue, List<byte[]> model, ref int taken)
    {
        var any = queue.TryTake(out var value);
        FuzzFailureException.Unless(any == model.Count > 0, any ? "a byte of no frame" : "a frame is missing");
        if (!any)
            return;
        FuzzFailureException.Unless(value == model[0][taken], $"byte {taken} of a frame is another one");
        if (++taken == model[0].Length)
        {
            model.RemoveAt(0);
            taken = 0;
        }

        FuzzFailureException.Unless(queue.InFrame == (taken != 0), "whether a frame is being sent is told wrongly");
    }

    private void DiscardOne(ref FrameQueue queue, List<byte[]> model, int taken)
    {
        var oldest = taken == 0 ? 0 : 1;
        var copy = oldest < model.Count ? _copy.Last(model[oldest].Length) : _copy.Last(0);
        var any = queue.TryDiscard(copy, out var length);
        FuzzFailureException.Unless(any == oldest < model.Count, any ? "a frame that was not there was discarded" : "a frame could not be discarded");
        if (!any)
            return;
        FuzzFailureException.Unless(new ReadOnlySpan<byte>(copy, length).SequenceEqual(model[oldest]), "another frame was discarded");
        model.RemoveAt(oldest);
    }
}
