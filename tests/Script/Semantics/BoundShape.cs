using System;
using System.Globalization;
using System.Linq;
using HvDbg.Client.Script.Semantics;

namespace HvDbg.Script.Tests.Semantics;

/// <summary>Bound trees as text: every operation with its type, conversions as <c>int&lt;…&gt;</c>, untyped words without a type.</summary>
internal static class BoundShape
{
    internal static string Of(BoundExpression expression) => expression switch
    {
        BoundConstant constant => constant.Value.ToString("x", CultureInfo.InvariantCulture) + Suffix(constant.Type),
        BoundFloatConstant constant => constant.Value.ToString("R", CultureInfo.InvariantCulture) + (constant.FloatType.Bytes == 4 ? "f" : "d"),
        BoundString text => "\"" + Convert.ToHexString(text.Bytes.AsSpan()) + "\"",
        BoundLoad load => Of(load.Place),
        BoundAddressOf address => $"&{Of(address.Place)}:{address.Type}",
        BoundConversion conversion => $"{conversion.Type}<{Of(conversion.Operand)}>",
        BoundUnary unary => $"({unary.Operator}{Suffix(unary.Type)} {Of(unary.Operand)})",
        BoundBinary binary => $"({binary.Operator}{Suffix(binary.Left.Type)} {Of(binary.Left)} {Of(binary.Right)})",
        BoundLogical logical => $"({(logical.IsAnd ? "&&" : "||")} {Of(logical.Left)} {Of(logical.Right)})",
        BoundAssignment assignment => $"{Of(assignment.Place)} = {Of(assignment.Value)}",
        BoundCompoundAssignment compound => $"{Of(compound.Place)} {compound.Operator}{Suffix(compound.OperationType)}= {Of(compound.Value)}",
        BoundCall call => $"{call.Function.Name}({string.Join(", ", call.Arguments.Select(Of))})",
        BoundBuiltInCall call => $"{call.Function}({string.Join(", ", call.Arguments.Select(Of))})",
        BoundPrint print => $"print({string.Join(", ", print.Format.Pieces.Select(Of).Concat(print.Arguments.Select(Of)))})",
        BoundPseudoRegister register => "$" + register.Register,
        _ => "?",
    };

    internal static string Of(BoundPlace place) => place switch
    {
        LocalPlace local => local.Local.Name,
        GlobalPlace global => "." + global.Global.Name,
        RegisterPlace register => $"@{register.Register.Id}[{register.Register.Shift}+{register.Register.Bits}]",
        MemoryPlace memory => $"[{Of(memory.Address)}]{Suffix(memory.Type)}",
        PartPlace part => $"{Of(part.Whole)}+{part.Offset}{Suffix(part.Type)}",
        _ => "?",
    };

    internal static string Of(BoundStatement statement) => statement switch
    {
        BoundBlock block => $"{{{string.Concat(block.Statements.Select(inner => " " + Of(inner)))} }}",
        BoundExpressionStatement effect => Of(effect.Expression) + ";",
        BoundDeclaration declaration => $"{declaration.Local.Type} {declaration.Local.Name}{(declaration.Stores.Count == 0 ? "" : ": ")}"
            + $"{string.Join(", ", declaration.Stores.Select(Of))};",
        BoundIf choice => $"if {Of(choice.Condition)} {Of(choice.Then)}{(choice.Else is null ? "" : " else " + Of(choice.Else))}",
        BoundLoop loop => $"loop({(loop.Condition is null ? "" : Of(loop.Condition))}; {(loop.Step is null ? "" : Of(loop.Step))}{(loop.TestsLast ? "; last" : "")}) {Of(loop.Body)}",
        BoundReturn leave => leave.Value is null ? "return;" : $"return {Of(leave.Value)};",
        BoundBreak => "break;",
        BoundContinue => "continue;",
        _ => "?",
    };

    private static string Of(PrintPiece piece) => piece.Argument is null
        ? "'" + piece.Text.Replace("\n", "\\n", StringComparison.Ordinal) + "'"
        : $"{piece.Conversion}{piece.Bytes}{(piece.Flags.Length == 0 ? "" : "/" + piece.Flags)}{(piece.Width == 0 ? "" : ":" + piece.Width)}"
            + $"{(piece.Precision is { } digits ? "." + digits : "")}{(piece.Argument == PrintArgumentKind.WideString ? "w" : "")}";

    private static string Suffix(ScriptType type) => type == IntegerType.Word ? "" : ":" + type;
}
