using System.Collections;
using System.Linq;
using HvDbg.Client.Script.Semantics;
using HvDbg.Client.Script.Text;

namespace HvDbg.Script.Tests;

/// <summary>What holds for every bound script.</summary>
internal static class Bound
{
    /// <summary>No node has a type of the compiler's own; operands of operations have one type; stores have their place's type.</summary>
    internal static bool IsSound(BoundScript script) =>
        IsSoundNode(script.Main.Body) && script.Functions.All(function => function.Body is not null && IsSoundNode(function.Body));

    private static bool IsSoundNode(object? node) => node switch
    {
        null or SourceSpan or ScriptType or string => true,
        LocalSymbol local => IsKnown(local.Type),
        FunctionSymbol function => IsKnown(function.ReturnType),
        BoundBinary binary when binary.Left.Type != binary.Right.Type => false,
        BoundAssignment assignment when assignment.Place.Type != assignment.Value.Type => false,
        BoundCompoundAssignment compound when compound.OperationType != compound.Value.Type => false,
        BoundBuiltInCall call when call.Arguments.Any(argument => argument.Type != IntegerType.Word) => false,
        BoundCall call when !call.Arguments.Select(argument => argument.Type).SequenceEqual(call.Function.Parameters.Select(parameter => parameter.Type)) => false,
        BoundExpression expression when !IsKnown(expression.Type) => false,
        IEnumerable many => many.Cast<object>().All(IsSoundNode),
        BoundExpression or BoundPlace or BoundStatement => node.GetType().GetProperties()
            .Where(property => property.PropertyType.IsClass || property.PropertyType.IsInterface)
            .Where(property => property.Name != "EqualityContract")
            .All(property => IsSoundNode(property.GetValue(node))),
        _ => true,
    };

    private static bool IsKnown(ScriptType type) => type.GetType().IsPublic;
}
