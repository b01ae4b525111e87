using System;
using HvKernel.Guests.Lab;

namespace HvKernel.Guests.Conformance;

/// <summary>Runs checks of the assembly part and prints what came of them.</summary>
internal static unsafe class Runner
{
    private const ulong PoisonStep = 0x1010_1010_1010_1010;
    private const int PageFault = 14;
    private const ulong Nearby = 0x1000;
    private const ulong ReservedFlag = 2;

    /// <summary>All checks whose names begin so; empty: those that can be run in any order.</summary>
    public static void RunAll(Guest* guest, ReadOnlySpan<byte> prefix)
    {
        for (var check = guest->Code.Checks; check < guest->Code.ChecksEnd; check++)
        {
            var special = StartsWith(check->Name, "attack."u8) || StartsWith(check->Name, "probe."u8)
                || StartsWith(check->Name, "x2apic."u8) || StartsWith(check->Name, "apicoff."u8);
            if (prefix.Length == 0 ? !special : StartsWith(check->Name, prefix))
            {
                Run(guest, check);
            }
        }
    }

    /// <summary>Code of a check that C# runs with registers of its own, as an offset.</summary>
    public static ulong Find(in CodeAddresses code, ReadOnlySpan<byte> name)
    {
        for (var check = code.Checks; check < code.ChecksEnd; check++)
        {
            if (StartsWith(check->Name, name) && check->Name[name.Length] == 0)
            {
                return check->Code - (ulong)code.Probes;
            }
        }

        Fatal.Stop("a probe is missing"u8);
        return 0;
    }

    /// <summary>False, and the registers as they were, where the processor refuses.</summary>
    public static bool TryReadMsr(Guest* guest, uint index, out ulong value)
    {
        Enter(guest, guest->ReadMsrOffset, index, 0, 0);
        value = (uint)guest->Record->Register[0] | (guest->Record->Register[3] << 32);
        return guest->Record->Vector == Layout.EndVector;
    }

    public static bool TryWriteMsr(Guest* guest, uint index, ulong value)
    {
        Enter(guest, guest->WriteMsrOffset, index, (uint)value, value >> 32);
        return guest->Record->Vector == Layout.EndVector;
    }

    private static void Enter(Guest* guest, ulong offset, ulong rcx, ulong rax, ulong rdx)
    {
        guest->Record->Register[0] = rax;
        guest->Record->Register[2] = rcx;
        guest->Record->Register[3] = rdx;
        guest->Record->Logging = 0;
        InterruptFrame frame;
        frame.Rip = Layout.CodeSupervisor + offset;
        frame.Cs = Descriptors.Code64;
        frame.Rflags = ReservedFlag;
        frame.Rsp = Layout.KernelStackTop;
        frame.Ss = Descriptors.Data;
        Machine.Enter(&frame);
    }

    private static void Run(Guest* guest, Check* check)
    {
        guest->Pages.Restore(guest->Code);
        Descriptors.Fill(guest, taskIsLoaded: true);
        var logs = StartsWith(check->Name, "step."u8) || StartsWith(check->Name, "dr."u8) || StartsWith(check->Name, "apic."u8)
            || StartsWith(check->Name, "x2apic."u8);
        guest->Record->Logging = logs ? 1U : 0;
        guest->Record->LogCount = 0;
        ref var output = ref guest->Output;
        output.Lines++;
        output.Text("check "u8);
        output.Text(check->Name);
        output.Byte((byte)':');
        if (check->Mode >= CheckMode.Protected)
        {
            RunLegacy(guest, check);
        }
        else
        {
            RunLong(guest, check);
        }

        guest->Record->Logging = 0;
        guest->Pages.Restore(guest->Code);
        Descriptors.Fill(guest, taskIsLoaded: false);
        Machine.ReloadTask();
        guest->Saved.Restore(guest->Record);
        output.End();
    }

    private static void RunLong(Guest* guest, Check* check)
    {
        var record = guest->Record;
        for (var i = 0; i < Record.Registers; i++)
        {
            record->Register[i] = Poison(i);
        }

        var user = check->Mode is CheckMode.User64 or CheckMode.User32;
        var start = check->Code - (ulong)guest->Code.Probes + (user ? Layout.CodeUser : Layout.CodeSupervisor);
        InterruptFrame frame;
        frame.Rip = start;
        frame.Cs = check->Mode switch
        {
            CheckMode.User64 => Descriptors.UserCode64,
            CheckMode.Kernel32 => Descriptors.Code32,
            CheckMode.User32 => Descriptors.UserCode32,
            _ => Descriptors.Code64,
        };
        frame.Rflags = ReservedFlag;
        frame.Rsp = user ? Layout.UserStackTop : Layout.KernelStackTop;
        frame.Ss = user ? Descriptors.UserData : Descriptors.Data;
        Machine.Enter(&frame);
        Report(ref guest->Output, record, check, guest->Code);
    }

