using System.Linq;
using HvDbg.Client.Script.Code;
using HvDbg.Client.Script.Semantics;
using HvDbg.Client.Script.Text;
using HvDbg.Script.Tests.Code.Machine;
using HvKernel.Protocol;
using Iced.Intel;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvDbg.Script.Tests.Code;

/// <summary>Bound trees made by hand.</summary>
public sealed class SmokeTests(ITestOutputHelper output)
{
    private static readonly ScriptSource Source = new("", "x");
    private static readonly SourceSpan At = new(Source, 0, 1);
    private static readonly GlobalSymbol N = new("n");

    private static BoundConstant C(ulong value) => new(At, IntegerType.Word, value);

    private static BoundExpression G(GlobalSymbol g) => new BoundLoad(At, new GlobalPlace(At, g));

    private static BoundScript Script(params BoundStatement[] statements) =>
        new(new FunctionSymbol("main", VoidType.Instance, []) { Body = new BoundBlock(At, statements) }, [], [N], []);

    private void Show(CompiledScript script)
    {
        var decoder = Decoder.Create(64, script.Bytes.ToArray());
        var formatter = new NasmFormatter();
        while (decoder.IP < (ulong)script.Bytes.Length)
        {
            var i = decoder.Decode();
            var text = new StringOutput();
            formatter.Format(i, text);
            output.WriteLine($"{i.IP:x4} {text.ToStringAndReset()}");
        }
    }

    [Fact]
    public void Counter() => ScriptMachine.With(machine =>
    {
        var script = machine.Compile(Script(new BoundExpressionStatement(At, new BoundAssignment(At, new GlobalPlace(At, N), new BoundBinary(At, IntegerType.Word, BinaryOperator.Add, G(N), C(1))))));
        Show(script);
        machine.Globals[0] = 41;
        machine.Run(script).End.ShouldBe(RunEnd.Completed);
        machine.Globals[0].ShouldBe(42UL);
    });

    [Fact]
    public void Forever() => ScriptMachine.With(machine =>
    {
        var script = machine.Compile(Script(new BoundLoop(At, null, null, new BoundBlock(At, []), false)));
        Show(script);
        var result = machine.Run(script);
        result.Failure.ShouldBe(ScriptFailure.Budget);
        result.Span.ShouldBe(At);
    });

    [Fact]
    public void Fault() => ScriptMachine.With(machine =>
    {
        var script = machine.Compile(Script(new BoundExpressionStatement(At, new BoundAssignment(At, new GlobalPlace(At, N), new BoundBuiltInCall(At, BuiltIn.Poi, [C(0x1000)])))));
        Show(script);
        var result = machine.Run(script);
        result.End.ShouldBe(RunEnd.Faulted);
        result.Address.ShouldBe(0x1000UL);
        result.Span.ShouldBe(At);
        script = machine.Compile(Script(new BoundExpressionStatement(At, new BoundAssignment(At, new GlobalPlace(At, N), new BoundBuiltInCall(At, BuiltIn.Poi, [C(machine.Code)])))));
        result = machine.Run(script);
        result.End.ShouldBe(RunEnd.Failed);
        result.Detail.ShouldBe(machine.Code);
        result.Span.ShouldBe(At);
    });
}
