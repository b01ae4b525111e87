using System.Collections.Generic;
using System.Linq;

namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>Which statements can be followed by another.</summary>
internal static class ControlFlow
{
    /// <summary>Whether the statement can end without leaving its function. Conditions count as either, constants excepted.</summary>
    internal static bool ReachesEnd(BoundStatement statement) => statement switch
    {
        BoundBlock block => block.Statements.All(ReachesEnd),
        BoundIf choice => choice.Else is null || ReachesEnd(choice.Then) || ReachesEnd(choice.Else),
        BoundLoop loop => loop.TestsLast
            ? (ReachesEnd(loop.Body) && !IsAlways(loop.Condition)) || Breaks(loop.Body) || Continues(loop.Body)
            : !IsAlways(loop.Condition) || Breaks(loop.Body),
        BoundReturn or BoundBreak or BoundContinue => false,
        _ => true,
    };

    private static bool IsAlways(BoundExpression? condition) => condition is null or BoundConstant { Value: not 0 };

    /// <summary>Whether a <c>break</c> in it ends the loop around it.</summary>
    private static bool Breaks(BoundStatement statement) => WithinLoop(statement).Any(inner => inner is BoundBreak);

    private static bool Continues(BoundStatement statement) => WithinLoop(statement).Any(inner => inner is BoundContinue);

    private static IEnumerable<BoundStatement> WithinLoop(BoundStatement statement) => statement switch
    {
        BoundBlock block => block.Statements.SelectMany(WithinLoop),
        BoundIf { Else: { } otherwise } choice => WithinLoop(choice.Then).Concat(WithinLoop(otherwise)),
        BoundIf choice => WithinLoop(choice.Then),
        BoundLoop => [],
        _ => [statement],
    };
}
