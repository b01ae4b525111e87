using System;
using System.Globalization;
using System.Linq;
using HvDbg.Client.Script.Syntax;

namespace HvDbg.Script.Tests.Syntax;

/// <summary>Trees as text with every operation in parentheses: <c>(+ a (* b 2))</c>.</summary>
internal static class Shape
{
    internal static string Of(ExpressionSyntax expression) => expression switch
    {
        NumberSyntax number => number.Value.ToString("x", CultureInfo.InvariantCulture),
        FloatSyntax number => number.Value.ToString("R", CultureInfo.InvariantCulture) + (number.IsSingle ? "f" : "d"),
        StringSyntax text => (text.IsWide ? "L" : "") + Convert.ToHexString(text.Bytes.AsSpan()),
        NameSyntax name => name.Name,
        GlobalSyntax global => "." + global.Name,
        RegisterSyntax register => "@" + register.Name,
        PseudoRegisterSyntax register => "$" + register.Name,
        SymbolSyntax symbol => symbol.Module + "!" + symbol.Name,
        UnarySyntax unary => $"({unary.Operator} {Of(unary.Operand)})",
        BinarySyntax binary => $"({binary.OperatorSpan.Text} {Of(binary.Left)} {Of(binary.Right)})",
        AssignmentSyntax { Operator: null } assignment => $"(= {Of(assignment.Target)} {Of(assignment.Value)})",
        AssignmentSyntax assignment => $"({assignment.Operator}= {Of(assignment.Target)} {Of(assignment.Value)})",
        StepSyntax step => $"({(step.IsIncrement ? "++" : "--")} {Of(step.Target)})",
        CallSyntax call => $"{call.Name}({string.Join(", ", call.Arguments.Select(Of))})",
        IndexSyntax index => $"({Of(index.Target)}[{Of(index.Index)}])",
        MemberSyntax member => $"({Of(member.Target)}{(member.ThroughPointer ? "->" : ".")}{member.Name})",
        CastSyntax cast => $"(({Of(cast.Type)}) {Of(cast.Operand)})",
        SizeOfTypeSyntax size => $"sizeof({Of(size.Type)})",
        SizeOfExpressionSyntax size => $"sizeof {Of(size.Operand)}",
        InitializerListSyntax list => $"{{{string.Join(", ", list.Items.Select(Of))}}}",
        _ => "?",
    };

    internal static string Of(TypeSyntax type) => type switch
    {
        NamedTypeSyntax named => named.Name,
        StructTypeSyntax described => $"struct {described.Name}",
        PointerTypeSyntax pointer => $"{Of(pointer.Target)}*",
        ArrayTypeSyntax array => $"[{(array.Length is null ? "" : Of(array.Length))}]{Of(array.Element)}",
        _ => "?",
    };

    internal static string Of(StatementSyntax statement) => statement switch
    {
        BlockSyntax block => $"{{{string.Concat(block.Statements.Select(inner => " " + Of(inner)))} }}",
        ExpressionStatementSyntax effect => Of(effect.Expression) + ";",
        DeclarationSyntax declaration => $"{Of(declaration.Type)} {declaration.Name}{(declaration.Initializer is null ? "" : " = " + Of(declaration.Initializer))};",
        StructDeclarationSyntax described => $"struct {described.Type.Name}{Fields(described.Type)};",
        TypedefSyntax named => $"typedef {Of(named.Type)} {named.Name};",
        IfSyntax choice => $"if {Of(choice.Condition)} {Of(choice.Then)}{(choice.Else is null ? "" : " else " + Of(choice.Else))}",
        WhileSyntax loop => $"while {Of(loop.Condition)} {Of(loop.Body)}",
        DoSyntax loop => $"do {Of(loop.Body)} while {Of(loop.Condition)}",
        ForSyntax loop => $"for ({(loop.Initial is null ? ";" : Of(loop.Initial))} {(loop.Condition is null ? "" : Of(loop.Condition))}; "
            + $"{(loop.Step is null ? "" : Of(loop.Step))}) {Of(loop.Body)}",
        BreakSyntax => "break;",
        ContinueSyntax => "continue;",
        ReturnSyntax end => end.Value is null ? "return;" : $"return {Of(end.Value)};",
        FunctionSyntax function => $"{Of(function.ReturnType)} {function.Name}"
            + $"({string.Join(", ", function.Parameters.Select(parameter => Of(parameter.Type) + " " + parameter.Name))}) {Of(function.Body)}",
        _ => "?",
    };

    private static string Fields(StructTypeSyntax type) =>
        type.Fields is null ? "" : $" {{ {string.Concat(type.Fields.Select(field => $"{Of(field.Type)} {field.Name}; "))}}}";
}
