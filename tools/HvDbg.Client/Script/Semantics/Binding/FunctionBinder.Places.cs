using System.Linq;
using HvDbg.Client.Script.Syntax;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Semantics.Binding;

internal sealed partial class FunctionBinder
{
    /// <summary>What an expression names; null: a value without a place. A place of <see cref="ErrorType"/> was reported.</summary>
    private BoundPlace? BindPlace(ExpressionSyntax syntax) => syntax switch
    {
        NameSyntax name => _scope.TryFindVariable(name.Name, out var local) ? new LocalPlace(name.Span, local) : null,
        GlobalSyntax global => new GlobalPlace(global.Span, _context.Global(global)),
        RegisterSyntax register => BindRegister(register),
        UnarySyntax { Operator: UnarySyntaxOperator.Dereference } dereference => BindDereference(dereference),
        IndexSyntax index => BindIndex(index),
        MemberSyntax { ThroughPointer: true } member => BindPointerMember(member),
        MemberSyntax member => BindMember(member),
        _ => null,
    };

    private static MemoryPlace ErrorPlace(SourceSpan span) => new(span, ErrorType.Instance, Error(span));

    private MemoryPlace ErrorPlace(SourceSpan span, string message, string hint = "")
    {
        _context.Report(span, message, hint);
        return ErrorPlace(span);
    }

    private BoundPlace BindRegister(RegisterSyntax syntax)
    {
        if (GuestRegisters.Find(syntax.Name) is { } register)
        {
            return new RegisterPlace(syntax.Span, register);
        }

        var lower = syntax.Name.ToLowerInvariant();
        var hint = GuestRegisters.Find(lower) is not null ? $"registers are written in lower case: @{lower}" : Suggestion.For(syntax.Name, GuestRegisters.Names, "@");
        return ErrorPlace(syntax.Span, $"unknown register '@{syntax.Name}'", hint);
    }

    private BoundPlace BindDereference(UnarySyntax syntax)
    {
        var address = BindValue(syntax.Operand);
        switch (address.Type)
        {
            case ErrorType:
                return ErrorPlace(syntax.Span);
            case PointerType { Target: VoidType or StructType { IsComplete: false } } pointer:
                return ErrorPlace(syntax.Span, $"nothing is known of what {pointer} points to", "convert it: *(int*)x");
            case PointerType pointer:
                return new MemoryPlace(syntax.Span, pointer.Target, Conversions.ToWord(address));
            case IntegerType { IsWord: true }:
                return new MemoryPlace(syntax.Span, IntegerType.Word, address);
            default:
                return ErrorPlace(syntax.Span, $"'*' takes an address, found {address.Type}", "convert it: *(int*)x");
        }
    }

    private BoundPlace BindIndex(IndexSyntax syntax)
    {
        var whole = BindPlace(syntax.Target);
        var index = BindValue(syntax.Index);
        if (index.Type is not (IntegerType or ErrorType))
        {
            return ErrorPlace(syntax.Index.Span, $"an index is an integer, found {index.Type}");
        }

        if (whole?.Type is ErrorType || index.Type is ErrorType)
        {
            return ErrorPlace(syntax.Span);
        }

        if (whole?.Type is ArrayType array)
        {
            return Element(syntax, whole, array, index);
        }

        var address = whole is null ? BindValue(syntax.Target) : Load(syntax.Target.Span, whole);
        return address.Type switch
        {
            PointerType { Target: not StructType { IsComplete: false } } pointer =>
                new MemoryPlace(syntax.Span, pointer.Target, WithOffset(Conversions.ToWord(address), Scaled(index, StepOf(pointer, syntax.Span)))),
            ErrorType => ErrorPlace(syntax.Span),
            IntegerType { IsWord: true } => ErrorPlace(syntax.Target.Span, "a word has no elements", "read memory with dq(x + 8), or convert it: ((int*)x)[1]"),
            _ => ErrorPlace(syntax.Target.Span, $"{address.Type} has no elements"),
        };
    }

    private BoundPlace Element(IndexSyntax syntax, BoundPlace whole, ArrayType array, BoundExpression index)
    {
        if (index is not BoundConstant constant)
        {
            var first = Conversions.ToWord(AddressOf(syntax.Target.Span, new PointerType(array.Element), whole));
            return new MemoryPlace(syntax.Span, array.Element, WithOffset(first, Scaled(index, array.Element.Size)));
        }

        return constant.Value < (ulong)array.Count
            ? Part(whole, array.Element, (int)constant.Value * array.Element.Size, syntax.Span)
            : ErrorPlace(syntax.Index.Span, $"index {constant.Value:x} of an array with {array.Count:x} elements", "the first one is 0");
    }

