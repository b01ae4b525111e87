namespace HvKernel.Breakpoints;

/// <summary>
/// Breakpoints where the processor lacks execute-only EPT entries: their bytes stand in the guest's own memory, where it can read and overwrite them. Pure.
/// </summary>
public static unsafe class VisibleBreakpoints
{
    /// <summary>Writes the bytes of those that are set, and takes the others back.</summary>
    public static void Sync(in BreakpointTable table)
    {
        for (var i = 0; i < BreakpointTable.Slots; i++)
        {
            Lift(&table.Entries[i]);
        }

        for (var i = 0; i < BreakpointTable.Slots; i++)
        {
            if (table.IsSet(i))
            {
                Write(table, &table.Entries[i]);
            }
        }
    }

    /// <summary>Takes back those at one place, so that its instruction can be executed.</summary>
    public static void Lift(in BreakpointTable table, ulong physical)
    {
        for (var i = 0; i < BreakpointTable.Slots; i++)
        {
            if (table.Entries[i].Physical == physical)
            {
                Lift(&table.Entries[i]);
            }
        }
    }

    // What the guest has written over it is the guest's.
    private static void Lift(Breakpoint* entry)
    {
        if (entry->IsWritten && *(byte*)entry->Physical == BreakpointTable.Instruction)
        {
            *(byte*)entry->Physical = entry->Original;
        }

        entry->IsWritten = false;
    }

    private static void Write(in BreakpointTable table, Breakpoint* entry)
    {
        entry->Original = *(byte*)entry->Physical;
        for (var i = 0; i < BreakpointTable.Slots; i++)
        {
            if (table.Entries[i].IsWritten && table.Entries[i].Physical == entry->Physical)
            {
                entry->Original = table.Entries[i].Original;
            }
        }

        entry->IsWritten = true;
        *(byte*)entry->Physical = BreakpointTable.Instruction;
    }
}