    private static void Report(ref Output output, Record* record, Check* check, in CodeAddresses code)
    {
        var offset = check->Code - (ulong)code.Probes;
        Outcome(ref output, record->Vector, record->Error, record->Cr2);
        if (record->Vector != Layout.EndVector)
        {
            Place(ref output, record->Rip, offset);
        }

        for (var i = 0; i < Record.Registers; i++)
        {
            var only32 = check->Mode is CheckMode.Kernel32 or CheckMode.User32;
            if (only32 && i >= 7)
            {
                break;
            }

            var value = only32 ? (uint)record->Register[i] : record->Register[i];
            if (value != (only32 ? (uint)Poison(i) : Poison(i)))
            {
                Value(ref output, Name(i), value, record->Cr3);
            }
        }

        output.Field("cs"u8, record->Cs);
        output.Field("rflags"u8, record->Rflags);
        if (record->FinalCr0 != record->Cr0)
        {
            output.Field("cr0"u8, record->FinalCr0);
        }

        if (record->FinalCr4 != record->Cr4)
        {
            output.Field("cr4"u8, record->FinalCr4);
        }

        for (ulong i = 0; i < record->LogCount; i++)
        {
            var entry = &record->Log[3 * i];
            output.Text(" ["u8);
            output.Hex(entry[0]);
            if (entry[0] != Layout.TimerVector)
            {
                Place(ref output, entry[1], offset);
                output.Field("dr6"u8, entry[2] & 0xFFFF);
                output.Field("rflags"u8, entry[2] >> 32);
            }

            output.Byte((byte)']');
        }
    }

    // The page-table root's address is another in each boot.
    private static void Value(ref Output output, ReadOnlySpan<byte> name, ulong value, ulong root)
    {
        if ((value & PageBit.Address) == root)
        {
            output.Field(name, value & ~PageBit.Address);
            output.Text("+root"u8);
        }
        else
        {
            output.Field(name, value);
        }
    }

    private static void RunLegacy(Guest* guest, Check* check)
    {
        var legacy = (LegacyRecord*)Layout.LegacyRecord;
        Pages.Clear((byte*)Layout.LegacyData, Layout.PageBytes);
        legacy->BaseCr0 = (uint)guest->Record->Cr0;
        legacy->BaseCr3 = (uint)guest->Record->Cr3;
        legacy->BaseCr4 = (uint)guest->Record->Cr4;
        legacy->Finish = (uint)guest->Code.Finish;
        var stepping = StartsWith(check->Name, "legacy.step"u8) || StartsWith(check->Name, "real.step"u8);
        legacy->Logging = 0;
        var start = (uint)guest->InLow(check->Code);
        Machine.EnterLegacy((uint)guest->InLow(guest->Code.LegacyEntry), (uint)check->Mode, start);
        ref var output = ref guest->Output;
        Outcome(ref output, legacy->Vector, legacy->Error, legacy->Cr2);
        var low = check->Mode is CheckMode.Protected16 or CheckMode.Real ? 0 : (uint)Layout.Low;
        if (legacy->Vector != Layout.EndVector)
        {
            Near(ref output, legacy->Eip, start - (uint)Layout.Low + low);
        }

        for (var i = 0; i < LegacyRecord.Registers; i++)
        {
            if (legacy->Register[i] != LegacyPoison(i))
            {
                output.Field(Name(i), legacy->Register[i]);
            }
        }

        output.Field("cs"u8, legacy->Cs);
        output.Field("eflags"u8, legacy->Eflags);
        output.Field("cr0"u8, legacy->Cr0);
        output.Field("cr4"u8, legacy->Cr4);
        for (uint i = 0; stepping && i < legacy->LogCount; i++)
        {
            output.Byte((byte)' ');
            Near(ref output, legacy->Log[i], start - (uint)Layout.Low + low);
        }
    }

    private static void Outcome(ref Output output, ulong vector, ulong error, ulong cr2)
    {
        if (vector == Layout.EndVector)
        {
            output.Text(" end"u8);
            return;
        }

        output.Text(" vector "u8);
        output.Decimal(vector);
        output.Field("error"u8, error);
        if (vector == PageFault)
        {
            output.Field("cr2"u8, cr2);
        }
    }

    // A place in the check's code, as seen from its start, or an address that is the same in every boot.
    private static void Place(ref Output output, ulong rip, ulong offset)
    {
        var inCode = rip >= Layout.CodeUser ? rip - Layout.CodeUser : rip - Layout.CodeSupervisor;
        if (rip >= Layout.CodeSupervisor && rip < Layout.Data)
        {
            Near(ref output, inCode, offset);
        }
        else
        {
            output.Text(" at "u8);
            output.Hex(rip);
        }
    }

    private static void Near(ref Output output, ulong place, ulong start)
    {
        if (place - start < Nearby)
        {
            output.Text(" +"u8);
            output.Decimal(place - start);
        }
        else
        {
            output.Text(" at "u8);
            output.Hex(place);
        }
    }

    private static ulong Poison(int register) => PoisonStep * (ulong)(register + 1);

    private static uint LegacyPoison(int register) => register == 6 ? 0x9090_9090 : 0x0101_0101 * (uint)(0xA0 + (0x10 * register));

    private static ReadOnlySpan<byte> Name(int register) => register switch
    {
        0 => "rax"u8,
        1 => "rbx"u8,
        2 => "rcx"u8,
        3 => "rdx"u8,
        4 => "rsi"u8,
        5 => "rdi"u8,
        6 => "rbp"u8,
        7 => "r8"u8,
        8 => "r9"u8,
        9 => "r10"u8,
        10 => "r11"u8,
        11 => "r12"u8,
        12 => "r13"u8,
        13 => "r14"u8,
        _ => "r15"u8,
    };

    private static bool StartsWith(byte* text, ReadOnlySpan<byte> start)
    {
        for (var i = 0; i < start.Length; i++)
        {
            if (text[i] != start[i])
            {
                return false;
            }
        }

        return true;
    }
}
