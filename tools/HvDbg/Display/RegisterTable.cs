using System;
using System.Collections.Generic;
using HvKernel.Protocol;

namespace HvDbg.Display;

/// <summary>A register that commands can name.</summary>
/// <param name="Name">Its name, lower case.</param>
/// <param name="Bits">Its width.</param>
/// <param name="Read">Takes its value out of what the target sent.</param>
/// <param name="Id">How the target is told to change it; null where it cannot be changed.</param>
public sealed record RegisterInfo(string Name, int Bits, Func<RegistersReply, ulong> Read, RegisterId? Id);

/// <summary>All registers that commands can name: HyperDbg's names, and bases and control registers.</summary>
public static class RegisterTable
{
    private static readonly Dictionary<string, RegisterInfo> ByName = Build();

    /// <summary>The register of a name in any case, or null.</summary>
    public static RegisterInfo? Find(string name) => ByName.GetValueOrDefault(name.ToLowerInvariant());

    /// <summary>All of them, in the order of their definition.</summary>
    public static IEnumerable<RegisterInfo> All => ByName.Values;

    private static Dictionary<string, RegisterInfo> Build()
    {
        var table = new Dictionary<string, RegisterInfo>(StringComparer.Ordinal);
        AddLegacy(table, 'a', RegisterId.Rax, r => r.General.Rax);
        AddLegacy(table, 'c', RegisterId.Rcx, r => r.General.Rcx);
        AddLegacy(table, 'd', RegisterId.Rdx, r => r.General.Rdx);
        AddLegacy(table, 'b', RegisterId.Rbx, r => r.General.Rbx);
        AddPointer(table, "sp", RegisterId.Rsp, r => r.General.Rsp);
        AddPointer(table, "bp", RegisterId.Rbp, r => r.General.Rbp);
        AddPointer(table, "si", RegisterId.Rsi, r => r.General.Rsi);
        AddPointer(table, "di", RegisterId.Rdi, r => r.General.Rdi);
        AddNumbered(table, 8, RegisterId.R8, r => r.General.R8);
        AddNumbered(table, 9, RegisterId.R9, r => r.General.R9);
        AddNumbered(table, 10, RegisterId.R10, r => r.General.R10);
        AddNumbered(table, 11, RegisterId.R11, r => r.General.R11);
        AddNumbered(table, 12, RegisterId.R12, r => r.General.R12);
        AddNumbered(table, 13, RegisterId.R13, r => r.General.R13);
        AddNumbered(table, 14, RegisterId.R14, r => r.General.R14);
        AddNumbered(table, 15, RegisterId.R15, r => r.General.R15);
        Add(table, "rip", 64, r => r.Rip, RegisterId.Rip);
        Add(table, "eip", 32, r => (uint)r.Rip);
        Add(table, "rflags", 64, r => r.Rflags, RegisterId.Rflags);
        Add(table, "eflags", 32, r => (uint)r.Rflags);
        AddSystem(table);
        AddFlags(table);
        return table;
    }

    private static void AddSystem(Dictionary<string, RegisterInfo> table)
    {
        Add(table, "cs", 16, r => r.Cs);
        Add(table, "ss", 16, r => r.Ss);
        Add(table, "ds", 16, r => r.Ds);
        Add(table, "es", 16, r => r.Es);
        Add(table, "fs", 16, r => r.Fs);
        Add(table, "gs", 16, r => r.Gs);
        Add(table, "tr", 16, r => r.Tr);
        Add(table, "ldtr", 16, r => r.Ldtr);
        Add(table, "fs_base", 64, r => r.FsBase);
        Add(table, "gs_base", 64, r => r.GsBase);
        Add(table, "kernel_gs_base", 64, r => r.KernelGsBase);
        Add(table, "tr_base", 64, r => r.TrBase);
        Add(table, "gdtr", 64, r => r.GdtrBase);
        Add(table, "idtr", 64, r => r.IdtrBase);
        Add(table, "gdtr_limit", 16, r => r.GdtrLimit);
        Add(table, "idtr_limit", 16, r => r.IdtrLimit);
        Add(table, "cr0", 64, r => r.Cr0);
        Add(table, "cr2", 64, r => r.Cr2);
        Add(table, "cr3", 64, r => r.Cr3);
        Add(table, "cr4", 64, r => r.Cr4);
        Add(table, "efer", 64, r => r.Efer);
        Add(table, "dr7", 64, r => r.Dr7);
    }

    // SDM vol. 1, "EFLAGS Register".
    private static void AddFlags(Dictionary<string, RegisterInfo> table)
    {
        (string Name, int Bit)[] flags =
        [
            ("cf", 0), ("pf", 2), ("af", 4), ("zf", 6), ("sf", 7), ("tf", 8), ("if", 9), ("df", 10), ("of", 11),
            ("nt", 14), ("rf", 16), ("vm", 17), ("ac", 18), ("vif", 19), ("vip", 20), ("id", 21),
        ];
        foreach (var (name, bit) in flags)
        {
            Add(table, name, 1, r => (r.Rflags >> bit) & 1);
        }

        Add(table, "iopl", 2, r => (r.Rflags >> 12) & 3);
    }

    private static void AddLegacy(Dictionary<string, RegisterInfo> table, char letter, RegisterId id, Func<RegistersReply, ulong> read)
    {
        Add(table, $"r{letter}x", 64, read, id);
        Add(table, $"e{letter}x", 32, r => (uint)read(r));
        Add(table, $"{letter}x", 16, r => (ushort)read(r));
        Add(table, $"{letter}h", 8, r => (byte)(read(r) >> 8));
        Add(table, $"{letter}l", 8, r => (byte)read(r));
    }

    private static void AddPointer(Dictionary<string, RegisterInfo> table, string name, RegisterId id, Func<RegistersReply, ulong> read)
    {
        Add(table, $"r{name}", 64, read, id);
        Add(table, $"e{name}", 32, r => (uint)read(r));
        Add(table, name, 16, r => (ushort)read(r));
        Add(table, $"{name}l", 8, r => (byte)read(r));
    }

    private static void AddNumbered(Dictionary<string, RegisterInfo> table, int number, RegisterId id, Func<RegistersReply, ulong> read)
    {
        Add(table, $"r{number}", 64, read, id);
        Add(table, $"r{number}d", 32, r => (uint)read(r));
        Add(table, $"r{number}w", 16, r => (ushort)read(r));
        Add(table, $"r{number}b", 8, r => (byte)read(r));
    }

    private static void Add(
        Dictionary<string, RegisterInfo> table, string name, int bits, Func<RegistersReply, ulong> read, RegisterId? id = null) =>
        table.Add(name, new RegisterInfo(name, bits, read, id));
}
