using System;
using System.Collections.Generic;
using System.Globalization;
using Iced.Intel;
using IcedCode = Iced.Intel.Code;

namespace HvDbg.Client.Code;

/// <summary>
/// The walk behind <see cref="BlobAnalysis"/>. Branches only go forward, so one pass over the offsets in ascending order sees every
/// instruction after all that lead to it.
/// </summary>
internal sealed class BlobProof(byte[] code, ulong baseAddress)
{
    private const byte PlainRet = 0xC3;
    private const int LongestInstruction = 15;

    private readonly BlobText _text = new();
    private readonly List<BlobInstruction> _instructions = [];

    /// <summary>Instructions on the longest way to each offset, itself included; 0: not reached. The last is the end.</summary>
    private readonly int[] _longest = new int[code.Length + 1];
    private string _reason = "";
    private bool _usesVectorState;
    private bool _usesGs;
    private bool _returns;
    private int _maximum;
    private int _jumpToEnd = -1;

    internal BlobAnalysis Run()
    {
        if (code.Length == 0)
        {
            return Unproved("there is no code");
        }

        var reader = new ByteArrayCodeReader(code);
        var decoder = Decoder.Create(64, reader, baseAddress);
        var previousEnd = 0;
        _longest[0] = 1;
        for (var offset = 0; offset < code.Length && _reason.Length == 0; offset++)
        {
            if (_longest[offset] == 0)
            {
                continue;
            }

            if (offset < previousEnd)
            {
                return Unproved($"a branch to offset {Hex(offset)} goes into the middle of the instruction before it");
            }

            reader.Position = offset;
            decoder.IP = baseAddress + (uint)offset;
            decoder.Decode(out var instruction);
            Visit(instruction, offset);
            previousEnd = offset + instruction.Length;
        }

        return _reason.Length != 0 ? Unproved(_reason) : Conclude();
    }

    private void Visit(in Instruction instruction, int offset)
    {
        if (instruction.IsInvalid)
        {
            _reason = IsCutOff(offset)
                ? $"the instruction at offset {Hex(offset)} is cut off by the end"
                : $"the bytes at offset {Hex(offset)} are no instruction";
            return;
        }

        _instructions.Add(new BlobInstruction(offset, code[offset..(offset + instruction.Length)], _text.Of(instruction)));
        _maximum = int.Max(_maximum, _longest[offset]);
        _usesGs |= instruction.SegmentPrefix == Register.GS;
        switch (instruction.FlowControl)
        {
            case FlowControl.Return:
                VisitReturn(instruction, offset);
                break;
            case FlowControl.UnconditionalBranch:
                VisitBranch(instruction, offset);
                break;
            case FlowControl.ConditionalBranch:
                VisitBranch(instruction, offset);
                Reach(offset, offset + instruction.Length);
                break;
            case FlowControl.Exception when instruction.Code == IcedCode.Ud2:
                // It ends here, with a report.
                break;
            default:
                VisitPlain(instruction, offset);
                break;
        }
    }

    // Whether more bytes would make an instruction of those that are there.
    private bool IsCutOff(int offset)
    {
        var longer = new byte[LongestInstruction];
        code.AsSpan(offset, int.Min(LongestInstruction, code.Length - offset)).CopyTo(longer);
        Decoder.Create(64, new ByteArrayCodeReader(longer)).Decode(out var instruction);
        return !instruction.IsInvalid && instruction.Length > code.Length - offset;
    }

    private void VisitPlain(in Instruction instruction, int offset)
    {
        if (DirectPolicy.Objection(instruction) is { } objection)
        {
            Object(offset, objection);
            return;
        }

        _usesVectorState |= DirectPolicy.TouchesVectorState(instruction);
        Reach(offset, offset + instruction.Length);
    }

    private void VisitReturn(in Instruction instruction, int offset)
    {
        if (instruction.Code != IcedCode.Retnq || instruction.Length != 1)
        {
            Object(offset, "only a plain ret (C3) ends code");
        }
        else if (offset != code.Length - 1)
        {
            Object(offset, "only the last byte may return");
        }

        _returns = true;
    }

    private void VisitBranch(in Instruction instruction, int offset)
    {
        // Prefixes change the size of branches on some processors and mean hints and tracking on others: none is allowed.
        var plainLength = instruction.Code switch
        {
            IcedCode.Jmp_rel32_64 => 5,
            _ when instruction.IsJccNear => 6,
            _ when instruction.Op0Kind == OpKind.NearBranch64 && (instruction.IsJccShort || instruction.IsJmpShort || instruction.IsLoop || instruction.IsLoopcc || instruction.IsJcxShort) => 2,
            _ => 0,
        };
        if (instruction.Length != plainLength || instruction.Op0Kind != OpKind.NearBranch64)
        {
            Object(offset, "a branch with a prefix, or of a kind that is not followed");
            return;
        }

        var target = unchecked((long)(instruction.NearBranchTarget - baseAddress));
        if (target <= offset)
        {
            Object(offset, target < 0 ? "it jumps out of the code" : "it jumps backward, so it is not known to end");
        }
        else if (target > code.Length)
        {
            Object(offset, "it jumps out of the code");
        }
        else
        {
            if (target == code.Length)
            {
                _jumpToEnd = offset;
            }

            Reach(offset, (int)target);
        }
    }

    private void Reach(int from, int to) => _longest[to] = int.Max(_longest[to], _longest[from] + 1);

    private void Object(int offset, string objection)
    {
        if (_reason.Length == 0)
        {
            _reason = $"{_instructions[^1].Text} at offset {Hex(offset)}: {objection}";
        }
    }

    private BlobAnalysis Conclude()
    {
        if (_returns && _jumpToEnd >= 0)
        {
            return Unproved($"the branch at offset {Hex(_jumpToEnd)} goes behind the ret at the end");
        }

        if (!_returns && code[^1] == PlainRet)
        {
            return Unproved("the last byte is C3 and not a ret that is reached, so the target would take it for one");
        }

        return _maximum > BlobAnalysis.MostInstructions
            ? Unproved($"its longest way has {_maximum.ToString(CultureInfo.InvariantCulture)} instructions, more than {BlobAnalysis.MostInstructions.ToString(CultureInfo.InvariantCulture)}")
            : new BlobAnalysis("", _usesVectorState, _usesGs, _returns, _maximum, _instructions);
    }

    private BlobAnalysis Unproved(string reason) => new(reason, true, true, _returns && _reason.Length == 0, 0, _instructions);

    private static string Hex(int offset) => "0x" + offset.ToString("x", CultureInfo.InvariantCulture);
}
