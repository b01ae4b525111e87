using HvDbg.Client.Script.Syntax;

namespace HvDbg.Client.Script.Semantics.Binding;

internal sealed partial class FunctionBinder
{
    /// <summary>An expression for its effect.</summary>
    private BoundExpression BindEffect(ExpressionSyntax syntax) => syntax switch
    {
        AssignmentSyntax { Operator: null } assignment => BindAssignment(assignment),
        AssignmentSyntax compound => BindCompound(compound),
        StepSyntax step => BindStep(step),
        _ => BindAny(syntax),
    };

    private BoundExpression BindAssignment(AssignmentSyntax syntax)
    {
        // The value first: a variable that this assignment makes is not known in it.
        var value = syntax.Value is AssignmentSyntax { Operator: null } inner ? BindAssignment(inner) : BindValue(syntax.Value);
        var place = BindTarget(syntax.Target, mayDeclare: true);
        if (place.Type is ErrorType || value.Type is ErrorType)
        {
            return Error(syntax.Span);
        }

        if (place.Type is ArrayType)
        {
            return Error(syntax.Target.Span, "an array cannot be assigned", "assign its elements one by one");
        }

        if (place.Type is StructType && value is BoundAssignment)
        {
            return Error(syntax.Value.Span, "structs are copied one at a time");
        }

        return new BoundAssignment(syntax.Span, place, Converted(value, place.Type, "the assignment"));
    }

    private BoundExpression BindCompound(AssignmentSyntax syntax)
    {
        var place = BindTarget(syntax.Target, mayDeclare: false);
        var value = BindValue(syntax.Value);
        return place.Type is ErrorType || value.Type is ErrorType ? Error(syntax.Span) : Compound(syntax, place, OperatorOf(syntax.Operator!.Value), value);
    }

    private BoundExpression BindStep(StepSyntax syntax)
    {
        var place = BindTarget(syntax.Target, mayDeclare: false);
        var operation = syntax.IsIncrement ? BinaryOperator.Add : BinaryOperator.Subtract;
        return place.Type is ErrorType ? Error(syntax.Span) : Compound(syntax, place, operation, Word(syntax.Span, 1));
    }

    private BoundExpression Compound(ExpressionSyntax syntax, BoundPlace place, BinaryOperator operation, BoundExpression value)
    {
        if (place.Type is ArrayType or StructType || value.Type is StructType)
        {
            return Error(syntax.Span, $"{(place.Type is ArrayType or StructType ? place.Type : value.Type)} has no such operator");
        }

        if (place.Type is PointerType pointer && operation is BinaryOperator.Add or BinaryOperator.Subtract)
        {
            return value.Type is IntegerType
                ? new BoundCompoundAssignment(syntax.Span, place, operation, IntegerType.Word, Scaled(value, StepOf(pointer, syntax.Span)))
                : Error(value.Span, $"an address moves by an integer, found {value.Type}");
        }

        var current = Promoted(new BoundLoad(place.Span, place));
        var count = Promoted(value);
        var type = IsShift(operation) && current.Type is IntegerType ? ShiftType(current.Type, value) : Conversions.Common(current, count);
        if (!Takes(operation, type, syntax.Span) || (IsShift(operation) && !Takes(operation, count.Type, syntax.Span)))
        {
            return Error(syntax.Span);
        }

        return place.Type is PointerType && type is FloatType
            ? Error(syntax.Span, $"{place.Type} takes no {type}")
            : new BoundCompoundAssignment(syntax.Span, place, operation, type, Conversions.Convert(count, type));
    }

    /// <summary>What is assigned to.</summary>
    /// <param name="mayDeclare">Whether a name that is not known becomes an untyped variable of the whole function.</param>
    private BoundPlace BindTarget(ExpressionSyntax syntax, bool mayDeclare)
    {
        if (BindPlace(syntax) is { } place)
        {
            return place is RegisterPlace { Register: var register } && !GuestRegisters.IsWritable(register)
                ? ErrorPlace(place.Span, $"register @{register.Name} is for reading only", "general registers, rip, rflags, cr2, dr0 to dr7 and the bases of fs and gs can be written")
                : place;
        }

        switch (syntax)
        {
            case NameSyntax { Number: not null } name:
                return ErrorPlace(name.Span, $"'{name.Name}' is a hexadecimal number", $"to make a variable of it, declare it: int {name.Name} = 0;");
            case NameSyntax name when mayDeclare:
                return new LocalPlace(name.Span, Declare(_outermost, name.Name, IntegerType.Word));
            case NameSyntax name:
                return ErrorPlace(name.Span, $"unknown name '{name.Name}'", HintForName(name.Name) is { Length: > 0 } hint ? hint : $"give it a value first: {name.Name} = 0;");
            case PseudoRegisterSyntax pseudo:
                return ErrorPlace(pseudo.Span, $"pseudo-register '${pseudo.Name}' cannot be assigned");
            case CallSyntax call:
                return ErrorPlace(call.Span, "the value of a function cannot be assigned", Writer(call.Name));
            case MissingSyntax:
                return ErrorPlace(syntax.Span);
            default:
                return ErrorPlace(syntax.Span, "this cannot be assigned", "variables, globals, registers and memory can");
        }
    }

    private static string Writer(string reader) => reader switch
    {
        "db" => "eb(address, value) writes memory",
        "dd" => "ed(address, value) writes memory",
        "dq" or "poi" => "eq(address, value) writes memory",
        _ => "",
    };
}
