using System.Linq;
using HvDbg.Client.Script.Semantics;
using HvDbg.Script.Tests.Code.Machine;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using GuestRegisters = HvDbg.Client.Script.Semantics.GuestRegisters;

namespace HvDbg.Script.Tests.Code;

/// <summary>Registers of every width, flags, and pseudo-registers.</summary>
public sealed class RegisterTests
{
    private const ulong Whole = 0x1122_3344_5566_7788;
    private const ulong New = 0xFFEE_DDCC_BBAA_9988;

    [Fact]
    public void Every_register_is_read_and_where_it_may_be_written_as_its_name_says()
    {
        foreach (var register in GuestRegisters.Names.Select(name => GuestRegisters.Find(name)!))
        {
            ScriptMachine.With(machine =>
            {
                Set(machine, register.Id, Whole);
                var mask = register.Bits == 64 ? ulong.MaxValue : (1UL << register.Bits) - 1;
                machine.Run($"test_statement(@{register.Name});").Tests.ShouldBe([(Whole >> register.Shift) & mask], register.Name);
                if (!GuestRegisters.IsWritable(register))
                {
                    return;
                }

                var result = machine.Run($"test_statement(@{register.Name}); @{register.Name} = 0x{New:x}; test_statement(@{register.Name});");
                result.End.ShouldBe(RunEnd.Completed, register.Name);
                result.Tests.ShouldBe([(Whole >> register.Shift) & mask, New & mask], register.Name);
                Get(machine, register.Id).ShouldBe((Whole & ~(mask << register.Shift)) | ((New & mask) << register.Shift), register.Name);

                // What GUEST_REGS has is not HvKernel's business; everything else must be told to it.
                var writes = machine.Helpers.Result.Calls.Count(call => call.Helper == ScriptHelper.WriteRegister);
                writes.ShouldBe(register.Id <= GuestRegisterId.R15 ? 0 : 1, register.Name);
            });
        }
    }

    [Theory]
    [InlineData("@rax += 2; @rcx = @rax * 2; @rdx++; @rbx |= f0;", 0, 7UL)]
    [InlineData("@rax += 2; @rcx = @rax * 2; @rdx++; @rbx |= f0;", 1, 14UL)]
    [InlineData("@rdx++; @rdx <<= 4;", 2, 0x60UL)]
    [InlineData("@al += ff; @ah++;", 0, 0x104UL)]
    [InlineData("@eax = ffffffff; @eax++;", 0, 0UL)]
    [InlineData("@ax -= 6;", 0, 0xFFFFUL)]
    [InlineData("@rax = @rcx = @rdx = 9; @rax += @rcx + @rdx;", 0, 27UL)]
    public void Operations_on_registers(string text, int register, ulong expected) => ScriptMachine.With(machine =>
    {
        machine.Registers.Fill(5);
        machine.Run(text).End.ShouldBe(RunEnd.Completed);
        machine.Registers[register].ShouldBe(expected);
    });

    [Fact]
    public void Writing_a_part_of_a_flag_register_keeps_the_rest() => ScriptMachine.With(machine =>
    {
        machine.Block(ScriptBlock.Rflags) = 0x246;
        machine.Run("@cf = 1; @zf = 0; @zf ^= 1; if (@cf && @zf) { test_statement(@rflags); }").Tests.ShouldBe([0x247UL]);
    });

    [Fact]
    public void Pseudo_registers() => ScriptMachine.With(machine =>
    {
        machine.Block(ScriptBlock.Pid) = 11;
        machine.Block(ScriptBlock.Processor) = 12;
        machine.Block(ScriptBlock.Rip) = 13;
        machine.Block(ScriptBlock.EventId) = 14;
        machine.Context = 15;
        foreach (var register in new[] { PseudoRegister.Tid, PseudoRegister.Proc, PseudoRegister.Thread, PseudoRegister.Pname, PseudoRegister.EventTag, PseudoRegister.EventStage, PseudoRegister.Date, PseudoRegister.Time })
        {
            machine.Helpers.PseudoRegisters[register] = 100 + (ulong)register;
        }

        var names = new[] { "pid", "core", "ip", "event_id", "context", "buffer", "tid", "proc", "thread", "pname", "event_tag", "event_stage", "date", "time" };
        var result = machine.Run(string.Concat(names.Select(name => $"test_statement(${name});")));
        result.Tests.ShouldBe([11, 12, 13, 14, 15, machine.Buffer, 101, 102, 103, 104, 111, 113, 114, 115]);
    });

    [Fact]
    public void Pseudo_registers_are_known_in_functions() => ScriptMachine.With(machine =>
    {
        machine.Context = 7;
        machine.Block(ScriptBlock.Pid) = 8;
        machine.Run("int f(int n) { if (n == 0) { return $context * 10 + $pid; } return f(n - 1); } *$buffer = f(3); test_statement(poi($buffer));").Tests.ShouldBe([0x78UL]);
    });

    private static void Set(ScriptMachine machine, GuestRegisterId id, ulong value)
    {
        machine.Helpers.Registers[id] = value;
        if (Offset(id) is { } offset)
        {
            machine.Block(offset) = value;
        }
    }

    private static ulong Get(ScriptMachine machine, GuestRegisterId id) => Offset(id) is { } offset ? machine.Block(offset) : machine.Helpers.Registers[id];

    private static int? Offset(GuestRegisterId id) => id switch
    {
        <= GuestRegisterId.R15 => 8 * (int)id,
        GuestRegisterId.Rip => ScriptBlock.Rip,
        GuestRegisterId.Rflags => ScriptBlock.Rflags,
        GuestRegisterId.Cr3 => ScriptBlock.Cr3,
        _ => null,
    };
}
