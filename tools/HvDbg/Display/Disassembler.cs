using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using Iced.Intel;

namespace HvDbg.Display;

/// <summary>Makes instructions of bytes, with the symbols of the guest's kernel.</summary>
public static class Disassembler
{
    /// <summary>Disassembles all of <paramref name="code"/>; an instruction that is cut off at the end is left out, unless it is the only one.</summary>
    /// <param name="code">The bytes.</param>
    /// <param name="address">Where they stand.</param>
    /// <param name="bits">64, 32 or 16.</param>
    /// <param name="symbols">Whom to ask for names; null: nobody.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public static async Task<List<InstructionLine>> DecodeAsync(
        byte[] code, ulong address, int bits, GuestSymbols? symbols, CancellationToken cancellationToken)
    {
        var instructions = Decode(code, address, bits);
        var names = new NameTable();
        if (symbols is not null)
        {
            foreach (var target in instructions.SelectMany(Mentioned).Concat(instructions.Select(i => i.IP)).Distinct())
            {
                if (await symbols.AtAsync(target, cancellationToken).ConfigureAwait(false) is { } symbol)
                {
                    names.Known[target] = symbol;
                }
            }
        }

        return Print(code, address, instructions, names);
    }

    private static List<Instruction> Decode(byte[] code, ulong address, int bits)
    {
        var decoder = Iced.Intel.Decoder.Create(bits, new ByteArrayCodeReader(code), address);
        var list = new List<Instruction>();
        var end = address + (ulong)code.Length;
        while (decoder.IP != end)
        {
            decoder.Decode(out var instruction);
            if (instruction.IsInvalid && decoder.LastError == DecoderError.NoMoreBytes && list.Count > 0)
            {
                break;
            }

            list.Add(instruction);
        }

        return list;
    }

    private static IEnumerable<ulong> Mentioned(Instruction instruction)
    {
        if (instruction.FlowControl is FlowControl.Call or FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch
            && instruction.Op0Kind is OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64)
        {
            yield return instruction.NearBranchTarget;
        }

        if (instruction.IsIPRelativeMemoryOperand)
        {
            yield return instruction.IPRelativeMemoryAddress;
        }
    }

    private static List<InstructionLine> Print(byte[] code, ulong address, List<Instruction> instructions, NameTable names)
    {
        var formatter = new IntelFormatter(
            new FormatterOptions
            {
                HexPrefix = "0x",
                HexSuffix = "",
                UppercaseHex = false,
                SpaceAfterOperandSeparator = true,
                SmallHexNumbersInDecimal = false,
                MemorySizeOptions = MemorySizeOptions.Always,
                BranchLeadingZeros = false,
                RipRelativeAddresses = false,
            },
            names);
        var output = new StringOutput();
        var lines = new List<InstructionLine>(instructions.Count);
        foreach (var instruction in instructions)
        {
            formatter.Format(instruction, output);
            var start = (int)(instruction.IP - address);
            var text = output.ToStringAndReset();
            var symbol = names.Known.TryGetValue(instruction.IP, out var known) ? GuestSymbols.Describe(known, instruction.IP) : null;
            lines.Add(new InstructionLine(
                instruction.IP, symbol, code[start..(start + instruction.Length)], instruction.IsInvalid ? "(bad)" : text));
        }

        return lines;
    }

    private sealed class NameTable : ISymbolResolver
    {
        internal Dictionary<ulong, GuestSymbol> Known { get; } = [];

        public bool TryGetSymbol(
            in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize, out SymbolResult symbol)
        {
            if (Known.TryGetValue(address, out var known))
            {
                symbol = new SymbolResult(known.Address, known.Name);
                return true;
            }

            symbol = default;
            return false;
        }
    }
}
