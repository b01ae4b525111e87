using System;
using System.Linq;
using System.Text.Json.Nodes;
using HvDbg.Client;
using HvKernel.Protocol;

namespace HvDbg.Display;

/// <summary>Events in words, and as the command that sets them.</summary>
public static class EventText
{
    /// <summary>Longest text of a command in a list.</summary>
    public const int LongestShort = 70;

    public static string Process(ProcessKey process) => process.Kind == ProcessKeyKind.Pid
        ? $"pid {Format.Hex(process.Value)} (0n{process.Value})"
        : $"cr3 {Format.Hex(process.Value)}";

    /// <summary>The command that would set an event without text again, as far as its row tells.</summary>
    public static string Command(EventEntry entry)
    {
        var kind = entry.Process.Kind == ProcessKeyKind.Pid ? "pid" : "cr3";
        var core = entry.Processor is { } processor ? $" core {Format.Hex(processor)}" : "";
        var action = entry.Action switch
        {
            EventAction.Log => " log",
            EventAction.Count => " count",
            EventAction.CustomCode => " code {…}",
            EventAction.Script => " script {…}",
            _ => "",
        };
        var condition = entry.ConditionBytes > 0 ? " condition {…}" : "";
        var options = (IsShortCircuited(entry) ? " sc on" : "") + ((entry.Flags & EventFlags.Collect) != 0 ? " imm no" : "");
        return $"!mode {Direction(entry.Direction)} {kind} {Format.Hex(entry.Process.Value)}{core}{options}{condition}{action}";
    }

    /// <summary>A command on one line, cut where it is longer than <see cref="LongestShort"/>.</summary>
    public static string Short(string command)
    {
        var line = string.Join(' ', command.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestShort ? line : line[..(LongestShort - 1)] + "…";
    }

    public static string Direction(ModeTrapDirection direction) => direction switch
    {
        ModeTrapDirection.User => "u",
        ModeTrapDirection.Kernel => "k",
        _ => "ku",
    };

    public static bool IsShortCircuited(EventEntry entry) => (entry.Flags & EventFlags.ShortCircuit) != 0;

    /// <summary>Whether it is on, and what else is to be known about it.</summary>
    public static string State(EventEntry entry)
    {
        string[] words =
        [
            entry.State == WatchState.ProcessExited ? "process exited" : "",
            (entry.Condition & EventCondition.Faulted) != 0 ? "faulted" : "",
            (entry.Condition & EventCondition.Parked) != 0 ? "parked" : "",
            entry.Enabled ? "enabled" : "disabled",
        ];

        // The reasons for its being off say more than that it is off.
        var said = words.Where(word => word.Length > 0).ToArray();
        return said[0] == "process exited" ? said[0] : string.Join(", ", entry.Enabled || said.Length == 1 ? said : said[..^1]);
    }

    /// <summary>How code is run, in a word.</summary>
    public static string Manner(RunManner manner) => manner switch
    {
        RunManner.Direct => "direct",
        RunManner.Contained => "contained",
        RunManner.Root => "root",
        _ => $"manner {(byte)manner}",
    };

    public static JsonObject ToJson(EventEntry entry, string command, ulong frequency)
    {
        var data = new JsonObject
        {
            ["event"] = entry.Id,
            ["enabled"] = entry.Enabled,
            ["faulted"] = (entry.Condition & EventCondition.Faulted) != 0,
            ["parked"] = (entry.Condition & EventCondition.Parked) != 0,
            ["command"] = command,
            ["process"] = entry.ProcessName,
            ["exited"] = entry.State == WatchState.ProcessExited,
            ["user"] = entry.UserReached,
            ["kernel"] = entry.KernelReached,
            ["conditionFalse"] = entry.ConditionFalse,
            ["shortCircuited"] = entry.ShortCircuited,
            ["breaksSuppressed"] = entry.BreaksSuppressed,
            ["actionTicks"] = entry.ActionTicks,
            ["sent"] = entry.Sent,
            ["dropped"] = entry.Dropped,
        };
        if (frequency != 0)
        {
            data["actionSeconds"] = (double)entry.ActionTicks / frequency;
        }

        return data;
    }
}
