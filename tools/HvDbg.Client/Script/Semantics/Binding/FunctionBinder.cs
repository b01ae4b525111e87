using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Syntax;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Semantics.Binding;

/// <summary>Binds the body of one function, or the statements at top level.</summary>
internal sealed partial class FunctionBinder
{
    private readonly BindingContext _context;
    private readonly ScriptType _returnType;
    private readonly TypeBinder _types;
    private readonly bool _isTopLevel;
    private readonly List<LocalSymbol> _locals = [];

    /// <summary>Where variables live that are assigned without being declared.</summary>
    private readonly Scope _outermost;

    /// <summary>Functions of the script that it calls.</summary>
    private readonly HashSet<FunctionSymbol> _calls = [];

    private Scope _scope;
    private int _loops;

    private FunctionBinder(BindingContext context, ScriptType returnType, bool isTopLevel)
    {
        _context = context;
        _returnType = returnType;
        _isTopLevel = isTopLevel;
        _types = new TypeBinder(context, BindLength);
        _outermost = new Scope(context.Types);
        _scope = _outermost;
    }

    /// <summary>Binds the types that are described at top level.</summary>
    internal static void BindTypes(BindingContext context, ScriptSyntax script)
    {
        var binder = new FunctionBinder(context, VoidType.Instance, isTopLevel: true) { _scope = context.Types };
        binder.BindAll(script.Statements.Where(IsType), []);
    }

    private static bool IsType(StatementSyntax statement) => statement is StructDeclarationSyntax or TypedefSyntax;

    /// <summary>Binds what stands at top level besides types and functions.</summary>
    internal static (FunctionSymbol Main, IReadOnlySet<FunctionSymbol> Calls) BindMain(BindingContext context, ScriptSyntax script)
    {
        var binder = new FunctionBinder(context, VoidType.Instance, isTopLevel: true);
        var statements = new List<BoundStatement>();
        binder.BindAll(script.Statements.Where(statement => statement is not FunctionSyntax && !IsType(statement)), statements);
        context.TopLevelVariables.UnionWith(binder._locals.Select(local => local.Name));
        return (binder.Finish("main", [], statements, new SourceSpan(script.Source, 0, 0)), binder._calls);
    }

    /// <summary>Binds a single expression: what it is worth is what the script returns.</summary>
    internal static (FunctionSymbol Main, IReadOnlySet<FunctionSymbol> Calls) BindExpression(BindingContext context, ExpressionSyntax expression)
    {
        var binder = new FunctionBinder(context, IntegerType.Word, isTopLevel: true);
        var value = binder.BindValue(expression);
        if (value.Type is FloatType)
        {
            context.Report(value.Span, $"the value is a {value.Type}, expected an integer or an address", "printf(\"%f\", …) prints it, (long long) cuts its fraction off");
        }

        var end = new BoundReturn(value.Span, binder.Converted(value, IntegerType.Word, "the result"));
        return (binder.Finish("main", [], [end], value.Span), binder._calls);
    }

    /// <summary>The name, type and parameters of a function, without its body.</summary>
    internal static FunctionSymbol BindSignature(BindingContext context, FunctionSyntax syntax)
    {
        var binder = new FunctionBinder(context, VoidType.Instance, isTopLevel: false);
        var returnType = binder._types.Bind(syntax.ReturnType, context.Types);
        if (returnType is StructType or ArrayType)
        {
            context.Report(syntax.ReturnType.Span, $"'{syntax.Name}' cannot return {returnType}", "take a pointer to it as a parameter");
            returnType = ErrorType.Instance;
        }

        var parameters = syntax.Parameters.Select(binder.BindParameter).ToList();
        foreach (var (parameter, place) in parameters.Zip(syntax.Parameters).Where(pair => parameters.First(other => other.Name == pair.First.Name) != pair.First))
        {
            context.Report(place.Span, $"a second parameter '{parameter.Name}'");
        }

        return new FunctionSymbol(syntax.Name, returnType, parameters);
    }

