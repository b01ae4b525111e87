using System;
using System.Runtime.InteropServices;
using HvKernel.Breakpoints;
using HvKernel.Protocol;

namespace HvKernel.Tests.Breakpoints;

/// <summary>A table of breakpoints in memory of the test's own.</summary>
internal sealed unsafe class TableMemory : IDisposable
{
    private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed((nuint)BreakpointTable.MemoryBytes);

    internal BreakpointTable Table;

    internal TableMemory() => Table.Initialize(_memory);

    internal Breakpoint* Add(ulong physical, uint pid = LinkProtocol.All, uint core = LinkProtocol.All) =>
        Table.Add(physical + 0x1000_0000, physical, pid, core, out _);

    public void Dispose() => NativeMemory.Free(_memory);
}
