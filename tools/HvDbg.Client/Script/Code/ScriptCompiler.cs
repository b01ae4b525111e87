using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Semantics;

namespace HvDbg.Client.Script.Code;

/// <summary>Makes machine code of scripts that are known to be right.</summary>
public static class ScriptCompiler
{
    /// <summary>Compiles a script for one target.</summary>
    /// <param name="script">The script.</param>
    /// <param name="layout">The target's addresses.</param>
    /// <param name="globals">The numbers of the global words that the script names, as the target gave them.</param>
    /// <exception cref="ScriptSizeException">Its variables are larger than a run has room for.</exception>
    public static CompiledScript Compile(BoundScript script, ScriptLayout layout, IReadOnlyDictionary<string, int> globals)
    {
        var functions = new[] { script.Main }.Concat(script.Functions.Where(function => function != script.Main)).ToList();
        var bodies = functions.ToDictionary(function => function, function => ConstantFolder.Fold(function.Body!));
        var needs = ScriptNeeds.Of(functions, bodies);

        // The first pass shows how large the frames are, the second has every offset.
        var sizes = functions.ToDictionary(function => function, _ => FrameSize.Unknown);
        Generate();
        var (bytes, lines) = Generate().Emitter.Encode();
        return new CompiledScript(bytes, needs.Floats, lines, script);

        CodeContext Generate()
        {
            var context = new CodeContext(layout, globals, script, needs);
            var end = context.Emitter.NewLabel();
            foreach (var function in functions)
            {
                var compiler = new FunctionCompiler(context, function, bodies[function], sizes[function]);
                if (function == script.Main)
                {
                    compiler.EmitMain();
                    if (functions.Count > 1 || context.Emitter.HasMore)
                    {
                        context.Emitter.Assembler.jmp(end.Label);
                    }
                }
                else
                {
                    compiler.EmitFunction();
                }

                sizes[function] = compiler.Size;
            }

            EmitEnd(context, end);
            return context;
        }
    }

    // Behind the functions: what runs rarely, the shared checks that it calls, the literals; last the RET of the script.
    private static void EmitEnd(CodeContext context, CodeLabel end)
    {
        var emitter = context.Emitter;
        emitter.EmitRare();
        context.AddressCheck.EmitExact();
        emitter.EmitLiterals();
        emitter.Place(end);
        emitter.Assembler.ret();
    }
}