    private BoundPlace BindMember(MemberSyntax syntax)
    {
        var whole = BindPlace(syntax.Target);
        if (whole is null && BindValue(syntax.Target).Type is var type)
        {
            return type is ErrorType ? ErrorPlace(syntax.Span) : ErrorPlace(syntax.NameSpan, $"{Article(type)} has no fields");
        }

        return whole!.Type switch
        {
            ErrorType => ErrorPlace(syntax.Span),
            StructType described => FieldOf(described, syntax) is { } field ? Part(whole, field.Type, field.Offset, syntax.Span) : ErrorPlace(syntax.Span),
            PointerType { Target: StructType } => ErrorPlace(syntax.NameSpan, "a pointer has no fields", $"write ->{syntax.Name}"),
            _ => ErrorPlace(syntax.NameSpan, $"{Article(whole.Type)} has no fields", "a global begins with a dot, and an operator stands before it"),
        };
    }

    private BoundPlace BindPointerMember(MemberSyntax syntax)
    {
        var address = BindValue(syntax.Target);
        switch (address.Type)
        {
            case ErrorType:
                return ErrorPlace(syntax.Span);
            case PointerType { Target: StructType described }:
                return FieldOf(described, syntax) is { } field
                    ? new MemoryPlace(syntax.Span, field.Type, WithOffset(Conversions.ToWord(address), Word(syntax.NameSpan, (ulong)field.Offset)))
                    : ErrorPlace(syntax.Span);
            case StructType:
                return ErrorPlace(syntax.NameSpan, $"'->' takes a pointer, found {address.Type}", $"write .{syntax.Name}");
            default:
                return ErrorPlace(syntax.NameSpan, $"'->' takes a pointer to a struct, found {Article(address.Type)}", "convert it: ((struct name*)x)->" + syntax.Name);
        }
    }

    private StructField? FieldOf(StructType type, MemberSyntax syntax)
    {
        var field = type.Fields.FirstOrDefault(field => field.Name == syntax.Name);
        if (field is null)
        {
            _context.Report(syntax.NameSpan, type.IsComplete ? $"{type} has no field '{syntax.Name}'" : $"{type} is announced, but not described",
                Suggestion.For(syntax.Name, type.Fields.Select(other => other.Name)));
        }

        return field is { Type: ErrorType } ? null : field;
    }

    private static BoundPlace Part(BoundPlace whole, ScriptType type, int offset) => Part(whole, type, offset, whole.Span);

    /// <summary>A part of a place: memory at a higher address, or a part of the outermost whole.</summary>
    private static BoundPlace Part(BoundPlace whole, ScriptType type, int offset, SourceSpan span) => whole switch
    {
        MemoryPlace memory => new MemoryPlace(span, type, WithOffset(memory.Address, Word(span, (ulong)offset))),
        PartPlace part => new PartPlace(span, type, part.Whole, part.Offset + offset),
        _ when whole.Type == type => whole,
        _ => new PartPlace(span, type, whole, offset),
    };

    /// <summary>A word further by another.</summary>
    private static BoundExpression WithOffset(BoundExpression address, BoundExpression offset) => (address, offset) switch
    {
        (_, BoundConstant { Value: 0 }) => address,
        (BoundConstant start, BoundConstant distance) => Word(address.Span, start.Value + distance.Value),
        (BoundBinary { Operator: BinaryOperator.Add, Right: BoundConstant inner } sum, BoundConstant outer) when sum.Type == IntegerType.Word =>
            sum with { Right = Word(outer.Span, inner.Value + outer.Value) },
        _ => new BoundBinary(address.Span.To(offset.Span), IntegerType.Word, BinaryOperator.Add, address, offset),
    };

    private BoundExpression BindAddressOf(SourceSpan span, ExpressionSyntax operand)
    {
        var place = BindPlace(operand);
        return place switch
        {
            null when operand is NameSyntax name && BindNameOfNoVariable(name).Type is ErrorType => Error(span),
            null => Error(span, "this has no address", "variables, globals and memory have one"),
            { Type: ErrorType } => Error(span),
            RegisterPlace register => Error(span, $"register @{register.Register.Name} has no address", "assign it to a variable first"),
            _ => AddressOf(span, new PointerType(place.Type), place),
        };
    }

    private static BoundExpression AddressOf(SourceSpan span, PointerType type, BoundPlace place)
    {
        if (place is MemoryPlace memory)
        {
            return Conversions.Convert(memory.Address with { Span = span }, type);
        }

        if ((place is PartPlace part ? part.Whole : place) is LocalPlace local)
        {
            local.Local.NeedsMemory = true;
        }

        return new BoundAddressOf(span, type, place);
    }
}
