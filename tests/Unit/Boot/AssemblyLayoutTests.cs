using System;
using System.Data;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using HvKernel.Cpu;
using HvKernel.Protocol;
using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Boot;

/// <summary>What the assembly knows of C#'s layouts and constants is written twice; here both are compared.</summary>
public sealed partial class AssemblyLayoutTests
{
    private static readonly AssemblySource Exits = new("boot/asm/vmexit.asm");
    private static readonly AssemblySource Interrupts = new("boot/asm/interrupts.asm");
    private static readonly AssemblySource Instructions = new("boot/asm/cpu.asm");

    /// <summary>Fields in memory order; all are eight bytes wide.</summary>
    private static string[] Fields(Type type)
    {
        var fields = type.GetFields(BindingFlags.Public | BindingFlags.Instance).OrderBy(field => Marshal.OffsetOf(type, field.Name)).ToArray();
        for (var i = 0; i < fields.Length; i++)
            ((int)Marshal.OffsetOf(type, fields[i].Name)).ShouldBe(8 * i);
        return [.. fields.Select(field => field.Name)];
    }

    private static string Pascal(string register) => char.ToUpperInvariant(register[0]) + register[1..];

    [Fact]
    public void Encodings_of_VMCS_fields_are_those_of_the_enumeration()
    {
        var fields = typeof(Vmcs).GetFields(BindingFlags.Public | BindingFlags.Static)
            .ToDictionary(field => field.Name, field => (int)(uint)field.GetRawConstantValue()!);
        var named = Exits.Constants.Where(constant => constant.Key.StartsWith("VMCS_", StringComparison.Ordinal)).ToArray();
        named.Length.ShouldBeGreaterThanOrEqualTo(3);
        foreach (var (name, encoding) in named)
        {
            var words = name["VMCS_".Length..].Split('_').Select(word => Pascal(word.ToLowerInvariant()));
            fields[string.Concat(words)].ShouldBe(encoding, name);
        }

        // No other encoding is written as a bare number.
        var launch = Exits.Function("HvkLaunch");
        launch.ShouldNotContain(line => BareEncoding().IsMatch(line));
        AssemblySource.Operands(launch, "mov").Count(operand => operand.StartsWith("rax, VMCS_", StringComparison.Ordinal)).ShouldBe(named.Length);
    }

    [Fact]
    public void The_exit_stub_saves_registers_in_the_manuals_order()
    {
        // The lowest address is pushed last.
        var saved = AssemblySource.Operands(Exits.Macro("save_general"), "push").Reverse().Select(Pascal).ToArray();
        saved.ShouldBe(Fields(typeof(GuestRegisters)));
        saved.ShouldBe(["Rax", "Rcx", "Rdx", "Rbx", "Rsp", "Rbp", "Rsi", "Rdi", .. Enumerable.Range(8, 8).Select(i => $"R{i}")]);
        Marshal.SizeOf<GuestRegisters>().ShouldBe(128);
    }

    [Fact]
    public void The_exit_stub_restores_what_it_saved_and_steps_over_RSP()
    {
        var restored = Exits.Macro("restore_general").Select(line => line == "lea     rsp, [rsp + 8]" ? "rsp" : line.Split(' ')[^1]).ToArray();
        restored.Select(Pascal).ShouldBe(Fields(typeof(GuestRegisters)));
    }

    [Fact]
    public void The_exit_stub_finds_the_processor_above_the_registers()
    {
        var stub = Exits.Function("HvkVmExitEntry");
        var first = AssemblySource.Operands(stub, "mov")[0];
        first.ShouldStartWith("rcx, [rsp +");
        Exits.Displacement(first.Split(',')[1].Trim()).ShouldBe(Marshal.SizeOf<GuestRegisters>());

        // The handler's second argument is the registers themselves.
        AssemblySource.Operands(stub, "mov")[1].ShouldBe("rdx, rsp");
    }

    [Fact]
    public void Volatile_vector_registers_are_saved_and_restored_in_places_of_their_own()
    {
        var saved = Places(Exits, Exits.Function("HvkVmExitEntry"), store: true);
        saved.ShouldBe(Places(Exits, Exits.Function("HvkVmExitEntry"), store: false));
        ShouldBeApart(saved, Exits.Constants["SHADOW_BYTES"], Exits.Constants["SHADOW_BYTES"] + Exits.Constants["XMM_BYTES"]);

        var interrupt = Interrupts.Function("save_and_call");
        saved = Places(Interrupts, interrupt, store: true);
        saved.ShouldBe(Places(Interrupts, interrupt, store: false));
        ShouldBeApart(saved, 32, 32 + 96);

        static (string Register, int Place)[] Places(AssemblySource source, string[] lines, bool store) =>
            [.. AssemblySource.Operands(lines, "movaps").Select(line => line.Split(',', StringSplitOptions.TrimEntries))
                .Where(operands => operands[0].StartsWith('[') == store)
                .Select(operands => store ? (operands[1], source.Displacement(operands[0])) : (operands[0], source.Displacement(operands[1])))];

        static void ShouldBeApart((string Register, int Place)[] saved, int start, int end)
        {
            // XMM0 to 5 are volatile in the Microsoft x64 convention; 32 bytes of shadow space lie below.
            saved.Select(item => item.Register).ShouldBe(Enumerable.Range(0, 6).Select(i => $"xmm{i}"));
            saved.Select(item => item.Place).Distinct().Count().ShouldBe(6);
            saved.ShouldAllBe(item => item.Place % 16 == 0 && item.Place >= start && item.Place + 16 <= end);
        }
    }

