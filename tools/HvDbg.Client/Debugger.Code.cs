using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.IO;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

public sealed partial class Debugger
{
    /// <summary>Reads one part of an event back: the code of an action or of the condition, with how often it ran.</summary>
    /// <param name="id">The event.</param>
    /// <param name="part">Number of the action from 0, <see cref="EventPart.Condition"/>, or <see cref="EventPart.Text"/>.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task<EventPartContent> ReadEventPartAsync(uint id, uint part, CancellationToken cancellationToken = default)
    {
        var bytes = new MemoryStream();
        while (true)
        {
            var request = new EventPartRequest { EventId = id, Part = part, Offset = (uint)bytes.Length };
            var payload = await RequestAsync(MessageType.ReadEventPart, Wire.Bytes(request), cancellationToken).ConfigureAwait(false);
            var reply = Wire.Read<EventPartReply>(payload, MessageType.ReadEventPart);
            var carried = payload.AsMemory(Unsafe.SizeOf<EventPartReply>());
            var left = (long)reply.Bytes - bytes.Length;
            if (reply.Bytes > LinkProtocol.StagingBytes || left < 0 || (left > 0 && carried.IsEmpty))
            {
                throw new MalformedReplyException($"the target answered {carried.Length} bytes of an event's part of {reply.Bytes}");
            }

            bytes.Write(carried.Span[..(int)Math.Min(left, carried.Length)]);
            if (bytes.Length == reply.Bytes)
            {
                return new EventPartContent(
                    part,
                    reply.Kind,
                    [.. bytes.ToArray()],
                    (int)reply.BufferBytes,
                    reply.Manner,
                    reply.Flags,
                    reply.Address,
                    reply.Buffer,
                    reply.Runs,
                    reply.Faults,
                    reply.InvalidPointers,
                    reply.Ticks);
            }
        }
    }

    /// <summary>Everything about one event: its row in the list, its text, condition and actions.</summary>
    /// <exception cref="TargetException"><see cref="ReplyStatus.NoSuchEvent"/>.</exception>
    public async Task<EventDetails> DescribeEventAsync(uint id, CancellationToken cancellationToken = default)
    {
        var entries = await ListEventsAsync(cancellationToken).ConfigureAwait(false);
        foreach (var entry in entries)
        {
            if (entry.Id != id)
            {
                continue;
            }

            var condition = entry.ConditionBytes == 0
                ? null
                : await ReadEventPartAsync(id, EventPart.Condition, cancellationToken).ConfigureAwait(false);
            var actions = new List<EventPartContent>();
            for (uint part = 0; part < entry.Actions; part++)
            {
                actions.Add(await ReadEventPartAsync(id, part, cancellationToken).ConfigureAwait(false));
            }

            var text = await ReadEventTextAsync(entry, cancellationToken).ConfigureAwait(false);
            return new EventDetails(entry, text, condition, actions);
        }

        throw new TargetException(MessageType.ListEvents, ReplyStatus.NoSuchEvent, id);
    }

    /// <summary>The command that set an event, as it was given; empty where it was set without one.</summary>
    public async Task<string> ReadEventTextAsync(EventEntry entry, CancellationToken cancellationToken = default)
    {
        if (entry.TextBytes == 0)
        {
            return "";
        }

        var part = await ReadEventPartAsync(entry.Id, EventPart.Text, cancellationToken).ConfigureAwait(false);
        return Encoding.UTF8.GetString(part.Bytes.AsSpan());
    }

