using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using HvDbg.Client.Script.Semantics;
using HvKernel.Protocol;

namespace HvDbg.Script.Tests.Code.Machine;

/// <summary>What HvKernel does for scripts, done by a test: with memory and registers of its own, and a record of every call.</summary>
internal sealed unsafe class HelperDouble(ScriptMachine machine)
{
    /// <summary>Physical address minus address of the test's guest memory.</summary>
    internal const ulong PhysicalBase = 0x1_0000_0000;

    /// <summary>What pseudo-registers are that stand nowhere else.</summary>
    internal Dictionary<PseudoRegister, ulong> PseudoRegisters { get; } = [];

    /// <summary>Registers that are not in the block.</summary>
    internal Dictionary<GuestRegisterId, ulong> Registers { get; } = [];

    internal RunResult Result { get; set; } = new();

    internal ulong Call(ScriptHelper helper, ulong first, ulong second, ulong third, ulong fourth, ulong returnAddress)
    {
        switch (helper)
        {
            case ScriptHelper.Fail:
                Result.Failure = (ScriptFailure)first;
                Result.Detail = second;
                machine.EndAt(returnAddress);
                return 0;
            case ScriptHelper.Print:
                Print((int)first, (ulong*)second, (int)third, fourth);
                return 0;
            case ScriptHelper.ReadRegister:
                return Registers.GetValueOrDefault((GuestRegisterId)first);
            case ScriptHelper.WriteRegister:
                WriteRegister((GuestRegisterId)first, second);
                return 0;
            case ScriptHelper.PseudoRegister:
                return PseudoRegisters.GetValueOrDefault((PseudoRegister)first);
            case ScriptHelper.CheckAddress:
                return machine.IsMemory(first, 1) ? 1UL : 0;
            case ScriptHelper.VirtualToPhysical:
                return machine.IsMemory(first, 1) ? first - machine.Guest + PhysicalBase : 0;
            case ScriptHelper.PhysicalToVirtual:
                return first - PhysicalBase + machine.Guest;
            case ScriptHelper.Write:
                return Write(first, second, third);
            case ScriptHelper.WritePhysical:
                return Write(first - PhysicalBase + machine.Guest, second, third);
            case ScriptHelper.ReadPhysical:
                return Read(first - PhysicalBase + machine.Guest, second);
            case ScriptHelper.InstructionLength:
                return second == 64 ? 3UL : 2;
            case ScriptHelper.Test:
                Result.Tests.Add(first);
                return 0;
            default:
                Result.Calls.Add(new HelperCall(helper, first, second, third, fourth));
                return 0;
        }
    }

    private void WriteRegister(GuestRegisterId register, ulong value)
    {
        Result.Calls.Add(new HelperCall(ScriptHelper.WriteRegister, (ulong)register, value, 0, 0));
        Registers[register] = value;
        switch (register)
        {
            case GuestRegisterId.Rip:
                machine.Block(ScriptBlock.Rip) = value;
                break;
            case GuestRegisterId.Rflags:
                machine.Block(ScriptBlock.Rflags) = value;
                break;
            case GuestRegisterId.Cr3:
                machine.Block(ScriptBlock.Cr3) = value;
                break;
        }
    }

    private ulong Write(ulong address, ulong bytes, ulong value)
    {
        if (!machine.IsMemory(address, bytes))
        {
            return 0;
        }

        new ReadOnlySpan<byte>(&value, (int)bytes).CopyTo(new Span<byte>((void*)address, (int)bytes));
        return 1;
    }

    private ulong Read(ulong address, ulong bytes)
    {
        ulong value = 0;
        if (machine.IsMemory(address, bytes))
        {
            new ReadOnlySpan<byte>((void*)address, (int)bytes).CopyTo(new Span<byte>(&value, (int)bytes));
        }

        return value;
    }

    private void Print(int format, ulong* words, int count, ulong kinds)
    {
        var values = new ReadOnlySpan<ulong>(words, count).ToArray();
        var each = Enumerable.Range(0, count).Select(i => (int)(kinds >> (2 * i)) & 3).ToArray();
        var texts = values.Zip(each, (value, kind) => kind switch
        {
            1 => Marshal.PtrToStringUTF8((nint)value),
            2 => Wide(value),
            _ => null,
        }).ToArray();
        Result.Messages.Add(new PrintedMessage(format, values, each, texts));
    }

    private static string Wide(ulong address)
    {
        var text = new StringBuilder();
        for (var at = (char*)address; *at != 0; at++)
        {
            text.Append(*at);
        }

        return text.ToString();
    }
}
