using System;
using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Syntax;

namespace HvDbg.Script.Tests.Oracle;

/// <summary>A program that takes too much of a test's time.</summary>
internal sealed class OracleTooLong : Exception;

/// <summary>
/// Runs a script by walking over its syntax tree: what the language means, without the compiler's types, conversions or orders. Knows what
/// generated programs use: integers, arrays, registers, globals, functions.
/// </summary>
internal sealed class OracleRun
{
    private const int MostSteps = 4000;

    private readonly Dictionary<string, FunctionSyntax> _functions;
    private readonly ScriptSyntax _script;
    private int _steps;

    internal OracleRun(ScriptSyntax script, OracleRegisters registers)
    {
        _script = script;
        _functions = script.Statements.OfType<FunctionSyntax>().ToDictionary(function => function.Name);
        Registers = registers;
    }

    private enum Flow
    {
        On,
        Break,
        Continue,
        Return,
    }

    internal OracleRegisters Registers { get; }

    internal Dictionary<string, OracleValue> Globals { get; } = [];

    /// <summary>Values of <c>test_statement</c>.</summary>
    internal List<ulong> Tests { get; } = [];

    /// <exception cref="OracleFailure">The script ended itself.</exception>
    internal void Run() => Block(_script.Statements, new OracleScope(null), out _);

    private Flow Block(IEnumerable<StatementSyntax> statements, OracleScope scope, out OracleValue? result)
    {
        foreach (var statement in statements)
        {
            var flow = Statement(statement, scope, out result);
            if (flow != Flow.On)
            {
                return flow;
            }
        }

        result = null;
        return Flow.On;
    }

    private Flow Statement(StatementSyntax statement, OracleScope scope, out OracleValue? result)
    {
        if (++_steps > MostSteps)
        {
            throw new OracleTooLong();
        }

        result = null;
        switch (statement)
        {
            case FunctionSyntax:
                return Flow.On;
            case BlockSyntax block:
                return Block(block.Statements, new OracleScope(scope), out result);
            case ExpressionStatementSyntax effect:
                Value(effect.Expression, scope);
                return Flow.On;
            case DeclarationSyntax declaration:
                Declare(declaration, scope);
                return Flow.On;
            case IfSyntax branch when Value(branch.Condition, scope).IsTrue:
                return Statement(branch.Then, scope, out result);
            case IfSyntax branch:
                return branch.Else is null ? Flow.On : Statement(branch.Else, scope, out result);
            case WhileSyntax loop:
                return Loop(loop.Condition, null, loop.Body, testsFirst: true, scope, out result);
            case DoSyntax loop:
                return Loop(loop.Condition, null, loop.Body, testsFirst: false, scope, out result);
            case ForSyntax loop:
                var around = new OracleScope(scope);
                if (loop.Initial is not null)
                {
                    Statement(loop.Initial, around, out _);
                }

                return Loop(loop.Condition, loop.Step, loop.Body, testsFirst: true, around, out result);
            case BreakSyntax:
                return Flow.Break;
            case ContinueSyntax:
                return Flow.Continue;
            case ReturnSyntax leave:
                result = leave.Value is null ? null : Value(leave.Value, scope);
                return Flow.Return;
            default:
                throw new NotSupportedException(statement.GetType().Name);
        }
    }

    private Flow Loop(ExpressionSyntax? condition, ExpressionSyntax? step, BlockSyntax body, bool testsFirst, OracleScope scope, out OracleValue? result)
    {
        result = null;
        var tests = testsFirst;
        while (true)
        {
            if (tests && condition is not null && !Value(condition, scope).IsTrue)
            {
                return Flow.On;
            }

            tests = true;
            switch (Statement(body, scope, out result))
            {
                case Flow.Break:
                    return Flow.On;
                case Flow.Return:
                    return Flow.Return;
            }

            if (step is not null)
            {
                Value(step, scope);
            }
        }
    }

    private void Declare(DeclarationSyntax declaration, OracleScope scope)
    {
        if (declaration.Type is ArrayTypeSyntax array)
        {
            var items = ((InitializerListSyntax)declaration.Initializer!).Items.Select(item => Value(item, scope)).ToList();
            var length = (int)((NumberSyntax)array.Length!).Value;
            var variable = scope.Add(declaration.Name, OracleType.Of(array.Element), length);
            for (var i = 0; i < items.Count; i++)
            {
                variable[i] = items[i];
            }
        }
        else
        {
            var value = Value(declaration.Initializer!, scope);
            scope.Add(declaration.Name, OracleType.Of(declaration.Type))[0] = value;
        }
    }

