using System;

namespace HvKernel.Guests.Lab;

/// <summary>The lines on the console that say what a scenario will do, and what it did.</summary>
internal static unsafe class Reports
{
    private const int ShownBytes = 16;

    public static void Announce(Scenario* scenario, ulong rip, ulong end, ulong flag)
    {
        Com1.Text("LAB"u8);
        Com1.WordField("scenario"u8, Names.Of(scenario->Kind));
        Com1.HexField("rip"u8, rip);
        Com1.HexField("end"u8, end);
        Com1.HexField("flag"u8, flag);
        Com1.EndLine();
    }

    public static void Describe(Kernel* kernel, Scenario* scenario)
    {
        var thread = kernel->Tested;
        var process = thread->Process;
        Com1.Text("LAB"u8);
        Com1.WordField("scenario"u8, Names.Of(scenario->Kind));
        Com1.WordField("mode"u8, Names.Of(scenario->Mode));
        Com1.DecimalField("n"u8, scenario->Times);
        Com1.DecimalField("pid"u8, process->Pid);
        Com1.HexField("root"u8, process->Root);
        Com1.HexField("userroot"u8, process->UserRoot);
        Com1.HexField("entry"u8, thread->Frame.Rip);
        Com1.Text(" bytes="u8);
        Com1.Bytes((byte*)(kernel->Code.UserStart + thread->Frame.Rip - UserSpace.Text), ShownBytes);
        Com1.HexField("data"u8, process->Data);
        if (kernel->Busy != null)
        {
            Com1.DecimalField("other"u8, kernel->Busy->Process->Pid);
            Com1.HexField("otherroot"u8, kernel->Busy->Process->Root);
            Com1.HexField("otherdata"u8, kernel->Busy->Process->Data);
        }

        if (scenario->Kind is >= ScenarioKind.Pinned and <= ScenarioKind.Ipi)
        {
            ProcessorReports.Describe(kernel, scenario);
        }

        Com1.HexField("flag"u8, KernelSpace.Physical(&kernel->Flag));
        Com1.EndLine();
    }

    public static void Done(Kernel* kernel, Scenario* scenario)
    {
        var process = kernel->Tested->Process;
        Com1.Text("LAB done"u8);
        Com1.WordField("scenario"u8, Names.Of(scenario->Kind));
        Com1.WordField("mode"u8, Names.Of(scenario->Mode));
        Com1.DecimalField("pid"u8, process->Pid);
        Com1.DecimalField("kernel_entries"u8, process->KernelEntries);
        Com1.DecimalField("user_entries"u8, process->UserEntries);
        if (scenario->Kind is ScenarioKind.Timer or ScenarioKind.Steady)
        {
            Com1.DecimalField("ticks"u8, kernel->Ticks);
            Com1.DecimalField("user_ticks"u8, kernel->UserTicks);
        }

        if (kernel->Busy != null)
        {
            Com1.DecimalField("other_kernel_entries"u8, kernel->Busy->Process->KernelEntries);
            Com1.DecimalField("other_user_entries"u8, kernel->Busy->Process->UserEntries);
        }

        switch (scenario->Kind)
        {
            case ScenarioKind.Allocate:
                LastTag(kernel, "tag"u8);
                break;
            case ScenarioKind.Tagged:
                LastTag(kernel, "tag_seen"u8);
                Com1.DecimalField("tag_changed"u8, kernel->ChangedTags);
                break;
            case ScenarioKind.Numbers:
                for (var i = 0; i < Kernel.NumberedCalls; i++)
                {
                    Com1.Text(i == 0 ? " calls="u8 : ","u8);
                    Com1.Decimal(kernel->Calls[i]);
                }

                break;
            case ScenarioKind.Vectors:
                Vectors(process);
                break;
            case ScenarioKind.Offline:
                ProcessorReports.Offline(kernel);
                break;
            case ScenarioKind.Steady:
                Steady(kernel, process);
                break;
            default:
                break;
        }

        Com1.EndLine();
    }

    private static void LastTag(Kernel* kernel, ReadOnlySpan<byte> name)
    {
        var tag = Pool.TagOf(kernel->LastBlock);
        Com1.WordField(name, new ReadOnlySpan<byte>(&tag, sizeof(uint)));
    }

    private static void Vectors(Process* process)
    {
        var mismatches = *UserData.Word(process, UserData.Mismatches);
        Com1.DecimalField("mismatches"u8, mismatches);
        Com1.DecimalField("checks"u8, *UserData.Word(process, UserData.Checks));
        if (mismatches != 0)
        {
            Com1.HexField("mismatch_at"u8, *UserData.Word(process, UserData.MismatchAt));
        }
    }

    private static void Steady(Kernel* kernel, Process* process)
    {
        Com1.DecimalField("progress"u8, *UserData.Word(process, UserData.Progress));
        Com1.DecimalField("other_progress"u8, *UserData.Word(kernel->Busy->Process, UserData.Progress));
        Com1.DecimalField("odd_registers"u8, *UserData.Word(process, UserData.OddRegisters));
        kernel->SumsBefore.Report(&kernel->SumsAfter);
    }
}
