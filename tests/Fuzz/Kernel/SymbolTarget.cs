using System;
using System.Linq;
using System.Text;
using HvKernel.Guest.Linux;
using HvKernel.Tests.Guest;

namespace HvKernel.Fuzzing;

/// <summary>A byte of the guest's that is changed.</summary>
/// <param name="Offset">Where.</param>
/// <param name="Value">To what.</param>
/// <param name="Late">After the tables were found.</param>
public readonly record struct GuestEdit(int Offset, byte Value, bool Late);

/// <summary>
/// <see cref="KallsymsFinder"/> and <see cref="Kallsyms"/> on small symbol tables of each form that are damaged before they are found, and
/// after: nothing is read outside of the image, and everything ends.
/// </summary>
public sealed unsafe class SymbolTarget : FuzzTarget<GuestEdit>
{
    private const int Size = 0x1_2000;
    private const int Symbols = 1100;
    private const int Start = 0x4000;
    private const int Interesting = 0xB000;

    private static readonly KallsymsForm[] Forms = [KallsymsForm.A, KallsymsForm.B, KallsymsForm.BUnsigned, KallsymsForm.C];

    private readonly byte[][] _whole = new byte[Forms.Length][];
    private readonly string[][] _names = new string[Forms.Length][];
    private readonly KallsymsTables[] _tables = new KallsymsTables[Forms.Length];
    private readonly GuardedArea _image = new(Size);
    private readonly GuardedArea _text = new(512);
    private readonly GuardedArea _name = new(64);

    public override string Name => "kallsyms";

    public override void Prepare()
    {
        for (var i = 0; i < Forms.Length; i++)
        {
            var symbols = KallsymsBuilder.Symbols(new Random(i), Symbols, Forms[i] is KallsymsForm.A or KallsymsForm.B);
            _whole[i] = KallsymsBuilder.Build(Forms[i], symbols, Start, Size);
            _names[i] = [.. symbols.Select(s => s.TypedName[1..]).Where(n => n.Length <= 64)];
            var image = new ImageBytes(_image.Place(_whole[i]), Size);
            FuzzFailureException.Unless(KallsymsFinder.TryFind(in image, KallsymsBuilder.ImageBase, out _tables[i]), $"form {Forms[i]} is not found");
        }
    }

    protected override GuestEdit[] Generate(FuzzRandom random)
    {
        var edits = new GuestEdit[random.Below(random.OneIn(4) ? 60 : 6)];
        var at = random.Below(Interesting);
        for (var i = 0; i < edits.Length; i++)
        {
            // One after the other, or anywhere.
            at = random.OneIn(3) ? Start + random.Below(Interesting) : at + 1;
            edits[i] = new GuestEdit(at % Size, (byte)random.Odd(), random.OneIn(2));
        }

        return edits;
    }

    protected override string Run(GuestEdit[] input, FuzzRandom random)
    {
        var form = random.Below(Forms.Length);
        var cut = random.OneIn(4) ? random.Below(Size / 64) * 64 : 0;
        var atEnd = random.OneIn(2);
        var length = Size - cut;
        var bytes = atEnd ? _whole[form].AsSpan(cut) : _whole[form].AsSpan(0, length);
        var start = _image.Place(bytes);
        Apply(input, start, atEnd ? cut : 0, length, late: false);
        var image = new ImageBytes(start, (uint)length);
        var found = KallsymsFinder.TryFind(in image, KallsymsBuilder.ImageBase, out var tables);

        // What was found before and is damaged since, or was never there: tables are kept for as long as the kernel runs.
        if (!found)
            tables = _tables[form];
        Apply(input, start, atEnd ? cut : 0, length, late: true);
        var symbols = new Kallsyms(in image, KallsymsBuilder.ImageBase, in tables);
        LookUp(symbols, _names[form], random);
        return found ? $"{tables.Form} found" : $"{Forms[form]} not found";
    }

    protected override string Describe(GuestEdit[] input) => string.Join(' ', input.Select(e => $"{e.Offset:x}={e.Value:x2}{(e.Late ? " late" : "")}"));

    protected override void Dispose(bool disposing)
    {
        _image.Dispose();
        _text.Dispose();
        _name.Dispose();
    }

    private void LookUp(Kallsyms symbols, string[] names, FuzzRandom random)
    {
        for (var i = 0; i < 3; i++)
        {
            var wanted = Encoding.ASCII.GetBytes(names[random.Below(names.Length)]);
            symbols.TryFind(new ReadOnlySpan<byte>(_name.Place(wanted), wanted.Length), out _);
            if (symbols.TryResolve(KallsymsBuilder.ImageBase + (random.OneIn(4) ? random.Odd() : (ulong)random.Below(Size)), out var index, out _))
                FuzzFailureException.Unless(index < symbols.Count, $"index {index} of {symbols.Count}");
            var room = random.Below(512);
            var length = symbols.NameOf(random.OneIn(4) ? (uint)random.Odd() : (uint)random.Below(Symbols), new Span<byte>(_text.Last(room), room), out _);
            FuzzFailureException.Unless(length >= 0 && length <= room, $"a name of {length} bytes where there is room for {room}");
            symbols.AddressOf((uint)random.Odd());
        }
    }

    private static void Apply(GuestEdit[] edits, byte* start, int cut, int length, bool late)
    {
        foreach (var edit in edits)
        {
            if (edit.Late == late && edit.Offset >= cut && edit.Offset - cut < length)
                start[edit.Offset - cut] = edit.Value;
        }
    }
}
