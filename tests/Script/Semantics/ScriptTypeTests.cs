using System.Linq;
using HvDbg.Client.Script.Semantics;
using Shouldly;
using Xunit;

namespace HvDbg.Script.Tests.Semantics;

/// <summary>Sizes and layouts, by the Windows x64 data model.</summary>
public sealed class ScriptTypeTests
{
    [Fact]
    public void Fields_stand_at_multiples_of_their_alignment()
    {
        var type = new StructType("mixed");
        type.Complete([("a", IntegerType.Char), ("b", IntegerType.Int), ("c", IntegerType.Short), ("d", new PointerType(type))]);

        type.Fields.Select(member => member.Offset).ShouldBe([0, 4, 8, 16]);
        type.Size.ShouldBe(24);
        type.Alignment.ShouldBe(8);
    }

    [Fact]
    public void A_struct_ends_at_a_multiple_of_its_alignment()
    {
        var type = new StructType("tail");
        type.Complete([("a", IntegerType.Int), ("b", IntegerType.Char)]);

        type.Size.ShouldBe(8);
        new ArrayType(type, 3).Size.ShouldBe(24);
    }
}