    [Fact]
    public void The_interrupt_stubs_leave_a_HostFrame()
    {
        // From the lowest address: what the common part pushes, what a stub pushes, what the processor pushes (SDM vol. 3A, "Interrupt Stack
        // Frame").
        var stub = Interrupts.Macro("stub");
        var common = Interrupts.Function("save_and_call");
        var pushed = AssemblySource.Operands(common, "push").Reverse().Select(Pascal);
        string[] expected = [.. pushed, "Vector", "ErrorCode", "Rip", "Cs", "Rflags", "Rsp", "Ss"];
        Fields(typeof(HostFrame)).ShouldBe(expected);

        // An error code of 0 first, where the processor pushes none; then the vector.
        var pushes = AssemblySource.Operands(stub, "push");
        pushes.ShouldBe(["strict dword %1", "strict byte 0", "strict dword %1"]);
        AssemblySource.Operands(common, "pop").ShouldBe(AssemblySource.Operands(common, "push").Reverse());
        AssemblySource.Operands(common, "add").ShouldBe(["rsp, 16"]);
        common.ShouldContain("iretq");
    }

    [Fact]
    public void A_stub_expects_an_error_code_where_the_processor_pushes_one()
    {
        // SDM vol. 3A, table "Protected-Mode Exceptions and Interrupts": #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP. 29 and 30 are other makers'
        // exceptions with one; on these processors they do not occur.
        int[] withCode = [8, 10, 11, 12, 13, 14, 17, 21];
        int[] reserved = [29, 30];
        var condition = Interrupts.Macro("stub").Single(line => line.StartsWith("%if ", StringComparison.Ordinal))["%if ".Length..]
            .Replace("||", "OR", StringComparison.Ordinal).Replace("&&", "AND", StringComparison.Ordinal);
        using var evaluator = new DataTable { Locale = CultureInfo.InvariantCulture };
        for (var vector = 0; vector < 256; vector++)
        {
            var hasCode = (bool)evaluator.Compute(condition.Replace("%1", vector.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), null);
            if (!reserved.Contains(vector))
                hasCode.ShouldBe(withCode.Contains(vector), $"vector {vector}");
        }
    }

    [Fact]
    public unsafe void Stubs_are_as_far_apart_as_the_gates_say()
    {
        Interrupts.Macro("stub")[0].ShouldBe("align 16");
        var idt = stackalloc ulong[512];
        HostTables.WriteIdt(idt, 0);
        for (var vector = 0; vector < 256; vector++)
            ((idt[2 * vector] & 0xFFFF) | (idt[2 * vector] >> 48 << 16)).ShouldBe(16UL * (ulong)vector);
    }

    [Fact]
    public void CPUID_stores_registers_in_the_structures_order()
    {
        var stores = AssemblySource.Operands(Instructions.Function("HvkCpuid"), "mov").Where(operand => operand.StartsWith("[r8", StringComparison.Ordinal))
            .Select(operand => operand.Split(',', StringSplitOptions.TrimEntries))
            .ToDictionary(operands => Pascal(operands[1]), operands => Instructions.Displacement(operands[0]));
        stores.Count.ShouldBe(4);
        foreach (var (register, offset) in stores)
            ((int)Marshal.OffsetOf<CpuidResult>(register)).ShouldBe(offset, register);
    }

    [Fact]
    public void A_table_operand_is_ten_bytes()
    {
        Marshal.SizeOf<DescriptorTable>().ShouldBe(10);
        ((int)Marshal.OffsetOf<DescriptorTable>("Base")).ShouldBe(2);
    }

    [Fact]
    public void A_processors_structure_begins_with_its_own_address()
    {
        // VCpu refers to what only the image has, so its text is read.
        Instructions.Function("HvkProcessorContext")[0].ShouldBe("mov     rax, [gs:0]");
        FirstField().Match(Repository.Read("kernel/Vmx/VCpu.cs")).Groups[1].Value.ShouldBe("VCpu* Self");
    }

    [GeneratedRegex(@"struct VCpu\s*\{(?:\s*///[^\n]*)*\s*public ([^;]+);")]
    private static partial Regex FirstField();

    [GeneratedRegex(@"0x[0-9A-Fa-f]{4}\b")]
    private static partial Regex BareEncoding();
}
