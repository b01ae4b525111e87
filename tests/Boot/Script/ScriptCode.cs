using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Code;
using HvDbg.Client.Script.Semantics;
using HvKernel.Boot.Tests.Lab;
using HvKernel.Protocol;

namespace HvKernel.Boot.Tests.Script;

/// <summary>Scripts written by hand, as a compiler would: they show what the target does whatever the compiler makes of a text.</summary>
/// <param name="Layout">The target's addresses.</param>
internal sealed record ScriptCode(ScriptLayout Layout)
{
    private static readonly BoundScript Nothing = new(new FunctionSymbol("main", IntegerType.Word, []), [], [], []);

    /// <summary>
    /// Assembly text, for nasm. <c>helper N</c> calls a helper; its arguments are in rcx, rdx, r8 and r9. <c>GLOBALS</c>, <c>DATA</c> and <c>WINDOW</c> stand for
    /// addresses.
    /// </summary>
    internal CompiledScript Of(string text)
    {
        var macro = $"%macro helper 1; mov r11, 0x{Layout.Gate:x}; mov eax, %1; call r11; %endmacro; ";
        var constants = string.Concat(new (string Name, ulong Value)[] { ("GLOBALS", Layout.Globals), ("DATA", Layout.Data), ("WINDOW", Layout.WindowStart) }
            .Select(constant => $"%define {constant.Name} 0x{constant.Value:x}; "));
        return new CompiledScript([.. CodeHarness.Assemble(macro + constants + text + "; ret")], UsesVectorState: false, [], Nothing);
    }

    /// <summary>The same with the helper named.</summary>
    internal CompiledScript Of(ScriptHelper helper, IEnumerable<ulong> arguments)
    {
        string[] registers = ["rcx", "rdx", "r8", "r9"];
        var loads = arguments.Zip(registers, (value, register) => $"mov {register}, 0x{value:x}; ");
        return Of($"{string.Concat(loads)}helper {(uint)helper}");
    }
}
