using HvKernel.Events.Scripts;
using HvKernel.Memory;
using HvKernel.Vmx;

namespace HvKernel.Events.Code;

/// <summary>What one processor has for running machine code of events. All pointers are HvKernel's own addresses of what stands in the window.</summary>
public unsafe struct Runner
{
    public RunContext* Context;
    public RunRegisters* Registers;

    /// <summary>Behind the stack's last word.</summary>
    public byte* StackTop;
    public BlobSpace Space;

    /// <summary>Page-aligned room for XSAVE.</summary>
    public byte* VectorArea;

    /// <summary>VMCS of the contained context, and whether it was ever entered.</summary>
    public ulong VmcsRegion;
    public bool Launched;

    /// <summary>Address in the window that ends a run in root.</summary>
    public ulong WayBack;

    /// <summary>Address in the window that compiled scripts call.</summary>
    public ulong Gate;

    /// <summary>Pages that <see cref="Build"/> takes.</summary>
    public static ulong PagesNeeded(uint xsaveBytes) =>
        1 + 1 + 1 + RunnerWindow.StackPages + BlobSpace.PagesNeeded + 1 + Page.Count(VectorBytes(xsaveBytes));

    /// <summary>Fills the rest of a window; false where the pool is too small.</summary>
    /// <param name="vcpu">The processor, its host environment built.</param>
    /// <param name="code">The code of the window, in the resident image.</param>
    /// <param name="window">The entry that holds the window.</param>
    /// <param name="handlers">Where interrupt stubs call: outside runs, and during them.</param>
    /// <param name="pool">Reserved pages.</param>
    public bool Build(VCpu* vcpu, in RunnerImage code, ulong window, in RunnerHandlers handlers, ref PagePool pool)
    {
        Context = (RunContext*)pool.Take(1);
        Registers = (RunRegisters*)pool.Take(1);
        var exit = pool.Take(1);
        var stack = pool.Take(RunnerWindow.StackPages);
        VmcsRegion = (ulong)pool.Take(1);
        VectorArea = pool.Take(Page.Count(VectorBytes(vcpu->Machine->Capabilities.XsaveBytes)));
        if (Context == null || Registers == null || exit == null || stack == null || VmcsRegion == 0 || VectorArea == null
            || !Space.Build(window, ref pool))
        {
            return false;
        }

        // VMCALL
        exit[0] = 0x0F;
        exit[1] = 0x01;
        exit[2] = 0xC1;
        const ulong StackBytes = RunnerWindow.StackPages * Page.Bytes;
        ref var memory = ref vcpu->Machine->Code;
        RunnerWindow.MapSystem(window, RunnerWindow.Context, (ulong)Context, 1, writable: false, executable: false);
        RunnerWindow.MapCode(window, RunnerWindow.Registers, (ulong)Registers, 1, writable: true, executable: false);
        RunnerWindow.MapCode(window, RunnerWindow.Exit, (ulong)exit, 1, writable: false, executable: true);
        RunnerWindow.MapCode(window, RunnerWindow.StackTop - StackBytes, (ulong)stack, RunnerWindow.StackPages, writable: true, executable: false);
        RunnerWindow.MapCode(window, RunnerWindow.Code, memory.CodePages, RunnerWindow.CodeBytes / Page.Bytes, writable: false, executable: true);
        RunnerWindow.MapCode(window, RunnerWindow.Buffers, memory.BufferPages, RunnerWindow.BufferBytes / Page.Bytes, writable: true, executable: false);

        // Not for contained code: it is no script.
        ref var scripts = ref vcpu->Machine->Scripts.Memory;
        RunnerWindow.MapSystem(window, RunnerWindow.Globals, scripts.GlobalPages, ScriptMemory.GlobalPageCount, writable: true, executable: false);
        RunnerWindow.MapSystem(window, RunnerWindow.Data, scripts.DataPages, ScriptMemory.DataPageCount, writable: true, executable: false);

        StackTop = stack + StackBytes;
        WayBack = RunnerWindow.Text + (code.Return - code.Start);
        Gate = RunnerWindow.Text + (code.Gate - code.Start);
        Context->HostCr3 = vcpu->HostCr3;
        Context->BlobCr3 = (ulong)Space.Root;
        Context->VCpu = (ulong)vcpu;
        Context->HostHandler = handlers.Host;
        Context->BlobHandler = handlers.Blob;
        Context->WindowEnter = RunnerWindow.Text + (code.Enter - code.Start);
        return true;
    }

    // FXSAVE's 512 bytes at least.
    private static ulong VectorBytes(uint xsaveBytes) => xsaveBytes < 1024 ? 1024 : xsaveBytes;
}

/// <summary>Addresses of the two exception handlers in the resident image.</summary>
public struct RunnerHandlers
{
    public ulong Host;
    public ulong Blob;
}
