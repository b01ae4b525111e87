using System;
using System.Collections.Generic;
using HvDbg.Client;
using HvKernel.Protocol;

namespace HvDbg.Tests.Fake;

/// <summary>Steps and breakpoints of a <see cref="FakeTarget"/>.</summary>
internal sealed class FakeSteps(FakeTarget target)
{
    /// <summary>Bytes that each step goes forward.</summary>
    internal const ulong StepBytes = 4;

    private uint _nextBreakpoint;

    /// <summary>The steps that were asked for.</summary>
    internal List<StepRequest> Requests { get; } = [];

    /// <summary>The breakpoints that were asked for.</summary>
    internal List<AddBreakpointRequest> Added { get; } = [];

    /// <summary>What becomes of a step, by its number from 0; null: it comes to its end at once.</summary>
    internal Func<int, Action?>? Outcome { get; set; }

    /// <summary>What happens when the reply under way is out.</summary>
    internal Action? Ending { get; set; }

    private FakeMachine Machine => target.Machine;

    internal byte[] Handle(MessageType type, ReadOnlySpan<byte> payload) => type switch
    {
        MessageType.Step => Step(Wire.Read<StepRequest>(payload, type)),
        MessageType.AddBreakpoint => Add(Wire.Read<AddBreakpointRequest>(payload, type)),
        _ => Modify(Wire.Read<ModifyBreakpointRequest>(payload, type)),
    };

    /// <summary>The step comes to its end.</summary>
    internal void Finish(uint processor, StepEnd end = StepEnd.Completed)
    {
        Machine.Registers[processor].Rip += StepBytes;
        target.Stop(StopReason.Step, 0, (byte)end, processor);
    }

    private ReplyStatus Refusal()
    {
        if (target.Manner == AttachManner.Observer)
        {
            return ReplyStatus.ObserveOnly;
        }

        if (Machine.State != TargetState.Stopped)
        {
            return ReplyStatus.NotStopped;
        }

        return (Machine.Capabilities & TargetCapabilities.MonitorTrap) == 0 ? ReplyStatus.FeatureMissing : ReplyStatus.Ok;
    }

    private byte[] Step(StepRequest request)
    {
        if (Refusal() is not ReplyStatus.Ok and var refusal)
        {
            return FakeRequests.Refuse(refusal, refusal == ReplyStatus.FeatureMissing ? (uint)TargetCapabilities.MonitorTrap : 0);
        }

        var number = Requests.Count;
        Requests.Add(request);
        Machine.Continue();
        Ending = Outcome is null ? () => Finish(request.Processor) : Outcome(number);
        return Wire.Bytes(target.Requests.Status());
    }

    private byte[] Add(AddBreakpointRequest request)
    {
        if (Refusal() is not ReplyStatus.Ok and var refusal)
        {
            return FakeRequests.Refuse(refusal, refusal == ReplyStatus.FeatureMissing ? (uint)TargetCapabilities.MonitorTrap : 0);
        }

        Added.Add(request);
        if (!Machine.Pages.ContainsKey(request.Address >> 12))
        {
            return FakeRequests.Refuse(ReplyStatus.NotMapped);
        }

        foreach (var known in Machine.Breakpoints)
        {
            if (known.Address == request.Address && known.Pid == request.Pid && known.Core == request.Core)
            {
                return FakeRequests.Refuse(ReplyStatus.DuplicateBreakpoint, known.Id);
            }
        }

        var row = new BreakpointRow
        {
            Id = _nextBreakpoint++,
            Flags = BreakpointFlags.Enabled | ((Machine.Capabilities & TargetCapabilities.ExecuteOnly) == 0 ? BreakpointFlags.Visible : 0),
            Address = request.Address,
            PhysicalAddress = 0x7654_3000 | (request.Address & 0xFFF),
            Pid = request.Pid,
            Core = request.Core,
        };
        Machine.Breakpoints.Add(row);
        return Wire.Bytes(new AddBreakpointReply { Id = row.Id, Flags = row.Flags, PhysicalAddress = row.PhysicalAddress });
    }

    private byte[] Modify(ModifyBreakpointRequest request)
    {
        if (Refusal() is not ReplyStatus.Ok and var refusal)
        {
            return FakeRequests.Refuse(refusal);
        }

        var met = 0;
        for (var i = Machine.Breakpoints.Count - 1; i >= 0; i--)
        {
            var row = Machine.Breakpoints[i];
            if (request.Id != LinkProtocol.All && row.Id != request.Id)
            {
                continue;
            }

            met++;
            if (request.Operation == BreakpointOperation.Clear)
            {
                Machine.Breakpoints.RemoveAt(i);
                continue;
            }

            row.Flags = request.Operation == BreakpointOperation.Enable
                ? row.Flags | BreakpointFlags.Enabled
                : row.Flags & ~BreakpointFlags.Enabled;
            Machine.Breakpoints[i] = row;
        }

        return met == 0 && request.Id != LinkProtocol.All
            ? FakeRequests.Refuse(ReplyStatus.NoSuchBreakpoint, request.Id)
            : FakeRequests.Refuse(ReplyStatus.Ok);
    }
}
