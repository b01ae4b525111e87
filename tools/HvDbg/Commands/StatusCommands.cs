using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Display;
using HvDbg.Output;
using HvKernel.Protocol;

namespace HvDbg.Commands;

/// <summary><c>.status</c> and <c>cpu</c>.</summary>
internal static class StatusCommands
{
    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = ".status",
            Summary = "state of guest, target and link; exits by reason and processor",
            Run = StatusAsync,
        },
        new CommandSpec
        {
            Name = "cpu",
            Summary = "what the target's processors can do for this debugger",
            Run = CpuAsync,
        },
    ];

    private static async Task<CommandResult> StatusAsync(CommandContext context)
    {
        var debugger = context.Debugger;
        var token = context.CancellationToken;
        var status = await debugger.GetStatusAsync(token).ConfigureAwait(false);
        var target = debugger.Target;
        var lines = new List<OutputLine>
        {
            new($"guest     {State(status)}"),
            new(debugger.Manner == AttachManner.Observer
                ? "console   observes only: nothing it does stops the guest"
                : "console   debugger: breaks and pauses stop the guest"),
            new($"target    {target.Processors} processor(s), protocol {target.ProtocolVersion}, boot {Format.Hex(target.BootId)}, image {target.BuildId}"),
            new($"!mode     {Transitions(target.Capabilities).Text}"),
        };
        var data = new JsonObject
        {
            ["stopped"] = status.State == TargetState.Stopped,
            ["observing"] = debugger.Manner == AttachManner.Observer,
            ["events"] = status.Events,
            ["dropped"] = status.Dropped,
            ["targetDamagedFrames"] = status.DamagedFrames,
            ["boot"] = Format.Json(target.BootId),
            ["image"] = target.BuildId,
            ["transitions"] = Transitions(target.Capabilities).Json,
            ["tickFrequency"] = target.TickFrequency,
            ["tick"] = Format.Json(status.Tick),
        };
        await AddGuestOsAsync(context, lines, data).ConfigureAwait(false);
        lines.Add(new OutputLine($"events    {status.Events} set, {Format.Count(status.Dropped)} messages dropped"));
        AddLink(debugger.LinkStatistics, status, lines, data);
        await AddExitsAsync(context, lines, data).ConfigureAwait(false);
        return new CommandResult(lines, data);
    }

    private static (string Text, string Json) Transitions(TargetCapabilities capabilities) =>
        (capabilities & TargetCapabilities.ModeBasedExecute) != 0 ? ("catches transitions by mode-based execute control (MBEC)", "mbec")
        : (capabilities & TargetCapabilities.ShadowRoots) != 0
            ? ("catches transitions by shadow page roots: the processor lacks MBEC (docs/limits.md says what they do not see)", "shadow-roots")
        : ("cannot catch transitions: the processor lacks MBEC and the monitor trap flag", "none");

    private static string State(TargetStatus status) => status.Stop is { } stop
        ? $"stopped ({StopDisplay.ReasonName(stop.Reason)}) on processor {Format.Hex(stop.Processor)} at {Format.Address(stop.Rip)}"
        : "running";

    private static async Task AddGuestOsAsync(CommandContext context, List<OutputLine> lines, JsonObject data)
    {
        try
        {
            var os = await context.Debugger.GetGuestOsAsync(context.CancellationToken).ConfigureAwait(false);
            var found = Format.Time(os.DiscoveryTicks, context.Debugger.Target.TickFrequency);
            var isolation = os.PageTableIsolation ? "with page-table isolation" : "without page-table isolation";
            lines.Add(new OutputLine(
                $"guest OS  {os.Name} {isolation}, kernel at {Format.Address(os.KernelBase)}, {Format.Count(os.Symbols)} symbols, found in {found}"));
            lines.Add(new OutputLine($"          {os.Banner}", LineStyle.Dim));
            data["os"] = new JsonObject
            {
                ["name"] = os.Name,
                ["isolation"] = os.PageTableIsolation,
                ["kernelBase"] = Format.Json(os.KernelBase),
                ["slide"] = Format.Json(os.Slide),
                ["physicalBase"] = Format.Json(os.PhysicalBase),
                ["symbols"] = os.Symbols,
                ["discoveryTicks"] = os.DiscoveryTicks,
                ["banner"] = os.Banner,
            };
        }
        catch (TargetException refusal)
        {
            lines.Add(new OutputLine($"guest OS  {refusal.Message}"));
            data["os"] = new JsonObject { ["name"] = "unknown", ["message"] = refusal.Message };
        }
    }

    private static void AddLink(LinkStatistics link, TargetStatus status, List<OutputLine> lines, JsonObject data)
    {
        lines.Add(new OutputLine(
            $"link      {Format.Count((ulong)link.FramesSent)} frames out, {Format.Count((ulong)link.FramesReceived)} in, " +
            $"{link.Damaged} damaged here, {status.DamagedFrames} at the target, {link.Retries} sent again, " +
            $"{link.LateReplies} late replies, {link.LostMessages} messages lost, {link.Reconnects} reconnects"));
        data["link"] = new JsonObject
        {
            ["framesSent"] = link.FramesSent,
            ["framesReceived"] = link.FramesReceived,
            ["bytesReceived"] = link.BytesReceived,
            ["damaged"] = link.Damaged,
            ["retries"] = link.Retries,
            ["lateReplies"] = link.LateReplies,
            ["lostMessages"] = link.LostMessages,
            ["reconnects"] = link.Reconnects,
        };
    }

    private static async Task AddExitsAsync(CommandContext context, List<OutputLine> lines, JsonObject data)
    {
        var counters = new List<ExitCounters>();
        for (uint number = 0; number < context.Debugger.Target.Processors; number++)
        {
            counters.Add(await context.Debugger.GetExitCountersAsync(number, context.CancellationToken).ConfigureAwait(false));
        }

        var table = new TextTable(["exits", .. counters.Select(counter => $">processor {Format.Hex(counter.Processor)}"), ">all"]);
        var reasons = new JsonArray();
        for (var reason = 0; reason < LinkProtocol.ExitReasonSlots; reason++)
        {
            var row = counters.Select(counter => counter.Counts[reason]).ToArray();
            var sum = row.Aggregate(0ul, (total, count) => total + count);
            if (sum == 0)
            {
                continue;
            }

            table.Add([ExitReasonText.Of(reason), .. row.Select(Format.Count), Format.Count(sum)]);
            reasons.Add(new JsonObject
            {
                ["reason"] = reason,
                ["name"] = ExitReasonText.Of(reason),
                ["counts"] = new JsonArray([.. row.Select(count => JsonValue.Create(count))]),
            });
        }

        var all = counters.Aggregate(0ul, (total, counter) => total + counter.Total);
        table.Add(["all", .. counters.Select(counter => Format.Count(counter.Total)), Format.Count(all)]);
        table.Add(["share of time in root", .. counters.Select(counter => Share(counter.RootTicks, counter.Ticks)), ""]);
        var frequency = context.Debugger.Target.TickFrequency;
        lines.AddRange(table.Lines().Select(line => new OutputLine(line)));
        lines.AddRange(counters.Where(counter => counter.LongestTicks != 0).Select(counter => new OutputLine(
            $"longest   processor {Format.Hex(counter.Processor)}: {Format.Time(counter.LongestTicks, frequency)}, {ExitReasonText.Of(counter.LongestReason)}")));
        data["longestTicks"] = new JsonArray([.. counters.Select(counter => JsonValue.Create(counter.LongestTicks))]);
        data["longestReason"] = new JsonArray([.. counters.Select(counter => JsonValue.Create(counter.LongestReason))]);
        data["exits"] = reasons;
        data["rootTicks"] = new JsonArray([.. counters.Select(counter => JsonValue.Create(counter.RootTicks))]);
        data["ticks"] = new JsonArray([.. counters.Select(counter => JsonValue.Create(counter.Ticks))]);
    }

    private static string Share(ulong part, ulong whole) =>
        whole == 0 ? "" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{100.0 * part / whole:0.000} %");

    private static Task<CommandResult> CpuAsync(CommandContext context)
    {
        var target = context.Debugger.Target;
        (TargetCapabilities Bit, string Name, string Json)[] features =
        [
            (TargetCapabilities.ModeBasedExecute, "mode-based execute control for EPT (MBEC)", "modeBasedExecute"),
            (TargetCapabilities.ExecuteOnly, "execute-only EPT translations", "executeOnly"),
            (TargetCapabilities.MonitorTrap, "monitor trap flag", "monitorTrap"),
        ];
        var lines = new List<OutputLine>
        {
            new($"{target.Processors} processor(s), time-stamp counter at {Format.Count(target.TickFrequency)} ticks a second"),
        };
        var data = new JsonObject { ["processors"] = target.Processors, ["tickFrequency"] = target.TickFrequency };
        foreach (var (bit, name, json) in features)
        {
            var present = (target.Capabilities & bit) != 0;
            lines.Add(new OutputLine($"{(present ? "supported    " : "not supported")}  {name}"));
            data[json] = present;
        }

        return Task.FromResult(new CommandResult(lines, data));
    }
}
