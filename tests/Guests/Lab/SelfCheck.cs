using System;
using HvKernel.Cpu;

namespace HvKernel.Guests.Lab;

/// <summary>Checksums of what nothing changes while processes run: taken before, compared after.</summary>
internal unsafe struct SelfCheck
{
    private const ulong Seed = 0xCBF2_9CE4_8422_2325;
    private const ulong Prime = 0x0000_0100_0000_01B3;

    // "Accessed" and "dirty" are the processor's to set.
    private const ulong KeptBits = ~(ulong)((1 << 5) | (1 << 6));
    private const int RootLevel = 4;
    private const int PageWords = Pool.PageBytes / 8;

    private ulong _image;
    private ulong _entry;
    private ulong _system;
    private ulong _data;
    private ulong _pageTables;
    private ulong _processes;

    /// <summary>All sums as they are now.</summary>
    public static SelfCheck Take(Kernel* kernel)
    {
        SelfCheck sums = default;
        sums._image = Sum(Seed, (ulong*)kernel->Image, kernel->ImageBytes / 8);
        sums._entry = Sum(Seed, (ulong*)KernelSpace.EntryText, (kernel->Code.EntryEnd - kernel->Code.EntryStart) / 8);
        sums._entry = Sum(sums._entry, (ulong*)KernelSpace.Tables, 2 * PageWords);
        sums._system = Registers();
        sums._data = Sum(Seed, (ulong*)&kernel->Options, (ulong)sizeof(Options) / 8);
        sums._data = Sum(sums._data, (ulong*)&kernel->Code, (ulong)sizeof(CodeAddresses) / 8);
        sums._pageTables = Seed;
        sums._processes = Seed;
        AddProcess(ref sums, kernel->Tested->Process);
        AddProcess(ref sums, kernel->Busy->Process);
        return sums;
    }

    /// <summary>The field <c>checks</c>: <c>ok</c>, or the names of what has changed.</summary>
    public readonly void Report(SelfCheck* after)
    {
        Com1.Text(" checks="u8);
        var good = true;
        Compare(_image, after->_image, "image"u8, ref good);
        Compare(_entry, after->_entry, "entry"u8, ref good);
        Compare(_system, after->_system, "system"u8, ref good);
        Compare(_data, after->_data, "data"u8, ref good);
        Compare(_pageTables, after->_pageTables, "page-tables"u8, ref good);
        Compare(_processes, after->_processes, "processes"u8, ref good);
        if (good)
        {
            Com1.Text("ok"u8);
        }
    }

    private static void Compare(ulong before, ulong after, ReadOnlySpan<byte> name, ref bool good)
    {
        if (before == after)
        {
            return;
        }

        if (!good)
        {
            Com1.Byte((byte)'+');
        }

        Com1.Text(name);
        good = false;
    }

    private static void AddProcess(ref SelfCheck sums, Process* process)
    {
        sums._pageTables = Tables(sums._pageTables, process->Root, RootLevel);
        sums._pageTables = Tables(sums._pageTables, process->UserRoot, RootLevel);
        sums._processes = Sum(sums._processes, (ulong*)KernelSpace.At(process->Text), PageWords);
        sums._processes = Sum(sums._processes, (ulong*)KernelSpace.At(process->Stack), PageWords);
        var unused = (ulong)(UserData.Found - UserData.UnusedStart) / 8;
        sums._processes = Sum(sums._processes, UserData.Word(process, UserData.UnusedStart), unused);
        sums._processes = Sum(sums._processes, (ulong*)process->Name, Process.NameBytes / 8);
    }

    private static ulong Registers()
    {
        var sum = Add(Seed, ControlRegisters.ReadCr0());
        sum = Add(sum, ControlRegisters.ReadCr4());
        sum = Add(sum, Machine.ReadMsr(Msr.Ia32Efer));
        sum = Add(sum, Machine.ReadMsr(Msr.Ia32Star));
        sum = Add(sum, Machine.ReadMsr(Msr.Ia32Lstar));
        sum = Add(sum, Machine.ReadMsr(KernelMain.Fmask));
        sum = Add(sum, Machine.ReadMsr(Msr.Ia32Pat));
        sum = Add(sum, Machine.ReadMsr(Msr.Ia32FsBase));
        sum = Add(sum, Machine.ReadMsr(Msr.Ia32GsBase));
        sum = Add(sum, Machine.ReadMsr(Msr.Ia32KernelGsBase));
        sum = Add(sum, Machine.ReadMsr(Msr.Ia32SysenterCs));
        sum = Add(sum, Machine.ReadMsr(Msr.Ia32SysenterEsp));
        return Add(sum, Machine.ReadMsr(Msr.Ia32SysenterEip));
    }

    private static ulong Tables(ulong sum, ulong table, int level)
    {
        var entries = (ulong*)KernelSpace.At(table & PageBit.Address);
        for (var i = 0; i < PageWords; i++)
        {
            var entry = entries[i] & KeptBits;
            sum = Add(sum, entry);
            if (level > 1 && (entry & PageBit.Present) != 0 && (entry & PageBit.Large) == 0)
            {
                sum = Tables(sum, entry, level - 1);
            }
        }

        return sum;
    }

    private static ulong Sum(ulong sum, ulong* words, ulong count)
    {
        for (ulong i = 0; i < count; i++)
        {
            sum = Add(sum, words[i]);
        }

        return sum;
    }

    // FNV-1a, by words.
    private static ulong Add(ulong sum, ulong word) => (sum ^ word) * Prime;
}
