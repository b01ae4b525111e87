using System;
using System.Collections.Immutable;
using System.Globalization;
using System.Linq;
using HvDbg.Client.Script.Syntax;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Semantics.Binding;

internal sealed partial class FunctionBinder
{
    private BoundExpression BindCondition(ExpressionSyntax syntax) => AsCondition(BindValue(syntax));

    private BoundExpression AsCondition(BoundExpression value) => value.Type is StructType
        ? Error(value.Span, $"{value.Type} is no condition", "compare one of its fields")
        : Conversions.ToCondition(value);

    /// <summary>An expression that must have a value.</summary>
    private BoundExpression BindValue(ExpressionSyntax syntax)
    {
        var value = BindAny(syntax);
        return value.Type is VoidType ? Error(syntax.Span, $"'{((CallSyntax)syntax).Name}' has no value", "it stands alone, as a statement") : value;
    }

    private BoundExpression BindAny(ExpressionSyntax syntax)
    {
        switch (syntax)
        {
            case NumberSyntax number:
                return Word(number.Span, number.Value);
            case FloatSyntax number:
                return number.IsSingle
                    ? new BoundFloatConstant(number.Span, FloatType.Float, (float)number.Value)
                    : new BoundFloatConstant(number.Span, FloatType.Double, number.Value);
            case StringSyntax text:
                return new BoundString(text.Span, Terminated(text), text.IsWide);
            case NameSyntax name when !_scope.TryFindVariable(name.Name, out _):
                return BindNameOfNoVariable(name);
            case PseudoRegisterSyntax register:
                return BindPseudoRegister(register);
            case SymbolSyntax symbol:
                return BindSymbol(symbol.Span, new SymbolName(symbol.Module, symbol.Name));
            case UnarySyntax { Operator: not UnarySyntaxOperator.Dereference } unary:
                return BindUnary(unary);
            case BinarySyntax binary:
                return BindBinary(binary);
            case CallSyntax call:
                return BindCall(call);
            case CastSyntax cast:
                return BindCast(cast);
            case SizeOfTypeSyntax size:
                return Word(size.Span, (ulong)_types.BindObject(size.Type, _scope, "what sizeof measures").Size);
            case SizeOfExpressionSyntax size:
                return Word(size.Span, (ulong)(BindPlace(size.Operand)?.Type ?? BindValue(size.Operand).Type).Size);
            case InitializerListSyntax list:
                return Error(list.Span, "a list of values stands behind the '=' of a declaration only");
            case StepSyntax or AssignmentSyntax:
                return Error(syntax.Span, $"'{syntax.Span.Text}' has no value", "it stands alone, as a statement");
            default:
                return BindPlace(syntax) is { } place ? Load(syntax.Span, place) : Error(syntax.Span, "expected a value");
        }
    }

    private static BoundConstant Word(SourceSpan span, ulong value) => new(span, IntegerType.Word, value);

    private static ImmutableArray<byte> Terminated(StringSyntax text) => text.IsWide ? [.. text.Bytes, 0, 0] : [.. text.Bytes, 0];

    /// <summary>The value at a place; of an array: the address of its first element.</summary>
    private static BoundExpression Load(SourceSpan span, BoundPlace place) => place.Type is ArrayType array
        ? AddressOf(span, new PointerType(array.Element), place)
        : place.Type is ErrorType ? Error(span) : new BoundLoad(span, place);

    private BoundExpression BindNameOfNoVariable(NameSyntax name)
    {
        if (name.Number is { } number)
        {
            return Word(name.Span, number);
        }

        if (_context.Options.Symbols.Resolve(new SymbolName("", name.Name)) is { } address)
        {
            return Word(name.Span, address);
        }

        return Error(name.Span, $"unknown name '{name.Name}'", HintForName(name.Name));
    }

    private string HintForName(string name)
    {
        if (!_isTopLevel && _context.TopLevelVariables.Contains(name))
        {
            return $"functions do not see variables of the top level: pass it, or make it a global: .{name}";
        }

        if (_context.Functions.ContainsKey(name) || BuiltInTable.IsTaken(name))
        {
            return $"it is a function: {name}(…)";
        }

        if (GuestRegisters.Find(name) is not null)
        {
            return $"the register is @{name}";
        }

        if (PseudoRegisters.Find(name) is not null)
        {
            return $"the pseudo-register is ${name}";
        }

        return Suggestion.For(name, _scope.Variables.Concat(_context.TopLevelVariables.Where(_ => _isTopLevel)));
    }

    private BoundExpression BindSymbol(SourceSpan span, SymbolName symbol) => _context.Options.Symbols.Resolve(symbol) is { } address
        ? Word(span, address)
        : Error(span, $"unknown symbol '{symbol}'");

    private BoundExpression BindPseudoRegister(PseudoRegisterSyntax syntax)
    {
        if (PseudoRegisters.Find(syntax.Name) is { } register)
        {
            return new BoundPseudoRegister(syntax.Span, register);
        }

        if (syntax.Name.StartsWith("arg", StringComparison.Ordinal)
            && int.TryParse(syntax.Name.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            return BindArgument(syntax, index);
        }

        return Error(syntax.Span, $"unknown pseudo-register '${syntax.Name}'", Suggestion.For(syntax.Name, PseudoRegisters.Names, "$"));
    }

    /// <summary><c>$arg1</c>: an expression that was given with the script's name.</summary>
    private BoundExpression BindArgument(PseudoRegisterSyntax syntax, int index)
    {
        var arguments = _context.Options.Arguments;
        if (index >= arguments.Count)
        {
            return Error(syntax.Span, $"the script has no argument ${syntax.Name}", arguments.Count == 0 ? "it was given none" : $"the last one is $arg{arguments.Count - 1}");
        }

        var source = new ScriptSource("$" + syntax.Name, arguments[index]);
        var expression = Parser.ParseExpression(source, _context.Options, _context.Diagnostics);
        if (ContainsArgument(arguments[index]))
        {
            return Error(syntax.Span, $"argument ${syntax.Name} is made of arguments");
        }

        return BindValue(expression);
    }

    private static bool ContainsArgument(string text) => text.Contains("$arg", StringComparison.Ordinal);

    private BoundExpression BindCast(CastSyntax cast)
    {
        var type = _types.Bind(cast.Type, _scope);
        var value = BindValue(cast.Operand);
        if (type is VoidType or StructType or ArrayType || !Conversions.CanConvert(value.Type, type))
        {
            return Error(cast.Span, $"{Article(value.Type)} cannot become {type}", type is FloatType || value.Type is FloatType ? "convert it to an integer first" : "");
        }

        return Retyped(Conversions.Convert(value, type), cast.Span);
    }

    /// <summary>A typed constant is no untyped one, whatever its type was before; messages point at the whole.</summary>
    private static BoundExpression Retyped(BoundExpression value, SourceSpan span) => value with { Span = span };
}
