using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

public sealed partial class Debugger
{
    /// <summary>Reads guest memory.</summary>
    /// <param name="address">Where to begin.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="view">Whose addresses; by default those of the current processor.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="TargetException">Not all of it can be read; <see cref="ReadMemoryPartlyAsync"/> tells how much can.</exception>
    public async Task<byte[]> ReadMemoryAsync(
        ulong address, int length, MemoryView view = default, CancellationToken cancellationToken = default)
    {
        var block = await ReadMemoryPartlyAsync(address, length, view, cancellationToken).ConfigureAwait(false);
        return block.Problem is null ? block.Bytes : throw block.Problem;
    }

    /// <summary>Reads guest memory as far as it is there.</summary>
    public async Task<MemoryBlock> ReadMemoryPartlyAsync(
        ulong address, int length, MemoryView view = default, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        var bytes = new MemoryStream();
        var most = Target.MaximumPayload - Unsafe.SizeOf<MemoryReply>();
        while (bytes.Length < length)
        {
            var wanted = (uint)Math.Min(most, length - bytes.Length);
            var request = MakeMemoryRequest(address + (ulong)bytes.Length, wanted, view);
            var (header, payload) = await AskAsync(MessageType.ReadMemory, Wire.Bytes(request), cancellationToken).ConfigureAwait(false);
            var got = payload.Length >= Unsafe.SizeOf<MemoryReply>() ? Wire.Read<MemoryReply>(payload, MessageType.ReadMemory).Length : 0;
            var carried = Math.Max(0, payload.Length - Unsafe.SizeOf<MemoryReply>());
            if (got > wanted || got > carried || (header.Status == ReplyStatus.Ok && got == 0))
            {
                throw new MalformedReplyException($"the target answered a read of {wanted} bytes with {got}");
            }

            if (got > 0)
            {
                bytes.Write(payload, Unsafe.SizeOf<MemoryReply>(), (int)got);
            }

            if (header.Status != ReplyStatus.Ok)
            {
                return new MemoryBlock(bytes.ToArray(), new TargetException(MessageType.ReadMemory, header.Status, header.Detail));
            }
        }

        return new MemoryBlock(bytes.ToArray(), null);
    }

    /// <summary>Writes guest memory. Where a part cannot be written, what stands before it has been.</summary>
    public async Task WriteMemoryAsync(
        ulong address, ReadOnlyMemory<byte> bytes, MemoryView view = default, CancellationToken cancellationToken = default)
    {
        var most = Target.MaximumPayload - Unsafe.SizeOf<MemoryRequest>();
        for (var done = 0; done < bytes.Length;)
        {
            var part = bytes.Slice(done, Math.Min(most, bytes.Length - done));
            var header = Wire.Bytes(MakeMemoryRequest(address + (ulong)done, (uint)part.Length, view));
            var payload = new byte[header.Length + part.Length];
            header.CopyTo(payload, 0);
            part.CopyTo(payload.AsMemory(header.Length));
            await RequestAsync(MessageType.WriteMemory, payload, cancellationToken).ConfigureAwait(false);
            done += part.Length;
        }
    }

    /// <summary>Walks the guest's page tables for a virtual address. An address that is not mapped is an answer, no exception.</summary>
    public async Task<Translation> TranslateAsync(
        ulong address, MemoryView view = default, CancellationToken cancellationToken = default)
    {
        var request = MakeMemoryRequest(address, 0, view);
        var (header, payload) = await AskAsync(MessageType.Translate, Wire.Bytes(request), cancellationToken).ConfigureAwait(false);
        if (header.Status != ReplyStatus.Ok
            && (header.Status != ReplyStatus.NotMapped || payload.Length < Unsafe.SizeOf<TranslateReply>()))
        {
            throw new TargetException(MessageType.Translate, header.Status, header.Detail);
        }

        return TranslationOf(Wire.Read<TranslateReply>(payload, MessageType.Translate), header);
    }

    private static unsafe Translation TranslationOf(TranslateReply reply, ReplyHeader header)
    {
        var mapped = header.Status == ReplyStatus.Ok;
        var levels = (int)Math.Min(reply.Levels, 5);

        // Where the walk ended tells where it began: at a page of this size, or at the level that the refusal names.
        var last = mapped ? reply.PageBytes switch { > 0x20_0000 => 3, > 0x1000 => 2, _ => 1 } : (int)Math.Min(header.Detail, 5);
        var top = last == 0 ? 4 : Math.Clamp(last + levels - 1, 4, 5);
        var steps = new List<TranslationStep>(levels);
        for (var i = 0; i < levels; i++)
        {
            steps.Add(new TranslationStep(top - i, reply.EntryAddress[i], reply.Entry[i]));
        }

        return new Translation(mapped, reply.PhysicalAddress, reply.PageBytes, steps);
    }

    private MemoryRequest MakeMemoryRequest(ulong address, uint length, MemoryView view) => new()
    {
        Processor = view.Processor ?? CurrentProcessor,
        Space = view.Space,
        PageRoot = view.PageRoot,
        Address = address,
        Length = length,
    };
}
