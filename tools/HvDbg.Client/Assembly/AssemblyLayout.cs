using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Iced.Intel;

namespace HvDbg.Client.Assembly;

/// <summary>
/// Gives every statement its place. Branches begin short and grow where their target is out of reach, until nothing changes: they only ever
/// grow, so this ends.
/// </summary>
internal sealed class AssemblyLayout
{
    private readonly string _text;
    private readonly ulong _origin;
    private readonly Dictionary<string, ulong> _labels = new(StringComparer.Ordinal);
    private readonly List<Item> _items = [];

    internal AssemblyLayout(string text, ulong origin, List<AssemblyStatement> statements)
    {
        _text = text;
        _origin = origin;
        var selector = new FormSelector(text);
        foreach (var statement in statements)
        {
            _items.Add(new Item(statement, statement is InstructionStatement instruction ? Prepare(instruction, selector.Select(instruction)) : []));
        }
    }

    /// <summary>The instructions that were chosen, each with its statement; addresses are final once <see cref="Encode"/> came back.</summary>
    internal IEnumerable<(InstructionStatement Statement, Instruction Instruction)> Instructions =>
        _items.Where(i => i.Statement is InstructionStatement).Select(i => ((InstructionStatement)i.Statement, Build(i)));

    /// <exception cref="AssemblyException">A target is out of reach, or operands cannot be encoded together.</exception>
    internal byte[] Encode()
    {
        do
        {
            Place();
        }
        while (Grow());

        var bytes = new List<byte>();
        foreach (var item in _items)
        {
            switch (item.Statement)
            {
                case DataStatement data:
                    bytes.AddRange(data.Bytes);
                    break;
                case InstructionStatement statement:
                    bytes.AddRange(TryEncode(Build(item), item.Address, out var problem) ?? throw Problem(statement, problem));
                    break;
            }
        }

        return [.. bytes];
    }

    // Only branches change with their place; for everything else the shortest form is known now.
    private List<(InstructionForm Form, int Length)> Prepare(InstructionStatement statement, List<InstructionForm> forms)
    {
        var encoded = new List<(InstructionForm Form, int Length)>();
        var problem = "";
        foreach (var form in forms)
        {
            // A target right behind the instruction, and every label at its own place, is in reach of all forms.
            if (TryEncode(form.Build(0, 0, v => v.IsNumber && form.Target is null ? (ulong)OperandMatch.Low64(v.Constant) : 0), 0, out var found) is { } bytes)
            {
                encoded.Add((form, bytes.Length));
            }
            else if (IsAbsolute(form) && TryEncode(form.Build(0, 0, _ => 0), 0, out found) is { } elsewhere)
            {
                encoded.Add((form, elsewhere.Length));
            }
            else
            {
                problem = found;
            }
        }

        if (encoded.Count == 0)
        {
            throw Problem(statement, problem);
        }

        var ordered = encoded.OrderBy(e => e.Length).ToList();
        return forms[0].Target is null ? [ordered[0]] : ordered;
    }

    private static bool IsAbsolute(InstructionForm form) => form.Operands.Any(o => o.Rip != RipForm.None);

    private void Place()
    {
        var address = _origin;
        foreach (var item in _items)
        {
            item.Address = address;
            if (item.Statement is LabelStatement label)
            {
                _labels[label.Name] = address;
            }

            address += (uint)item.Length;
        }
    }

    private bool Grow()
    {
        var grown = false;
        foreach (var item in _items.Where(i => i.Forms.Count > 0 && i.Forms[i.Chosen].Form.IsShort))
        {
            var target = Resolve(item.Forms[item.Chosen].Form.Target!.Value, item.Address);
            var distance = unchecked((long)(target - (item.Address + (uint)item.Length)));
            if (distance is >= sbyte.MinValue and <= sbyte.MaxValue)
            {
                continue;
            }

            var longer = item.Forms.FindIndex(f => !f.Form.IsShort);
            if (longer < 0)
            {
                var operand = item.Forms[item.Chosen].Form.Target!;
                throw new AssemblyException(
                    $"the target is {distance.ToString(CultureInfo.InvariantCulture)} bytes away: expected one from -128 to 127, which is as far as a short branch reaches",
                    _text,
                    operand.Offset,
                    operand.Length);
            }

            item.Chosen = longer;
            grown = true;
        }

        return grown;
    }

    private Instruction Build(Item item)
    {
        var (form, length) = item.Forms[item.Chosen];
        return form.Build(item.Address, length, v => Resolve(v, item.Address));
    }

    private ulong Resolve(AssemblyValue value, ulong here) => unchecked((ulong)OperandMatch.Low64(value.Constant) + value.Label switch
    {
        null => 0,
        AssemblyValue.Here => here,
        var name => _labels[name],
    });

    private static byte[]? TryEncode(in Instruction instruction, ulong address, out string problem)
    {
        var writer = new ByteWriter();
        var encoder = Encoder.Create(64, writer);
        problem = "";
        return encoder.TryEncode(instruction, address, out _, out var error) ? [.. writer.Bytes] : Fail(error ?? "", out problem);
    }

    private static byte[]? Fail(string error, out string problem)
    {
        problem = error;
        return null;
    }

    private AssemblyException Problem(InstructionStatement statement, string problem)
    {
        var operands = statement.Operands;
        var high = operands.FirstOrDefault(o => o.Register is Register.AH or Register.BH or Register.CH or Register.DH);
        if (operands.FirstOrDefault(o => o.Rip != RipForm.None || (o.Kind == AssemblyOperandKind.Value && problem.Contains("target", StringComparison.OrdinalIgnoreCase))) is { } far)
        {
            return new AssemblyException("the target is out of reach: expected one within 2 GiB of the instruction", _text, far.Offset, far.Length);
        }

        return high is not null
            ? new AssemblyException(
                $"{high.Shown} cannot stand together with r8 to r15, spl, bpl, sil, dil or a 64-bit operand", _text, high.Offset, high.Length)
            : new AssemblyException(
                $"{statement.Mnemonic.Text}: these operands cannot be encoded together ({problem.ReplaceLineEndings(" ").Trim().TrimEnd('.')})",
                _text,
                statement.Offset,
                statement.Length);
    }

    private sealed class Item(AssemblyStatement statement, List<(InstructionForm Form, int Length)> forms)
    {
        internal AssemblyStatement Statement { get; } = statement;

        internal List<(InstructionForm Form, int Length)> Forms { get; } = forms;

        internal int Chosen { get; set; }

        internal ulong Address { get; set; }

        internal int Length => Statement is DataStatement data ? data.Bytes.Length : Forms.Count > 0 ? Forms[Chosen].Length : 0;
    }

    private sealed class ByteWriter : CodeWriter
    {
        internal List<byte> Bytes { get; } = [];

        public override void WriteByte(byte value) => Bytes.Add(value);
    }
}
