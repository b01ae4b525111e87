using System.Collections.Generic;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Output;
using HvKernel.Protocol;

namespace HvDbg.Display;

/// <summary>What happens by itself, made readable.</summary>
public static class EventDisplay
{
    /// <summary>The reports of one thing that happened.</summary>
    /// <param name="item">What happened.</param>
    /// <param name="symbols">Names of the guest's addresses.</param>
    /// <param name="image">Names of HvKernel's own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<IReadOnlyList<Report>> RenderAsync(
        TargetEvent item, GuestSymbols symbols, ImageAnnotator image, CancellationToken cancellationToken)
    {
        switch (item)
        {
            case StopEvent stop:
                return [await StopDisplay.RenderAsync(stop, symbols, cancellationToken).ConfigureAwait(false)];
            case TransitionsEvent transitions:
                return await RenderAsync(transitions, symbols, cancellationToken).ConfigureAwait(false);
            case NoticeEvent notice:
                return [Notice(notice)];
            case BufferEvent buffer:
                return [CodeDisplay.Render(buffer)];
            case CodeFaultEvent fault:
                return [CodeDisplay.Render(fault)];
            case BufferLostEvent lost:
                return [Lost(lost)];
            case TextEvent text:
                return Text(text.Line, image);
            case ContinuedEvent:
                return [new Report([], new JsonObject { ["type"] = "continued" })];
            case ResetEvent reset:
                return [One("the machine was reset: its events are gone", LineStyle.Warning, "reset", ("boot", Format.Json(reset.BootId)))];
            case MessagesLostEvent messages:
                return [One($"{messages.Count} messages of the target were lost on the line", LineStyle.Warning, "lost", ("count", messages.Count))];
            case MessagesDroppedEvent dropped:
                return
                [
                    One(
                        $"the target dropped {dropped.Count} messages: its queue was full, or they were flushed",
                        LineStyle.Warning,
                        "dropped",
                        ("count", dropped.Count),
                        ("total", dropped.Total)),
                ];
            case LinkStateEvent link:
                return [Link(link)];
            default:
                return [];
        }
    }

    private static async Task<IReadOnlyList<Report>> RenderAsync(
        TransitionsEvent transitions, GuestSymbols symbols, CancellationToken cancellationToken)
    {
        var reports = new List<Report>(transitions.Transitions.Count);
        foreach (var transition in transitions.Transitions)
        {
            var symbol = await symbols.DescribeAsync(transition.Rip, cancellationToken).ConfigureAwait(false);
            var line = $"event {Format.Hex(transition.EventId)}  processor {Format.Hex(transition.Processor)}  " +
                $"{StopDisplay.Reached(transition.Context),-14}  {Format.Address(transition.Rip)}  tick {Format.Hex(transition.Tick)}";
            var data = new JsonObject
            {
                ["type"] = "transition",
                ["event"] = transition.EventId,
                ["context"] = transition.Context,
                ["processor"] = transition.Processor,
                ["rip"] = Format.Json(transition.Rip),
                ["tick"] = Format.Json(transition.Tick),
            };
            if (symbol is not null)
            {
                line += $"  {symbol}";
                data["symbol"] = symbol;
            }

            reports.Add(new Report([new OutputLine(line, LineStyle.Event)], data));
        }

        return reports;
    }

    private static IReadOnlyList<Report> Text(string line, ImageAnnotator image)
    {
        var annotated = image.Annotate(line, out var problem);
        var report = annotated == line
            ? One(line, LineStyle.Dim, "text", ("line", line))
            : One(annotated, LineStyle.Dim, "text", ("line", line), ("annotated", annotated));
        return problem is null ? [report] : [report, One(problem, LineStyle.Warning, "warning", ("message", problem))];
    }

    private static Report Notice(NoticeEvent notice)
    {
        var (name, words) = notice.Kind switch
        {
            EventNoticeKind.ProcessExited => ("process-exited", "ended; the event will not trigger again"),
            EventNoticeKind.ExecFollowed => ("exec-followed", "runs another program now and is watched on"),
            EventNoticeKind.Parked => ("parked", "is held at the edge of user mode until the event is disabled or cleared"),
            EventNoticeKind.Released => ("released", "goes on"),
            EventNoticeKind.KernelHoldEnded => ("kernel-hold-ended", "was held back from the kernel for as long as is allowed; the event short-circuits no longer"),
            _ => ($"notice-{(uint)notice.Kind}", $"sent notice {(uint)notice.Kind}"),
        };
        return One(
            $"event {Format.Hex(notice.EventId)}: the process {notice.ProcessName} {words}",
            LineStyle.Event,
            "notice",
            ("event", notice.EventId),
            ("notice", name),
            ("process", notice.ProcessName),
            ("tick", Format.Json(notice.Tick)));
    }

    private static Report Lost(BufferLostEvent lost) => One(
        $"event {Format.Hex(lost.EventId)}: a buffer of action {Format.Hex((ulong)lost.Action)} was lost on the line in part " +
        $"(0x{Format.Hex((ulong)lost.Received)} of 0x{Format.Hex((ulong)lost.Total)} bytes came)",
        LineStyle.Warning,
        "buffer-lost",
        ("event", lost.EventId),
        ("action", lost.Action),
        ("received", lost.Received),
        ("total", lost.Total),
        ("tick", Format.Json(lost.Tick)));

    private static Report Link(LinkStateEvent link)
    {
        var (name, words, style) = link.State switch
        {
            LinkState.Up => ("up", "the target answers again", LineStyle.Event),
            LinkState.Silent => ("silent", "the target does not answer", LineStyle.Warning),
            LinkState.Lost => ("lost", $"{link.Reason}; trying to open it again", LineStyle.Warning),
            _ => ("refused", link.Reason, LineStyle.Error),
        };
        return One(words, style, "link", ("state", name), ("reason", link.Reason));
    }

    private static Report One(string line, LineStyle style, string type, params (string Name, JsonNode? Value)[] fields)
    {
        var data = new JsonObject { ["type"] = type };
        foreach (var (name, value) in fields)
        {
            data[name] = value;
        }

        return new Report([new OutputLine(line, style)], data);
    }
}