    private OracleValue Value(ExpressionSyntax expression, OracleScope scope)
    {
        switch (expression)
        {
            case NumberSyntax number:
                return new OracleValue(number.Value, OracleType.Word, IsLiteral: true);
            case NameSyntax { Number: { } number } name when scope.Find(name.Name) is null:
                return new OracleValue(number, OracleType.Word, IsLiteral: true);
            case NameSyntax or GlobalSyntax or RegisterSyntax or IndexSyntax:
                return Place(expression, scope).Read();
            case UnarySyntax unary:
                return OracleArithmetic.Unary(unary.Operator, Value(unary.Operand, scope));
            case BinarySyntax { Operator: BinarySyntaxOperator.LogicalAnd } both:
                return OracleValue.Truth(Value(both.Left, scope).IsTrue && Value(both.Right, scope).IsTrue);
            case BinarySyntax { Operator: BinarySyntaxOperator.LogicalOr } either:
                return OracleValue.Truth(Value(either.Left, scope).IsTrue || Value(either.Right, scope).IsTrue);
            case BinarySyntax binary:
                var left = Value(binary.Left, scope);
                return OracleArithmetic.Binary(binary.Operator, left, Value(binary.Right, scope));
            case CastSyntax cast:
                return Value(cast.Operand, scope).To(OracleType.Of(cast.Type));
            case AssignmentSyntax assignment:
                return Assign(assignment, scope);
            case StepSyntax step:
                var (read, write) = Place(step.Target, scope);
                var one = new OracleValue(1, OracleType.Word, IsLiteral: true);
                return write(OracleArithmetic.Binary(step.IsIncrement ? BinarySyntaxOperator.Add : BinarySyntaxOperator.Subtract, read(), one));
            case CallSyntax call:
                return Call(call, scope);
            default:
                throw new NotSupportedException(expression.GetType().Name);
        }
    }

    // The place, then the value; an operation reads the place last.
    private OracleValue Assign(AssignmentSyntax assignment, OracleScope scope)
    {
        if (assignment.Target is NameSyntax name && scope.Find(name.Name) is null)
        {
            // A word begins to be with its first value.
            var first = Value(assignment.Value, scope);
            return scope.Add(name.Name, OracleType.Word)[0] = first.To(OracleType.Word);
        }

        var (read, write) = Place(assignment.Target, scope);
        var value = Value(assignment.Value, scope);
        return write(assignment.Operator is { } operation ? OracleArithmetic.Binary(operation, read(), value) : value);
    }

    private (Func<OracleValue> Read, Func<OracleValue, OracleValue> Write) Place(ExpressionSyntax syntax, OracleScope scope)
    {
        switch (syntax)
        {
            case NameSyntax name:
                return Element(scope.Find(name.Name) ?? throw new NotSupportedException(name.Name), 0);
            case IndexSyntax { Target: NameSyntax array } index:
                return Element(scope.Find(array.Name)!, (int)Value(index.Index, scope).Number);
            case GlobalSyntax global:
                return (() => Globals.GetValueOrDefault(global.Name) ?? OracleValue.Word(0), value => Globals[global.Name] = value.To(OracleType.Word));
            case RegisterSyntax register:
                return (() => OracleValue.Word(Registers[register.Name]), value =>
                {
                    Registers[register.Name] = value.To(OracleType.Word).Number;
                    return OracleValue.Word(Registers[register.Name]);
                });
            default:
                throw new NotSupportedException(syntax.GetType().Name);
        }
    }

    private static (Func<OracleValue> Read, Func<OracleValue, OracleValue> Write) Element(OracleVariable variable, int index) =>
        (() => variable[index], value =>
        {
            variable[index] = value;
            return variable[index];
        });

    private OracleValue Call(CallSyntax call, OracleScope scope)
    {
        var arguments = call.Arguments.Select(argument => Value(argument, scope)).ToList();
        switch (call.Name)
        {
            case "test_statement":
                Tests.Add(arguments[0].Bits);
                return OracleValue.Word(0);
            case "neg":
                return OracleValue.Word(-arguments[0].To(OracleType.Word).Number);
            case "not":
                return OracleValue.Word(-arguments[0].To(OracleType.Word).Number - 1);
        }

        var function = _functions[call.Name];
        var inner = new OracleScope(null);
        for (var i = 0; i < arguments.Count; i++)
        {
            inner.Add(function.Parameters[i].Name, OracleType.Of(function.Parameters[i].Type))[0] = arguments[i];
        }

        Statement(function.Body, inner, out var result);
        return function.ReturnType is NamedTypeSyntax { Name: "void" } ? OracleValue.Word(0) : result!.To(OracleType.Of(function.ReturnType));
    }
}
