using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using HvDbg.Client;
using HvKernel.Protocol;

namespace HvDbg.Tests.Fake;

/// <summary>Answers requests from the state of a <see cref="FakeMachine"/>.</summary>
internal sealed class FakeRequests(FakeTarget target)
{
    /// <summary>Rows that one part of a list may hold, small enough that lists come in several.</summary>
    private const int RowsPerPart = 3;

    /// <summary>The last memory request, as it came.</summary>
    internal MemoryRequest LastMemory { get; private set; }

    /// <summary>What a page walk answers; null: what the memory says.</summary>
    internal TranslateReply? Walk { get; set; }

    private FakeMachine Machine => target.Machine;

    /// <summary>What the target has for scripts.</summary>
    internal FakeScripts Scripts { get; } = new();

    internal byte[] Handle(MessageType type, ReadOnlySpan<byte> payload) => type switch
    {
        MessageType.Hello => Wire.Bytes(Hello(payload)),
        MessageType.Status => Wire.Bytes(Status()),
        MessageType.Pause => Pause(),
        MessageType.Continue => Continue(),
        MessageType.ReadRegisters => ReadRegisters(Wire.Read<ProcessorRequest>(payload, type)),
        MessageType.WriteRegister => WriteRegister(Wire.Read<WriteRegisterRequest>(payload, type)),
        MessageType.ReadMemory => ReadMemory(Wire.Read<MemoryRequest>(payload, type)),
        MessageType.WriteMemory => WriteMemory(Wire.Read<MemoryRequest>(payload, type), payload[Unsafe.SizeOf<MemoryRequest>()..]),
        MessageType.ReadMsr => ReadMsr(Wire.Read<MsrRequest>(payload, type)),
        MessageType.WriteMsr => WriteMsr(Wire.Read<MsrRequest>(payload, type)),
        MessageType.Translate => Translate(Wire.Read<MemoryRequest>(payload, type)),
        MessageType.AddEvent or MessageType.ModifyEvent or MessageType.Stage or MessageType.ReadEventPart or MessageType.RunCode or MessageType.Flush =>
            target.Events.Handle(type, payload),
        MessageType.Step or MessageType.AddBreakpoint or MessageType.ModifyBreakpoint => target.Steps.Handle(type, payload),
        MessageType.ListBreakpoints => List(Wire.Read<ListRequest>(payload, type), Machine.Breakpoints),
        MessageType.ListEvents => List(Wire.Read<ListRequest>(payload, type), Machine.Events),
        MessageType.Preactivate => Preactivate(),
        MessageType.ListProcesses => Machine.DiscoveryFailure is { } step
            ? Refuse(ReplyStatus.GuestOsUnknown, step)
            : List(Wire.Read<ListRequest>(payload, type), Machine.Processes),
        MessageType.GuestOs => GuestOs(),
        MessageType.SymbolAt => SymbolAt(Wire.Read<SymbolAtRequest>(payload, type).Address),
        MessageType.SymbolNamed => SymbolNamed(Encoding.ASCII.GetString(payload)),
        MessageType.ListProcessors => List(Wire.Read<ListRequest>(payload, type), Processors()),
        MessageType.ExitCounters => Wire.Bytes(ExitCounters(Wire.Read<ProcessorRequest>(payload, type).Processor)),
        MessageType.ScriptLayout => Wire.Bytes(Scripts.Layout),
        MessageType.NameGlobal => Wire.Bytes(Scripts.Name(Encoding.UTF8.GetString(payload))),
        MessageType.ListGlobals => List(Wire.Read<ListRequest>(payload, type), Scripts.Rows()),
        MessageType.ReadLog => ReadLog(Wire.Read<ReadLogRequest>(payload, type)),
        _ => Refuse(ReplyStatus.UnknownRequest),
    };

    internal static byte[] Refuse(ReplyStatus status, uint detail = 0) => Wire.Bytes(new ReplyHeader { Status = status, Detail = detail });

    private static byte[] Join(byte[] head, ReadOnlySpan<byte> tail)
    {
        var whole = new byte[head.Length + tail.Length];
        head.CopyTo(whole, 0);
        tail.CopyTo(whole.AsSpan(head.Length));
        return whole;
    }

