using System;
using System.Linq;
using HvKernel.Guest.Linux;
using HvKernel.Tests.Guest;

namespace HvKernel.Fuzzing;

/// <summary><see cref="Btf"/> on small descriptions of types in both formats that are cut off or damaged, before they are opened and after.</summary>
public sealed unsafe class TypeTarget : FuzzTarget<GuestEdit>
{
    private readonly GuardedArea _bytes = new(8192);
    private byte[][] _whole = [];

    public override string Name => "btf";

    public override void Prepare() => _whole = [Sample().Build(), Sample().Build(new (byte, byte)[22]), Loops().Build()];

    protected override GuestEdit[] Generate(FuzzRandom random)
    {
        var edits = new GuestEdit[random.Below(random.OneIn(4) ? 40 : 6)];
        for (var i = 0; i < edits.Length; i++)
            edits[i] = new GuestEdit(random.OneIn(4) ? random.Between(4, 40) : random.Below(1100), random.OneIn(2) ? (byte)random.Next() : (byte)random.Odd(), random.OneIn(2));
        return edits;
    }

    protected override string Run(GuestEdit[] input, FuzzRandom random)
    {
        var whole = _whole[random.Below(_whole.Length)];
        var length = random.OneIn(3) ? random.Below(whole.Length) : whole.Length;
        var start = _bytes.Place(whole.AsSpan(0, length), random.OneIn(8));
        Apply(input, start, length, late: false);
        var image = new ImageBytes(start, (uint)length);
        var opened = random.OneIn(2) ? Btf.TryOpen(in image, 0, out var btf) : Btf.TryFind(in image, out _, out btf);
        if (!opened)
            return "not opened";
        FuzzFailureException.Unless(btf.Size <= (uint)length, $"{btf.Size} bytes of {length}");
        Apply(input, start, length, late: true);
        return LookUp(in btf, random);
    }

    protected override string Describe(GuestEdit[] input) => string.Join(' ', input.Select(e => $"{e.Offset:x}={e.Value:x2}{(e.Late ? " late" : "")}"));

    protected override void Dispose(bool disposing) => _bytes.Dispose();

    private static string LookUp(in Btf btf, FuzzRandom random)
    {
        Span<uint> ids = stackalloc uint[4];
        var found = btf.FindAll(BtfKind.Struct, "outer\0inner\0bits\0loop\0"u8, ids);
        foreach (var id in ids)
            FuzzFailureException.Unless(id <= btf.TypeCount, $"type {id} of {btf.TypeCount}");
        var members = 0;
        foreach (var id in ids)
        {
            members += btf.TryMember(id, "as_inner.second"u8, out _) ? 1 : 0;
            members += btf.TryMember(id, "member.x"u8, out _) ? 1 : 0;
            btf.SizeOfStruct(id);
        }

        btf.TryMember((uint)random.Odd(), "a.b"u8, out _);
        btf.TryMember(1 + (uint)random.Below(20), "x"u8, out _);
        btf.TryPerCpuVariable("runqueues"u8, out _);
        btf.SizeOfStruct((uint)random.Odd());
        return $"opened, {found} structs, {members} members";
    }

    private static void Apply(GuestEdit[] edits, byte* start, int length, bool late)
    {
        foreach (var edit in edits)
        {
            if (edit.Late == late && edit.Offset < length)
                start[edit.Offset] = edit.Value;
        }
    }

    private static BtfBuilder Sample()
    {
        var b = new BtfBuilder();
        var integer = b.Integer("int");
        b.Raw(3, "", 0, 0, integer, integer, 4);
        var inner = b.Type(4, "inner", 8, false, ("first", integer, 0), ("second", integer, 32));
        var union = b.Type(5, "", 8, false, ("as_int", integer, 0), ("as_inner", inner, 0));
        var named = b.Type(8, "inner_t", b.Type(10, "", b.Type(9, "", inner)));
        b.Raw(13, "", integer, 2, 0, integer, 0, integer);
        b.Raw(6, "colours", 4, 2, 0, 1, 0, 2);
        b.Raw(19, "large", 8, 1, 0, 1, 2);
        b.Type(7, "forward", 0);
        b.Type(4, "outer", 64, false, ("a", integer, 0), ("", union, 64), ("b", named, 128));
        b.Type(4, "bits", 8, true, ("flag", integer, (3u << 24) | 5), ("", union, 64));
        var variable = b.Raw(14, "runqueues", integer, 0, 1);
        b.Type(15, ".data..percpu", 0, false, ("", variable, 0x1230));
        return b;
    }

    // Types that contain themselves, in many ways.
    private static BtfBuilder Loops()
    {
        var b = new BtfBuilder();
        b.Type(8, "loop_t", 1);
        b.Type(4, "loop", 8, false, ("member", 1, 0));
        for (uint i = 0; i < 6; i++)
            b.Type(i % 2 == 0 ? 4 : 5, i == 0 ? "outer" : "", 8, false, [.. Enumerable.Range(0, 12).Select(n => ("", (uint)(3 + (n + i) % 6), (uint)n))]);
        b.Type(9, "", b.Type(10, "", 9));
        return b;
    }
}
