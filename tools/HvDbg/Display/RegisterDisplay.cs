using System.Collections.Generic;
using System.Text.Json.Nodes;
using HvKernel.Protocol;

namespace HvDbg.Display;

/// <summary>All registers in HyperDbg's layout: three a row, flags two a row, segments, RFLAGS; then what only we have.</summary>
public static class RegisterDisplay
{
    private static readonly string[] Names =
    [
        "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rip", "rsp", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    ];

    public static IEnumerable<string> Lines(RegistersReply registers)
    {
        var row = new List<string>();
        foreach (var name in Names)
        {
            row.Add($"{name.ToUpperInvariant(),-3}={Format.Quad(Value(registers, name))}");
            if (row.Count == 3)
            {
                yield return string.Join(' ', row);
                row.Clear();
            }
        }

        row.Add($"IOPL={Value(registers, "iopl"):x2}");
        yield return string.Join(' ', row);
        yield return Flags(registers, "of", "df");
        yield return Flags(registers, "if", "sf");
        yield return Flags(registers, "zf", "pf");
        yield return Flags(registers, "cf", "af");
        yield return $"CS {registers.Cs:x4} SS {registers.Ss:x4} DS {registers.Ds:x4} ES {registers.Es:x4} FS {registers.Fs:x4} GS {registers.Gs:x4}";
        yield return $"RFLAGS {Format.Quad(registers.Rflags)}";
        yield return $"CR0 {Format.Quad(registers.Cr0)} CR2 {Format.Quad(registers.Cr2)} CR3 {Format.Quad(registers.Cr3)}";
        yield return $"CR4 {Format.Quad(registers.Cr4)} EFER {Format.Quad(registers.Efer)}";
        yield return $"FS_BASE {Format.Quad(registers.FsBase)} GS_BASE {Format.Quad(registers.GsBase)} KERNEL_GS_BASE {Format.Quad(registers.KernelGsBase)}";
    }

    public static JsonObject ToJson(RegistersReply registers)
    {
        var data = new JsonObject();
        foreach (var register in RegisterTable.All)
        {
            if (register.Bits is 64 or 16 && (register.Bits == 64 || register.Name is not ("ax" or "bx" or "cx" or "dx" or "sp" or "bp" or "si" or "di"))
                && !register.Name.EndsWith('w'))
            {
                data[register.Name] = Format.Json(register.Read(registers));
            }
        }

        return data;
    }

    private static ulong Value(RegistersReply registers, string name) => RegisterTable.Find(name)!.Read(registers);

    private static string Flags(RegistersReply registers, string first, string second)
    {
        var secondName = second == "af" ? "AXF" : second.ToUpperInvariant();
        return $"{first.ToUpperInvariant()} {Value(registers, first)}  {secondName,-3} {Value(registers, second)}";
    }
}