    private static byte[] List<T>(ListRequest request, List<T> rows)
        where T : unmanaged
    {
        var part = rows.Skip((int)request.Cursor).Take(RowsPerPart).ToArray();
        var next = request.Cursor + (ulong)part.Length;
        var head = new ListReply
        {
            Count = (uint)part.Length,
            RowBytes = (uint)Unsafe.SizeOf<T>(),
            Next = next < (ulong)rows.Count ? next : 0,
        };
        return Join(Wire.Bytes(head), part.SelectMany(row => Wire.Bytes(row)).ToArray());
    }

    private unsafe HelloReply Hello(ReadOnlySpan<byte> payload)
    {
        target.Manner = Wire.Read<HelloRequest>(payload, MessageType.Hello).Manner;
        var reply = new HelloReply
        {
            ProtocolVersion = target.ProtocolVersion,
            Capabilities = Machine.Capabilities,
            Processors = (ushort)Machine.Registers.Length,
            MaximumPayload = Frame.MaximumPayload,
            TickFrequency = 1_000_000,
            BootId = Machine.BootId,
        };
        for (var i = 0; i < 16; i++)
        {
            reply.BuildId[i] = (byte)(0x10 + i);
        }

        return reply;
    }

    internal StatusReply Status() => new()
    {
        State = Machine.State,
        Events = (uint)Machine.Events.Count,
        Tick = Machine.Tick,
        Dropped = Machine.Dropped,
        DamagedFrames = (uint)target.Damaged,
        NextSequence = target.NextSequence,
        Stop = Machine.State == TargetState.Stopped ? Machine.StopInfo : default,
    };

    private byte[] Pause()
    {
        if (target.Manner == AttachManner.Observer)
        {
            return Refuse(ReplyStatus.ObserveOnly);
        }

        if (Machine.State == TargetState.Running)
        {
            target.Stop(StopReason.Pause);
        }

        return Wire.Bytes(Status());
    }

    private byte[] Continue()
    {
        Machine.Continue();
        return Wire.Bytes(Status());
    }

    private byte[] ReadLog(ReadLogRequest request)
    {
        const int Part = 50;
        var text = Encoding.ASCII.GetBytes(request.Boot == LogBoot.Previous ? Machine.PreviousLog : Machine.Log);
        var part = text.Skip((int)request.Offset).Take(Part).ToArray();
        return Join(Wire.Bytes(new ReadLogReply { Total = (uint)text.Length, Bytes = (uint)part.Length }), part);
    }

    private byte[] ReadRegisters(ProcessorRequest request) => request.Processor < Machine.Registers.Length
        ? Wire.Bytes(Machine.Registers[request.Processor])
        : Refuse(ReplyStatus.NoSuchProcessor);

    private byte[] WriteRegister(WriteRegisterRequest request)
    {
        if (Machine.State != TargetState.Stopped)
        {
            return Refuse(ReplyStatus.NotStopped);
        }

        ref var registers = ref Machine.Registers[request.Processor];
        if (request.Register <= RegisterId.R15)
        {
            Unsafe.Add(ref registers.General.Rax, (int)request.Register) = request.Value;
        }
        else if (request.Register == RegisterId.Rip)
        {
            registers.Rip = request.Value;
        }
        else
        {
            registers.Rflags = request.Value;
        }

        return Refuse(ReplyStatus.Ok);
    }

    private byte[] ReadMemory(MemoryRequest request)
    {
        LastMemory = request;
        var bytes = new List<byte>();
        while (bytes.Count < request.Length && Machine.Pages.TryGetValue((request.Address + (ulong)bytes.Count) >> 12, out var page))
        {
            bytes.Add(page[(request.Address + (ulong)bytes.Count) & 0xFFF]);
        }

        var complete = bytes.Count == request.Length;
        var shortfall = request.Space == AddressSpace.Physical ? ReplyStatus.NotRam : ReplyStatus.NotMapped;
        var head = new MemoryReply { Header = { Status = complete ? ReplyStatus.Ok : shortfall }, Length = (uint)bytes.Count };
        return Join(Wire.Bytes(head), [.. bytes]);
    }

    private byte[] WriteMemory(MemoryRequest request, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != request.Length)
        {
            return Refuse(ReplyStatus.BadLength);
        }

        if (!Machine.Pages.ContainsKey(request.Address >> 12))
        {
            return Wire.Bytes(new MemoryReply { Header = { Status = ReplyStatus.NotMapped } });
        }

