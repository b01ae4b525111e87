using System.Collections.Generic;
using HvDbg.Client.Script.Syntax;
using HvDbg.Client.Script.Text;

namespace HvDbg.Client.Script.Semantics.Binding;

internal sealed partial class FunctionBinder
{
    private void BindAll(IEnumerable<StatementSyntax> statements, List<BoundStatement> into)
    {
        foreach (var statement in statements)
        {
            if (Bind(statement) is { } bound)
            {
                into.Add(bound);
            }
        }
    }

    /// <summary>The statement; null: it does nothing when the script runs.</summary>
    private BoundStatement? Bind(StatementSyntax statement)
    {
        switch (statement)
        {
            case BlockSyntax block:
                return Bind(block);
            case ExpressionStatementSyntax effect:
                return new BoundExpressionStatement(effect.Span, BindEffect(effect.Expression));
            case DeclarationSyntax declaration:
                return Bind(declaration);
            case StructDeclarationSyntax declaration:
                BindStruct(declaration);
                return null;
            case TypedefSyntax typedef:
                BindTypedef(typedef);
                return null;
            case IfSyntax choice:
                return new BoundIf(choice.Span, BindCondition(choice.Condition), Bind(choice.Then), choice.Else is null ? null : Bind(choice.Else));
            case WhileSyntax loop:
                return new BoundLoop(loop.Span, BindCondition(loop.Condition), null, BindBody(loop.Body), false);
            case DoSyntax loop:
                var body = BindBody(loop.Body);
                return new BoundLoop(loop.Span, BindCondition(loop.Condition), null, body, true);
            case ForSyntax loop:
                return Bind(loop);
            case BreakSyntax:
                RequireLoop(statement.Span, "break");
                return new BoundBreak(statement.Span);
            case ContinueSyntax:
                RequireLoop(statement.Span, "continue");
                return new BoundContinue(statement.Span);
            case ReturnSyntax leave:
                return Bind(leave);
            default:
                return null;
        }
    }

    private BoundBlock Bind(BlockSyntax block)
    {
        _scope = new Scope(_scope);
        var statements = new List<BoundStatement>();
        BindAll(block.Statements, statements);
        _scope = _scope.Around!;
        return new BoundBlock(block.Span, statements);
    }

    private BoundBlock BindBody(BlockSyntax block)
    {
        _loops++;
        var body = Bind(block);
        _loops--;
        return body;
    }

    private BoundBlock Bind(ForSyntax loop)
    {
        _scope = new Scope(_scope);
        var statements = new List<BoundStatement>();
        if (loop.Initial is not null)
        {
            BindAll([loop.Initial], statements);
        }

        var condition = loop.Condition is null ? null : BindCondition(loop.Condition);
        var body = BindBody(loop.Body);
        var step = loop.Step is null ? null : BindEffect(loop.Step);
        statements.Add(new BoundLoop(loop.Span, condition, step, body, false));
        _scope = _scope.Around!;
        return new BoundBlock(loop.Span, statements);
    }

    private void RequireLoop(SourceSpan span, string word)
    {
        if (_loops == 0)
        {
            _context.Report(span, $"'{word}' outside a loop", _isTopLevel ? "'return' ends the script" : "'return' ends the function");
        }
    }

    private BoundReturn Bind(ReturnSyntax leave)
    {
        if (leave.Value is null)
        {
            if (_returnType is not (VoidType or ErrorType))
            {
                _context.Report(leave.Span, $"'return' without a value: the function returns {_returnType}");
            }

            return new BoundReturn(leave.Span, null);
        }

        var value = BindValue(leave.Value);
        if (_returnType is VoidType)
        {
            _context.Report(value.Span, _isTopLevel ? "the script itself returns nothing" : "the function returns nothing: it is void", "write return;");
            return new BoundReturn(leave.Span, null);
        }

        return new BoundReturn(leave.Span, Converted(value, _returnType, "the result"));
    }

    private void BindStruct(StructDeclarationSyntax declaration)
    {
        if (declaration.Type.Fields is null)
        {
            TypeBinder.Declare(declaration.Type.Name, _scope);
        }
        else
        {
            _types.Bind(declaration.Type, _scope);
        }
    }

    private void BindTypedef(TypedefSyntax typedef)
    {
        // C announces a struct by naming it here.
        if (typedef.Type is StructTypeSyntax { Fields: null } named && _scope.FindStruct(named.Name) is null)
        {
            TypeBinder.Declare(named.Name, _scope);
        }

        var type = _types.Bind(typedef.Type, _scope);
        if (!_scope.TryAddType(typedef.Name, type))
        {
            _context.Report(typedef.NameSpan, $"a second type '{typedef.Name}'");
        }
    }

    private BoundDeclaration? Bind(DeclarationSyntax declaration)
    {
        if (_scope.DeclaresVariable(declaration.Name))
        {
            _context.Report(declaration.NameSpan, $"a second variable '{declaration.Name}'", "assign to it without its type, or choose another name");
        }

        var type = BindDeclaredType(declaration, out var items);
        if (type is ErrorType)
        {
            Declare(_scope, declaration.Name, type);
            return null;
        }

        var local = Declare(_scope, declaration.Name, type);
        var whole = new LocalPlace(declaration.NameSpan, local);
        var stores = new List<BoundAssignment>();
        foreach (var item in items)
        {
            stores.Add(new BoundAssignment(item.Value.Span, Part(whole, item.Type, item.Offset), item.Value));
        }

        return new BoundDeclaration(declaration.Span, local, stores);
    }

    /// <summary>The variable's type, and what its initialiser puts where. The initialiser does not see the variable.</summary>
    private ScriptType BindDeclaredType(DeclarationSyntax declaration, out IReadOnlyList<InitializedPart> items)
    {
        var initializer = new InitializerBinder(_context, _types, BindValue, Converted);
        if (declaration.Type is ArrayTypeSyntax { Length: null } open)
        {
            var element = _types.BindObject(open.Element, _scope, "an element");
            return initializer.BindOpenArray(element, declaration, out items);
        }

        var type = _types.BindObject(declaration.Type, _scope, "a variable");
        items = declaration.Initializer is null ? [] : initializer.Bind(type, declaration.Initializer);
        return type;
    }
}