    /// <summary>Binds a function's body and stores it in the function.</summary>
    internal static IReadOnlySet<FunctionSymbol> BindBody(BindingContext context, FunctionSymbol function, FunctionSyntax syntax)
    {
        var binder = new FunctionBinder(context, function.ReturnType, isTopLevel: false);
        binder._locals.AddRange(function.Parameters);
        var statements = new List<BoundStatement>();
        foreach (var (parameter, place) in function.Parameters.Zip(syntax.Parameters))
        {
            binder._outermost.Add(parameter);
            if (context.CopiedParameters.Contains(parameter))
            {
                statements.Add(binder.CopyOf(parameter, place.Span));
            }
        }

        binder.BindAll(syntax.Body.Statements, statements);
        function.Body = new BoundBlock(syntax.Body.Span, statements);
        function.Locals = binder._locals;
        if (function.ReturnType is not (VoidType or ErrorType) && ControlFlow.ReachesEnd(function.Body))
        {
            context.Report(syntax.NameSpan, $"'{function.Name}' can end without a 'return'", $"it returns {function.ReturnType}: end every way through it with return …;");
        }

        return binder._calls;
    }

    private LocalSymbol BindParameter(ParameterSyntax syntax, int index)
    {
        ScriptType type;
        if (syntax.Type is ArrayTypeSyntax array)
        {
            // As in C, what is passed is the address of the first element.
            type = new PointerType(_types.BindObject(array.Element, _scope, "an element"));
        }
        else
        {
            type = _types.BindObject(syntax.Type, _scope, "a parameter");
        }

        if (type is not StructType)
        {
            return new LocalSymbol(syntax.Name, type, index);
        }

        var copied = new LocalSymbol(syntax.Name, new PointerType(type), index);
        _context.CopiedParameters.Add(copied);
        return copied;
    }

    /// <summary>A variable of the parameter's name, with the struct that it points to.</summary>
    private BoundDeclaration CopyOf(LocalSymbol parameter, SourceSpan span)
    {
        var type = ((PointerType)parameter.Type).Target;
        var address = Conversions.ToWord(new BoundLoad(span, new LocalPlace(span, parameter)));
        var local = Declare(_outermost, parameter.Name, type);
        var whole = new LocalPlace(span, local);
        return new BoundDeclaration(span, local, [new BoundAssignment(span, whole, new BoundLoad(span, new MemoryPlace(span, type, address)))]);
    }

    private FunctionSymbol Finish(string name, IReadOnlyList<LocalSymbol> parameters, IReadOnlyList<BoundStatement> statements, SourceSpan span) =>
        new(name, _returnType, parameters) { Locals = _locals, Body = new BoundBlock(span, statements) };

    private ulong? BindLength(ExpressionSyntax syntax)
    {
        var value = BindValue(syntax);
        if (value is BoundConstant { Type: IntegerType } constant)
        {
            return constant.Value;
        }

        if (value.Type is not ErrorType)
        {
            _context.Report(syntax.Span, "the length of an array must be a constant");
        }

        return null;
    }

    private LocalSymbol Declare(Scope scope, string name, ScriptType type)
    {
        var local = new LocalSymbol(name, type, _locals.Count) { NeedsMemory = type is ArrayType or StructType };
        _locals.Add(local);
        scope.Add(local);
        return local;
    }

    private static BoundConstant Error(SourceSpan span) => new(span, ErrorType.Instance, 0);

    private BoundConstant Error(SourceSpan span, string message, string hint = "")
    {
        _context.Report(span, message, hint);
        return Error(span);
    }

    /// <summary>The value in another type, or a message.</summary>
    /// <param name="what">What takes it, for the message.</param>
    private BoundExpression Converted(BoundExpression value, ScriptType to, string what)
    {
        if (!Conversions.CanConvert(value.Type, to))
        {
            return Error(value.Span, $"expected {Article(to)} for {what}, found {Article(value.Type)}");
        }

        return Conversions.Convert(value, to);
    }

    private static string Article(ScriptType type) => type switch
    {
        IntegerType { IsWord: true } => "a word",
        _ => type.ToString(),
    };
}