        Machine.Put(request.Address, bytes.ToArray());
        return Wire.Bytes(new MemoryReply { Length = request.Length });
    }

    private byte[] ReadMsr(MsrRequest request) => Machine.Msrs.TryGetValue(request.Index, out var value)
        ? Wire.Bytes(new MsrReply { Value = value })
        : Refuse(ReplyStatus.MsrFault, request.Index);

    private byte[] WriteMsr(MsrRequest request)
    {
        if (!Machine.Msrs.ContainsKey(request.Index))
        {
            return Refuse(ReplyStatus.MsrFault, request.Index);
        }

        Machine.Msrs[request.Index] = request.Value;
        return Refuse(ReplyStatus.Ok);
    }

    private unsafe byte[] Translate(MemoryRequest request)
    {
        if (Walk is { } walk)
        {
            return Wire.Bytes(walk);
        }

        var mapped = Machine.Pages.ContainsKey(request.Address >> 12);
        var reply = new TranslateReply
        {
            Header = { Status = mapped ? ReplyStatus.Ok : ReplyStatus.NotMapped, Detail = mapped ? 0u : 3 },
            PhysicalAddress = mapped ? 0x7654_3000 | (request.Address & 0xFFF) : 0,
            PageBytes = mapped ? 0x1000u : 0,
            Levels = mapped ? 4u : 2u,
        };
        for (var i = 0; i < reply.Levels; i++)
        {
            reply.EntryAddress[i] = 0x1000u * (uint)(i + 1);
            reply.Entry[i] = mapped || i == 0 ? (0x1000u * (uint)(i + 2)) | 0x67 : 0;
        }

        return Wire.Bytes(reply);
    }

    private byte[] Preactivate()
    {
        Machine.Activated = true;
        return Refuse(ReplyStatus.Ok);
    }

    private byte[] GuestOs()
    {
        if (Machine.DiscoveryFailure is { } step)
        {
            return Refuse(ReplyStatus.GuestOsUnknown, step);
        }

        var banner = Encoding.ASCII.GetBytes("Linux version 6.12.0-test");
        var reply = new GuestOsReply
        {
            Kind = 1,
            PageTableIsolation = 1,
            KernelBase = 0xffffffff81000000,
            Symbols = (ulong)Machine.Symbols.Count,
            DiscoveryTicks = 9000,
            BannerLength = (uint)banner.Length,
        };
        return Join(Wire.Bytes(reply), banner);
    }

    private byte[] SymbolAt(ulong address)
    {
        if (Machine.DiscoveryFailure is { } step)
        {
            return Refuse(ReplyStatus.GuestOsUnknown, step);
        }

        var below = Machine.Symbols.Where(symbol => symbol.Key <= address).ToArray();
        return below.Length == 0 ? Refuse(ReplyStatus.NoSuchSymbol) : Symbol(below[^1].Key, below[^1].Value);
    }

    private byte[] SymbolNamed(string name)
    {
        if (Machine.DiscoveryFailure is { } step)
        {
            return Refuse(ReplyStatus.GuestOsUnknown, step);
        }

        var at = Machine.Symbols.IndexOfValue(name);
        return at < 0 ? Refuse(ReplyStatus.NoSuchSymbol) : Symbol(Machine.Symbols.Keys[at], name);
    }

    private static byte[] Symbol(ulong address, string name) =>
        Join(Wire.Bytes(new SymbolReply { Address = address, NameLength = (uint)name.Length }), Encoding.ASCII.GetBytes(name));

    private List<ProcessorRow> Processors() =>
    [
        .. Machine.Registers.Select((registers, number) => new ProcessorRow
        {
            Number = (uint)number,
            ApicId = (uint)number * 2,
            Stopped = (byte)(Machine.State == TargetState.Stopped ? 1 : 0),
            Rip = registers.Rip,
            Cr3 = registers.Cr3,
        }),
    ];

    private static unsafe ExitCountersReply ExitCounters(uint processor)
    {
        var reply = new ExitCountersReply { RootTicks = 25, Ticks = 1000, LongestTicks = 5000, LongestReason = 48 };
        reply.Count[48] = 100 * (processor + 1);
        reply.Count[10] = 7;
        return reply;
    }
}
