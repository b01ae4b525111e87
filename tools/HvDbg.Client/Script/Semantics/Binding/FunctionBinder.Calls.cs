using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using HvDbg.Client.Script.Syntax;
using HvKernel.Protocol;

namespace HvDbg.Client.Script.Semantics.Binding;

internal sealed partial class FunctionBinder
{
    private BoundExpression BindCall(CallSyntax call)
    {
        switch (call.Name)
        {
            case "printf":
                return BindPrintf(call);
            case "print":
                return HasArguments(call, 1) ? PrintOne(call, 'X') : Error(call.Span);
            case "formats":
                return HasArguments(call, 1) ? PrintOne(call, 'F') : Error(call.Span);
            case "reference" or "ref":
                return HasArguments(call, 1) ? BindAddressOf(call.Span, call.Arguments[0]) : Error(call.Span);
        }

        if (BuiltInTable.Find(call.Name) is var (function, count))
        {
            return HasArguments(call, count) ? new BoundBuiltInCall(call.Span, function, [.. call.Arguments.Select(BindWord)]) : Error(call.Span);
        }

        if (_context.Functions.TryGetValue(call.Name, out var own))
        {
            return BindOwnCall(call, own);
        }

        return BuiltInTable.WhyUnavailable(call.Name) is { } reason
            ? Error(call.NameSpan, $"'{call.Name}' is not available: {reason}")
            : Error(call.NameSpan, $"unknown function '{call.Name}'", Suggestion.For(call.Name, BuiltInTable.Names.Concat(_context.Functions.Keys)));
    }

    private bool HasArguments(CallSyntax call, int count)
    {
        if (call.Arguments.Count == count)
        {
            return true;
        }

        var expected = count.ToString(CultureInfo.InvariantCulture) + (count == 1 ? " argument" : " arguments");
        _context.Report(call.NameSpan, $"'{call.Name}' takes {(count == 0 ? "no arguments" : expected)}, found {call.Arguments.Count}");
        return false;
    }

    /// <summary>An argument of a function of the language.</summary>
    private BoundExpression BindWord(ExpressionSyntax syntax)
    {
        var value = BindValue(syntax);
        return value.Type is FloatType
            ? Error(value.Span, $"expected an integer or an address, found {value.Type}", "convert it: (long long)x")
            : Converted(value, IntegerType.Word, "the argument");
    }

    private BoundExpression BindOwnCall(CallSyntax call, FunctionSymbol function)
    {
        _calls.Add(function);
        if (!HasArguments(call, function.Parameters.Count))
        {
            return Error(call.Span);
        }

        var arguments = new List<BoundExpression>();
        foreach (var (argument, parameter) in call.Arguments.Zip(function.Parameters))
        {
            arguments.Add(BindOwnArgument(argument, parameter));
        }

        return function.ReturnType is ErrorType ? Error(call.Span) : new BoundCall(call.Span, function, arguments);
    }

    private BoundExpression BindOwnArgument(ExpressionSyntax argument, LocalSymbol parameter)
    {
        var what = $"parameter '{parameter.Name}'";
        var value = BindValue(argument);
        if (!_context.CopiedParameters.Contains(parameter))
        {
            return Converted(value, parameter.Type, what);
        }

        var type = (PointerType)parameter.Type;
        return Converted(value, type.Target, what) is BoundLoad load ? AddressOf(load.Span, type, load.Place) : Error(argument.Span);
    }

    /// <summary><c>print</c> and <c>formats</c>.</summary>
    private BoundExpression PrintOne(CallSyntax call, char conversion)
    {
        var value = BindValue(call.Arguments[0]);
        if (value.Type is FloatType)
        {
            return Print(call, [new PrintPiece("%f", PrintArgumentKind.Double, 'f'), new PrintPiece("\n")], [Conversions.Convert(value, FloatType.Double)]);
        }

        var word = Converted(value, IntegerType.Word, "the argument");
        return Print(call, [new PrintPiece("", PrintArgumentKind.Word, conversion)], [word]);
    }

    private BoundExpression BindPrintf(CallSyntax call)
    {
        if (call.Arguments.Count == 0 || call.Arguments[0] is not StringSyntax { IsWide: false } text)
        {
            return Error(call.Arguments.Count == 0 ? call.NameSpan : call.Arguments[0].Span, "the format of 'printf' is a string in double quotes");
        }

        var format = PrintFormatReader.Read(Encoding.UTF8.GetString(text.Bytes.AsSpan()), out var problem, out var hint);
        if (problem.Length != 0)
        {
            return Error(text.Span, problem, hint);
        }

        var pieces = format.Where(piece => piece.Argument is not null).ToList();
        var values = call.Arguments.Skip(1).ToList();
        if (pieces.Count != values.Count)
        {
            var place = values.Count > pieces.Count ? values[pieces.Count].Span : text.Span;
            return Error(place, $"the format has {pieces.Count} {(pieces.Count == 1 ? "place" : "places")} for values, found {values.Count} {(values.Count == 1 ? "value" : "values")}");
        }

        if (values.Count > ScriptLimits.PrintArguments)
        {
            return Error(values[ScriptLimits.PrintArguments].Span, $"more than {ScriptLimits.PrintArguments} values in one 'printf'");
        }

        return Print(call, format, [.. values.Zip(pieces, BindPrinted)]);
    }

    private BoundExpression BindPrinted(ExpressionSyntax syntax, PrintPiece piece)
    {
        var value = BindValue(syntax);
        if (value.Type is ErrorType)
        {
            return value;
        }

        if (piece.Argument == PrintArgumentKind.Double)
        {
            return value.Type is FloatType
                ? Conversions.Convert(value, FloatType.Double)
                : Error(value.Span, $"'{piece.Text}' takes a float or double, found {Article(value.Type)}", "convert it: (double)x");
        }

        return value.Type is FloatType or StructType
            ? Error(value.Span, $"'{piece.Text}' takes an {(piece.Argument == PrintArgumentKind.Word ? "integer" : "address")}, found {value.Type}",
                value.Type is FloatType ? "'%f' prints it" : "print its fields one by one")
            : Conversions.ToWord(value);
    }

    private BoundPrint Print(CallSyntax call, IReadOnlyList<PrintPiece> pieces, IReadOnlyList<BoundExpression> arguments)
    {
        var format = new PrintFormat(pieces);
        _context.Formats.Add(format);
        return new BoundPrint(call.Span, format, arguments);
    }
}
