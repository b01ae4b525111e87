using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Output;
using HvKernel.Protocol;

namespace HvDbg.Display;

/// <summary>A halt of the guest: why, whose code, one symbol line and one instruction.</summary>
public static class StopDisplay
{
    public static async Task<Report> RenderAsync(StopEvent stop, GuestSymbols? symbols, CancellationToken cancellationToken)
    {
        var instruction = stop.Instruction.Length == 0
            ? null
            : (await Disassembler.DecodeAsync(stop.Instruction, stop.Rip, stop.Bits, symbols, cancellationToken).ConfigureAwait(false))
                .FirstOrDefault();

        // Steps follow each other: of each only the instruction, as HyperDbg shows it.
        var lines = new List<OutputLine>();
        if (stop.StepEnd != StepEnd.Completed)
        {
            lines.Add(new OutputLine(Headline(stop), LineStyle.Event));
        }

        if (instruction?.Symbol is { } symbol)
        {
            lines.Add(new OutputLine(symbol + ":"));
        }

        lines.Add(new OutputLine(instruction?.ToString() ?? $"{Format.Address(stop.Rip)}    (no memory that can be read)"));
        return new Report(lines, ToJson(stop, instruction));
    }

    /// <summary>What reached what, in a word.</summary>
    public static string Reached(byte context) => context switch
    {
        3 => "reached user",
        0 => "reached kernel",
        _ => $"context {context}",
    };

    public static string ReasonName(StopReason reason) => reason switch
    {
        StopReason.None => "none",
        StopReason.Pause => "pause",
        StopReason.Event => "event",
        StopReason.WaitForDebugger => "wait-for-debugger",
        StopReason.TripleFault => "triple-fault",
        StopReason.Step => "step",
        StopReason.Breakpoint => "breakpoint",
        _ => $"reason-{(byte)reason}",
    };

    private static string Headline(StopEvent stop)
    {
        var why = stop.Reason switch
        {
            StopReason.Pause => "paused",
            StopReason.Event => $"event {Format.Hex(stop.EventId ?? 0)}: {Reached(stop.Context ?? 0)}",
            StopReason.WaitForDebugger => "waiting for the debugger before the next program starts",
            StopReason.TripleFault => "triple fault of the guest: continuing resets the machine",
            StopReason.Step => "step not at its end",
            StopReason.Breakpoint => $"breakpoint {Format.Hex(stop.BreakpointId ?? 0)}",
            _ => "stopped",
        };
        return $"{why}, processor {Format.Hex(stop.Processor)}{Process(stop)}";
    }

    private static string Process(StopEvent stop)
    {
        if (stop.Pid == 0 && stop.ProcessName.Length == 0)
        {
            return "";
        }

        var thread = stop.Tid != stop.Pid && stop.Tid != 0 ? $", thread {Format.Hex(stop.Tid)}" : "";
        return $", process {Format.Hex(stop.Pid)} (0n{stop.Pid}) {stop.ProcessName}{thread}";
    }

    private static JsonObject ToJson(StopEvent stop, InstructionLine? instruction)
    {
        var data = new JsonObject { ["type"] = "stop", ["reason"] = ReasonName(stop.Reason) };
        if (stop.EventId is { } id)
        {
            data["event"] = id;
            data["context"] = stop.Context;
        }

        if (stop.BreakpointId is { } breakpoint)
        {
            data["breakpoint"] = breakpoint;
        }

        if (stop.StepEnd is { } end)
        {
            data["complete"] = end == StepEnd.Completed;
        }

        data["processor"] = stop.Processor;
        data["rip"] = Format.Json(stop.Rip);
        data["rsp"] = Format.Json(stop.Rsp);
        data["cr3"] = Format.Json(stop.Cr3);
        data["tick"] = Format.Json(stop.Tick);
        if (stop.Pid != 0 || stop.ProcessName.Length > 0)
        {
            data["pid"] = stop.Pid;
            data["tid"] = stop.Tid;
            data["process"] = stop.ProcessName;
        }

        if (instruction is not null)
        {
            data["instruction"] = instruction.ToJson();
        }

        return data;
    }
}
