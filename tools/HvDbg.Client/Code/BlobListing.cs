using System;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;

namespace HvDbg.Client.Code;

/// <summary>Disassembles a blob for people.</summary>
public static class BlobListing
{
    /// <summary>
    /// All bytes of the blob, in order. Where its reachable instructions are known they are the lines, and what lies between them is shown as
    /// instructions only as far as it does not run into one of them; bytes that are no instruction are <c>db</c> lines of one byte.
    /// </summary>
    /// <param name="code">Its bytes.</param>
    /// <param name="baseAddress">Where it stands, or 0: then branch targets are offsets in the blob.</param>
    public static IReadOnlyList<BlobInstruction> Of(ReadOnlySpan<byte> code, ulong baseAddress = 0)
    {
        var bytes = code.ToArray();
        var known = BlobAnalysis.Of(code, baseAddress).Instructions.Select(i => i.Offset).ToHashSet();
        var lines = new List<BlobInstruction>();
        var text = new BlobText();
        var reader = new ByteArrayCodeReader(bytes);
        var decoder = Decoder.Create(64, reader, baseAddress);
        for (var offset = 0; offset < bytes.Length;)
        {
            reader.Position = offset;
            decoder.IP = baseAddress + (uint)offset;
            decoder.Decode(out var instruction);
            var runsInto = !known.Contains(offset) && Enumerable.Range(offset + 1, Math.Max(0, instruction.Length - 1)).Any(known.Contains);
            var length = instruction.IsInvalid || runsInto ? 1 : instruction.Length;
            lines.Add(new BlobInstruction(
                offset,
                bytes[offset..(offset + length)],
                instruction.IsInvalid || runsInto ? BlobText.Data(bytes[offset]) : text.Of(instruction)));
            offset += length;
        }

        return lines;
    }
}
