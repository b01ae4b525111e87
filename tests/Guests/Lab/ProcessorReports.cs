namespace HvKernel.Guests.Lab;

/// <summary>The lines at the end of a scenario with several processors: one for each processor, then the totals.</summary>
internal static unsafe class ProcessorReports
{
    public static void Done(Kernel* kernel, Scenario* scenario)
    {
        Total(kernel, 0, kernel->Tested->Process);
        if (kernel->Busy != null)
        {
            Total(kernel, 1, kernel->Busy->Process);
        }

        for (var i = 0; i < kernel->Options.Cpus; i++)
        {
            Line(kernel, Processors.At(kernel, i));
        }

        Reports.Done(kernel, scenario);
    }

    /// <summary>What the line before a scenario says besides.</summary>
    public static void Describe(Kernel* kernel, Scenario* scenario)
    {
        var settings = &scenario->Threads;
        var others = 0;
        for (var i = 0; i < kernel->ThreadCount; i++)
        {
            others += kernel->Threads[i]->Group;
        }

        Com1.DecimalField("cpus"u8, (ulong)kernel->Options.Cpus);
        Com1.DecimalField("threads"u8, (ulong)(kernel->ThreadCount - others));
        Com1.DecimalField("others"u8, (ulong)others);
        Com1.DecimalField("each"u8, settings->Each);
    }

    /// <summary>What the last line of <c>offline</c> says besides.</summary>
    public static void Offline(Kernel* kernel)
    {
        Com1.DecimalField("inits"u8, kernel->Offline.Inits);
        Com1.DecimalField("startups"u8, kernel->Offline.StartUps);
        Com1.DecimalField("starts"u8, kernel->Offline.Starts);
        Com1.DecimalField("ignored"u8, kernel->Offline.Ignored);
        Com1.DecimalField("runs"u8, kernel->Offline.Runs);
        Com1.DecimalField("lost"u8, kernel->Offline.Lost);
    }

    // By threads and by processors: both must come to the same.
    private static void Total(Kernel* kernel, int group, Process* process)
    {
        process->KernelEntries = 0;
        process->UserEntries = 0;
        for (var i = 0; i < kernel->ThreadCount; i++)
        {
            var thread = kernel->Threads[i];
            if (thread->Group == group)
            {
                process->KernelEntries += thread->KernelEntries;
                process->UserEntries += thread->UserEntries;
            }
        }

        var kernelEntries = 0UL;
        var userEntries = 0UL;
        for (var i = 0; i < kernel->Options.Cpus; i++)
        {
            kernelEntries += Processors.At(kernel, i)->KernelEntries[group];
            userEntries += Processors.At(kernel, i)->UserEntries[group];
        }

        if (kernelEntries != process->KernelEntries || userEntries != process->UserEntries)
        {
            Fatal.Stop("the threads' transitions are not those of the processors"u8);
        }
    }

    private static void Line(Kernel* kernel, Processor* processor)
    {
        Com1.Text("LAB processor"u8);
        Com1.DecimalField("number"u8, (ulong)processor->Number);
        Com1.DecimalField("kernel_entries"u8, processor->KernelEntries[0]);
        Com1.DecimalField("user_entries"u8, processor->UserEntries[0]);
        Com1.DecimalField("other_kernel_entries"u8, processor->KernelEntries[1]);
        Com1.DecimalField("other_user_entries"u8, processor->UserEntries[1]);
        Com1.DecimalField("loads"u8, processor->Loads);
        Com1.DecimalField("starts"u8, processor->Starts);
        Com1.DecimalField("nmis"u8, processor->Nmis);
        Com1.DecimalField("user_nmis"u8, processor->UserNmis);
        Com1.DecimalField("early_nmis"u8, processor->EarlyNmis);
        Com1.DecimalField("sent"u8, processor->Sent);
        Com1.DecimalField("sent_to_all"u8, processor->SentToAll);
        Com1.DecimalField("taken"u8, processor->Taken);
        Com1.DecimalField("taken_of_all"u8, processor->TakenOfAll);
        Com1.EndLine();
    }
}
