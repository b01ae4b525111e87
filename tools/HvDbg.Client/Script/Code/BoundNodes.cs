using System;
using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Semantics;

namespace HvDbg.Client.Script.Code;

/// <summary>Questions about bound trees that the code generator asks.</summary>
internal static class BoundNodes
{
    /// <summary>A node (expression, place or statement) and all below it.</summary>
    internal static IEnumerable<object> Of(object root)
    {
        var open = new Stack<object>([root]);
        while (open.TryPop(out var node))
        {
            yield return node;
            foreach (var child in Children(node))
            {
                open.Push(child);
            }
        }
    }

    /// <summary>Whether evaluating it changes nothing but what computes it. It may still end the script.</summary>
    internal static bool IsPure(BoundExpression expression) => !Of(expression).Any(HasEffect);

    /// <summary>Whether a local variable is read or written in it.</summary>
    internal static bool Mentions(BoundExpression expression, LocalSymbol local) =>
        Of(expression).Any(node => node is LocalPlace place && place.Local.Index == local.Index);

    /// <summary>Whether a place in memory must hold it: it has an address that a script can see.</summary>
    internal static bool IsInMemory(LocalSymbol local) => local.NeedsMemory || local.Type is ArrayType or StructType;

    /// <summary>What one pass through it costs; loops inside pay for their own passes.</summary>
    internal static int Cost(params ReadOnlySpan<object?> roots)
    {
        var cost = 0;
        var open = new Stack<object>();
        foreach (var root in roots)
        {
            if (root is not null)
            {
                open.Push(root);
            }
        }

        while (open.TryPop(out var node))
        {
            cost++;
            if (node is BoundLoop)
            {
                continue;
            }

            foreach (var child in Children(node))
            {
                open.Push(child);
            }
        }

        return cost;
    }

    /// <summary>Built-in functions that walk over memory of any length, and pay for it.</summary>
    internal static bool Walks(BuiltIn function) => function is BuiltIn.Memcpy or BuiltIn.Memcmp or BuiltIn.Strlen or BuiltIn.Wcslen
        or BuiltIn.Strcmp or BuiltIn.Strncmp or BuiltIn.Wcscmp or BuiltIn.Wcsncmp;

    private static bool HasEffect(object node) => node switch
    {
        BoundAssignment or BoundCompoundAssignment or BoundCall or BoundPrint => true,
        BoundBuiltInCall call => !IsReading(call.Function),
        _ => false,
    };

    private static bool IsReading(BuiltIn function) => function is BuiltIn.Poi or BuiltIn.Dq or BuiltIn.Dd or BuiltIn.Dw or BuiltIn.Db or BuiltIn.Hi
        or BuiltIn.Low or BuiltIn.PoiPa or BuiltIn.DqPa or BuiltIn.DdPa or BuiltIn.DwPa or BuiltIn.DbPa or BuiltIn.HiPa or BuiltIn.LowPa
        or BuiltIn.CheckAddress or BuiltIn.VirtualToPhysical or BuiltIn.PhysicalToVirtual or BuiltIn.DisassembleLength or BuiltIn.DisassembleLength32
        or BuiltIn.Neg or BuiltIn.Not or BuiltIn.Memcmp or BuiltIn.Strlen or BuiltIn.Wcslen or BuiltIn.Strcmp or BuiltIn.Strncmp or BuiltIn.Wcscmp
        or BuiltIn.Wcsncmp;

    private static IEnumerable<object> Children(object node) => node switch
    {
        BoundLoad load => [load.Place],
        BoundAddressOf address => [address.Place],
        BoundConversion conversion => [conversion.Operand],
        BoundUnary unary => [unary.Operand],
        BoundBinary binary => [binary.Left, binary.Right],
        BoundLogical logical => [logical.Left, logical.Right],
        BoundAssignment assignment => [assignment.Place, assignment.Value],
        BoundCompoundAssignment compound => [compound.Place, compound.Value],
        BoundCall call => call.Arguments,
        BoundBuiltInCall call => call.Arguments,
        BoundPrint print => print.Arguments,
        MemoryPlace memory => [memory.Address],
        PartPlace part => [part.Whole],
        BoundBlock block => block.Statements,
        BoundExpressionStatement statement => [statement.Expression],
        BoundDeclaration declaration => declaration.Stores,
        BoundIf branch => Present(branch.Condition, branch.Then, branch.Else),
        BoundLoop loop => Present(loop.Condition, loop.Step, loop.Body),
        BoundReturn { Value: { } value } => [value],
        _ => [],
    };

    private static IEnumerable<object> Present(params object?[] nodes) => nodes.OfType<object>();
}
