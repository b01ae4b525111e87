using HvKernel.Events.Code;
using HvKernel.Memory;

namespace HvKernel.Vmx;

/// <summary>
/// What one processor needs in VMX root: an address space with a window of its own, descriptor tables, a task-state segment with stacks for interrupts, and
/// its stack. Firmware's own tables are never used after launch (UEFI leaves TR null, and a host TR must not be).
/// </summary>
public static unsafe class HostEnvironment
{
    /// <summary>Pages of the stack.</summary>
    public const int StackPages = 8;

    /// <summary>The GDT and the TSS share a page.</summary>
    public const int TssOffset = 512;

    /// <summary>Pages that <see cref="Build"/> takes for one processor.</summary>
    public const ulong PagesNeeded = 1 + RunnerWindow.TablePages + 2 + 1 + StackPages
        + (HostTables.InterruptStacks * RunnerWindow.InterruptStackPages);

    /// <summary>Makes address space, tables and stacks; false where the pool is too small.</summary>
    /// <param name="vcpu">The processor's place, whose fields about the host are filled.</param>
    /// <param name="code">The code of the window, in the resident image.</param>
    /// <param name="pool">Reserved pages.</param>
    /// <param name="window">The entry of a top-level table that holds the window.</param>
    public static bool Build(VCpu* vcpu, in RunnerImage code, ref PagePool pool, out ulong window)
    {
        var root = (ulong*)pool.Take(1);
        window = RunnerWindow.Build(ref pool);
        var tables = pool.Take(1);
        var idt = pool.Take(1);
        var stack = pool.Take(1 + StackPages);
        if (root == null || window == 0 || tables == null || idt == null || stack == null)
        {
            return false;
        }

        var shared = vcpu->Machine->HostRoot;
        if (!HostPageTables.Protect(shared, (ulong)stack, (ulong)stack + Page.Bytes, HostAccess.Guard, ref pool))
        {
            return false;
        }

        for (var i = 0; i < 512; i++)
        {
            root[i] = shared[i];
        }

        root[RunnerWindow.Slot] = window;
        HostTables.WriteGdt((ulong*)tables, RunnerWindow.Tables + TssOffset);
        HostTables.WriteTss(tables + TssOffset);
        for (var i = 0; i < HostTables.InterruptStacks; i++)
        {
            var bottom = pool.Take(RunnerWindow.InterruptStackPages);
            if (bottom == null)
            {
                return false;
            }

            var top = RunnerWindow.InterruptStacks + ((ulong)(i + 1) * RunnerWindow.InterruptStackStride);
            const ulong Bytes = RunnerWindow.InterruptStackPages * Page.Bytes;
            RunnerWindow.MapSystem(window, top - Bytes, (ulong)bottom, RunnerWindow.InterruptStackPages, writable: true, executable: false);
            HostTables.SetInterruptStack(tables + TssOffset, i, top);
        }

        // The stubs stand at the beginning of the window's code.
        HostTables.WriteIdt((ulong*)idt, RunnerWindow.Text);
        RunnerWindow.MapSystem(window, RunnerWindow.Text, code.Start, Page.Count(code.End - code.Start), writable: false, executable: true);
        RunnerWindow.MapSystem(window, RunnerWindow.Tables, (ulong)tables, 1, writable: false, executable: false);
        RunnerWindow.MapSystem(window, RunnerWindow.Idt, (ulong)idt, 1, writable: false, executable: false);
        vcpu->HostCr3 = (ulong)root;
        vcpu->HostStackTop = (ulong)stack + ((1 + (ulong)StackPages) * Page.Bytes);
        return true;
    }
}
