using System;
using System.Collections.Generic;
using System.IO;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Text;
using HvKernel.Guest.Linux;

namespace HvKernel.Tests.Guest.Dumps;

/// <summary>The registers of a dumped processor.</summary>
public sealed record DumpedProcessor(ulong Cr0, ulong Cr3, ulong Cr4, ulong Efer, uint PrivilegeLevel, ulong Rip, ulong GsBase, ulong KernelGsBase);

/// <summary>
/// A guest's memory as QEMU's ELF core, mapped privately: a test may write to it, and nobody else sees that. Dispose to unmap.
/// </summary>
public sealed unsafe class GuestDump : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly DumpSegment* _segments;
    private readonly int _segmentCount;

    public GuestDump(string folder)
    {
        Report = new GuestReport(Path.Combine(folder, "guest.txt"));
        var path = Path.Combine(folder, "memory.elf");
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.CopyOnWrite);
        byte* file = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref file);

        // ELF64: program headers at e_phoff, e_phnum of them, 56 bytes each.
        var headers = file + *(ulong*)(file + 0x20);
        int count = *(ushort*)(file + 0x38);
        _segments = (DumpSegment*)NativeMemory.AllocZeroed((nuint)count, (nuint)sizeof(DumpSegment));
        var processors = new List<DumpedProcessor>();
        for (var i = 0; i < count; i++)
        {
            var header = headers + i * 56;
            var start = file + *(ulong*)(header + 8);
            var length = *(ulong*)(header + 32);
            switch (*(uint*)header)
            {
                case 1:
                    _segments[_segmentCount++] = new DumpSegment { Physical = *(ulong*)(header + 24), Length = length, Start = start };
                    break;
                case 4:
                    ReadNotes(start, length, processors);
                    break;
            }
        }
        Processors = processors;
    }

    public GuestReport Report { get; }

    public IReadOnlyList<DumpedProcessor> Processors { get; }

    public DumpMemory Memory => new(_segments, _segmentCount);

    public GuestState State(int processor, ulong lstar)
    {
        var p = Processors[processor];
        return new GuestState { Cr0 = p.Cr0, Cr3 = p.Cr3, Cr4 = p.Cr4, Efer = p.Efer, Lstar = lstar };
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
        NativeMemory.Free(_segments);
    }

    // QEMU adds one note of its own for each processor: include/sysemu/dump.h's and target/i386/arch_dump.c's QEMUCPUState, version 1:
    // version and size; 16 general registers, rip, rflags; ten segments of 24 bytes (selector, limit, flags, padding, base): cs, ds, es,
    // fs, gs, ss, ldt, tr, gdt, idt; cr0 to cr4; kernel_gs_base.
    private void ReadNotes(byte* notes, ulong length, List<DumpedProcessor> processors)
    {
        const int Segments = 8 + 18 * 8;
        const int Control = Segments + 10 * 24;
        for (ulong at = 0; at + 12 <= length;)
        {
            var nameSize = *(uint*)(notes + at);
            var size = *(uint*)(notes + at + 4);
            var name = Encoding.ASCII.GetString(notes + at + 12, (int)nameSize).TrimEnd('\0');
            var state = notes + at + 12 + ((nameSize + 3) & ~3u);
            if (name == "QEMU")
            {
                processors.Add(new DumpedProcessor(
                    Cr0: *(ulong*)(state + Control),
                    Cr3: *(ulong*)(state + Control + 3 * 8),
                    Cr4: *(ulong*)(state + Control + 4 * 8),
                    Efer: Report.Efer[processors.Count],
                    PrivilegeLevel: *(uint*)(state + Segments) & 3,
                    Rip: *(ulong*)(state + 8 + 16 * 8),
                    GsBase: *(ulong*)(state + Segments + 4 * 24 + 16),
                    KernelGsBase: *(ulong*)(state + Control + 5 * 8)));
            }
            at += 12 + ((nameSize + 3) & ~3u) + ((size + 3) & ~3u);
        }
    }
}
