using System;
using System.Collections.Generic;
using System.Text;
using HvKernel.Protocol;

namespace HvDbg.Tests.Fake;

/// <summary>The state behind a <see cref="FakeTarget"/>.</summary>
internal sealed class FakeMachine
{
    private ulong _tick = 1000;

    internal FakeMachine()
    {
        for (var i = 0; i < Registers.Length; i++)
        {
            Registers[i] = new RegistersReply
            {
                Rip = 0xffffffff81000010,
                Rflags = 0x246,
                Cs = 0x10,
                Ss = 0x18,
                Efer = 0xd01,
                Cr0 = 0x80050033,
                Cr3 = 0x10a3c2000,
            };
            Registers[i].General.Rsp = 0xffffc90000013e80;
        }
    }

    /// <summary>The log of this boot, and what the one before has left.</summary>
    internal string Log { get; set; } = "";

    internal string PreviousLog { get; set; } = "";

    internal RegistersReply[] Registers { get; } = new RegistersReply[2];

    /// <summary>Memory by page number, virtual and physical alike.</summary>
    internal Dictionary<ulong, byte[]> Pages { get; } = [];

    internal Dictionary<uint, ulong> Msrs { get; } = new() { [0xC0000082] = 0xffffffff81e00080 };

    internal List<BreakpointRow> Breakpoints { get; } = [];

    internal List<EventRow> Events { get; } = [];

    internal List<ProcessRow> Processes { get; } = [];

    internal SortedList<ulong, string> Symbols { get; } = [];

    /// <summary>The step at which the discovery of the guest's OS fails; null: it is known.</summary>
    internal uint? DiscoveryFailure { get; set; }

    internal TargetCapabilities Capabilities { get; set; } = TargetCapabilities.ModeBasedExecute | TargetCapabilities.ExecuteOnly | TargetCapabilities.MonitorTrap;

    internal ulong BootId { get; private set; } = 0xb007;

    internal TargetState State { get; private set; }

    internal StopInfo StopInfo { get; private set; }

    internal ulong Dropped { get; set; }

    internal bool Activated { get; set; }

    /// <summary>Whether a second event for the same process is refused.</summary>
    internal bool RefuseDuplicates { get; set; } = true;

    internal uint NextEvent { get; set; }

    /// <summary>Rises with each look, as a clock does.</summary>
    internal ulong Tick => ++_tick;

    internal static unsafe ProcessRow Process(uint pid, string name, ulong root, uint flags = 0)
    {
        var row = new ProcessRow { Pid = pid, Flags = flags, PageRoot = root, Task = 0xffff888100000000 + pid };
        Encoding.ASCII.GetBytes(name).CopyTo(new Span<byte>(row.Name, LinkProtocol.NameBytes));
        return row;
    }

    internal void Put(ulong address, params byte[] bytes)
    {
        for (var i = 0ul; i < (ulong)bytes.Length; i++)
        {
            var page = (address + i) >> 12;
            if (!Pages.TryGetValue(page, out var content))
            {
                Pages[page] = content = new byte[4096];
            }

            content[(address + i) & 0xFFF] = bytes[i];
        }
    }

    internal void Boot()
    {
        BootId++;
        _tick = 10;
        State = TargetState.Running;
        Events.Clear();
        Breakpoints.Clear();
        NextEvent = 0;
        Activated = false;
        Dropped = 0;
    }

    internal void Continue() => State = TargetState.Running;

    internal unsafe void Stop(StopReason reason, uint eventId, byte context, uint processor = 0)
    {
        if (State == TargetState.Stopped)
        {
            return;
        }

        var registers = Registers[processor];
        var info = new StopInfo
        {
            Reason = reason,
            Context = context,
            Processor = (ushort)processor,
            EventId = eventId,
            Rip = registers.Rip,
            Rsp = registers.General.Rsp,
            Cr3 = registers.Cr3,
            Tick = Tick,
            Bits = 64,
        };
        if (Processes.Count > 0)
        {
            info.Pid = info.Tid = Processes[0].Pid;
            var row = Processes[0];
            new ReadOnlySpan<byte>(row.Name, LinkProtocol.NameBytes).CopyTo(new Span<byte>(info.Name, LinkProtocol.NameBytes));
        }

        while (info.InstructionLength < 15 && Pages.TryGetValue((info.Rip + info.InstructionLength) >> 12, out var page))
        {
            info.Instruction[info.InstructionLength] = page[(info.Rip + info.InstructionLength) & 0xFFF];
            info.InstructionLength++;
        }

        StopInfo = info;
        State = TargetState.Stopped;
    }
}
