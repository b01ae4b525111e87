using System.Collections.Generic;
using System.Linq;
using HvDbg.Client.Script.Semantics;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace HvDbg.Client.Script.Code;

/// <summary>
/// Which registers hold what. Registers that a function keeps for its caller hold what the whole script needs, then local variables, then
/// temporaries; rax, rcx, rdx and r8 to r11 are free in every operation and hold nothing from one to the next.
/// </summary>
internal sealed class RegisterPlan
{
    /// <summary>Registers a function has left for intermediate results when its variables have theirs.</summary>
    private const int LeastTemporaries = 2;

    private static readonly AssemblerRegister64[] Kept = [r15, r14, r13, r12, rbp, rdi, rsi, rbx];

    private int _reserved;

    internal RegisterPlan(ScriptNeeds needs)
    {
        AssemblerRegister64? Next(bool needed) => needed ? Kept[_reserved++] : null;
        GuestRegisters = Next(needs.GuestRegisters);
        Budget = Next(needs.Budget);
        Data = Next(needs.Data);
        StackLimit = Next(needs.StackLimit);
        Globals = Next(needs.Globals);
        Buffer = Next(needs.Buffer);
        Context = Next(needs.Context);
    }

    internal AssemblerRegister64? GuestRegisters { get; }

    internal AssemblerRegister64? Budget { get; }

    internal AssemblerRegister64? Data { get; }

    internal AssemblerRegister64? StackLimit { get; }

    internal AssemblerRegister64? Globals { get; }

    internal AssemblerRegister64? Buffer { get; }

    internal AssemblerRegister64? Context { get; }

    /// <summary>Registers for the variables that are named most, by their index in the function, and those that are left.</summary>
    internal (IReadOnlyDictionary<int, AssemblerRegister64> Locals, IReadOnlyList<AssemblerRegister64> Temporaries) Assign(FunctionSymbol function, BoundBlock body)
    {
        var uses = new Dictionary<int, int>();
        Count(body, 1, uses);
        var free = Kept.Skip(_reserved).Reverse().ToList();
        var chosen = function.Locals
            .Where(local => !BoundNodes.IsInMemory(local) && uses.ContainsKey(local.Index))
            .OrderByDescending(local => uses[local.Index])
            .Take(int.Max(0, free.Count - LeastTemporaries))
            .Select((local, place) => (local.Index, Register: free[place]))
            .ToDictionary(pair => pair.Index, pair => pair.Register);
        return (chosen, [.. free.Skip(chosen.Count)]);
    }

    // A loop's body counts as if it ran eight times.
    private static void Count(object root, int weight, Dictionary<int, int> uses)
    {
        const int LoopWeight = 8;
        const int MostWeight = 1 << 12;
        foreach (var node in BoundNodes.Of(root))
        {
            if (node is LocalPlace place)
            {
                uses[place.Local.Index] = uses.GetValueOrDefault(place.Local.Index) + weight;
            }
            else if (node is BoundLoop loop && weight < MostWeight)
            {
                Count(loop.Body, weight * LoopWeight, uses);
            }
        }
    }
}