    /// <summary>
    /// Runs machine code once on the current processor, in the context of the stopped guest, as an action of no event. What it writes to
    /// GUEST_REGS takes effect unless <paramref name="keepRegisters"/> says otherwise. Code that fails is an answer, no exception.
    /// </summary>
    /// <param name="code">The code.</param>
    /// <param name="bufferBytes">Length of its safe buffer, and of what is answered when it returns a pointer; 0: none.</param>
    /// <param name="context">What it finds in r8.</param>
    /// <param name="keepRegisters">Throw away what it writes to GUEST_REGS.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="TargetException"><see cref="ReplyStatus.NotStopped"/> while the guest runs.</exception>
    public async Task<CodeRun> RunCodeAsync(
        CodeDefinition code, int bufferBytes = 0, ulong context = 0, bool keepRegisters = false, CancellationToken cancellationToken = default)
    {
        EventRequest.CheckLength(code.Bytes, "code");
        if (bufferBytes is < 0 or > LinkProtocol.MaximumBuffer)
        {
            throw new DebuggerException($"a safe buffer has at most {LinkProtocol.MaximumBuffer:x} bytes, not {bufferBytes:x}");
        }

        var plan = CodePlan.Of(code);
        var options = keepRegisters ? RunCodeFlags.KeepRegisters : RunCodeFlags.None;
        return await RunOnceAsync(code.Bytes, plan.Manner, plan.Flags, options, bufferBytes, context, cancellationToken).ConfigureAwait(false);
    }

    private async Task<CodeRun> RunOnceAsync(
        ImmutableArray<byte> carried, RunManner manner, BlobFlags flags, RunCodeFlags options, int bufferBytes, ulong context, CancellationToken cancellationToken)
    {
        var request = new RunCodeRequest
        {
            Manner = manner,
            Flags = flags,
            Options = options,
            BufferBytes = (uint)bufferBytes,
            Context = context,
            Processor = CurrentProcessor,
        };
        if (Unsafe.SizeOf<RunCodeRequest>() + carried.Length > Target.MaximumPayload)
        {
            await StageAsync(carried.AsMemory(), cancellationToken).ConfigureAwait(false);
            request.StagedBytes = (uint)carried.Length;
            carried = [];
        }

        byte[] payload = [.. Wire.Bytes(request), .. carried];
        var (header, reply) = await AskAsync(MessageType.RunCode, payload, cancellationToken).ConfigureAwait(false);
        if (header.Status != ReplyStatus.Ok && (header.Status != ReplyStatus.CodeFaulted || reply.Length < Unsafe.SizeOf<RunCodeReply>()))
        {
            throw new TargetException(MessageType.RunCode, header.Status, header.Detail);
        }

        return CodeRunOf(Wire.Read<RunCodeReply>(reply, MessageType.RunCode), reply, manner);
    }

    /// <summary>Throws away what the target has collected and not sent; it counts as dropped at its events.</summary>
    /// <returns>How many records and buffers that were.</returns>
    public async Task<ulong> FlushAsync(CancellationToken cancellationToken = default)
    {
        var reply = await RequestAsync(MessageType.Flush, default, cancellationToken).ConfigureAwait(false);
        return Wire.Read<FlushReply>(reply, MessageType.Flush).Messages;
    }

    private static CodeRun CodeRunOf(RunCodeReply reply, byte[] payload, RunManner manner)
    {
        var size = Unsafe.SizeOf<RunCodeReply>();
        var delivered = Math.Min((long)reply.BufferBytes, payload.Length - size);
        return new CodeRun(
            reply.Result,
            reply.Ticks,
            manner,
            [.. payload.AsSpan(size, (int)delivered)],
            reply.Fault.Kind == BlobFaultKind.None ? null : CodeFaultEvent.Of(reply.Fault));
    }

    private async Task StageAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var most = Target.MaximumPayload - Unsafe.SizeOf<StageRequest>();
        for (var done = 0; done < bytes.Length;)
        {
            var part = bytes.Slice(done, Math.Min(most, bytes.Length - done));
            byte[] payload = [.. Wire.Bytes(new StageRequest { Offset = (uint)done }), .. part.Span];
            await RequestAsync(MessageType.Stage, payload, cancellationToken).ConfigureAwait(false);
            done += part.Length;
        }
    }
}
