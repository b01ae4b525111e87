using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using HvDbg.Client;
using HvDbg.Client.Script;
using HvDbg.Client.Script.Code;
using HvDbg.Output;

namespace HvDbg.Display;

/// <summary>What scripts print, and how they fail.</summary>
public static class ScriptDisplay
{
    /// <summary>A message: its lines, and nothing else.</summary>
    public static Report Render(PrintEvent printed, string text)
    {
        var lines = (text.EndsWith('\n') ? text[..^1] : text).Split('\n');
        var data = new JsonObject
        {
            ["type"] = "print",
            ["event"] = printed.EventId,
            ["action"] = printed.Action,
            ["context"] = printed.Context,
            ["processor"] = printed.Processor,
            ["tick"] = Format.Json(printed.Tick),
            ["text"] = text,
        };
        return new Report([.. lines.Select(line => new OutputLine(line, LineStyle.Event))], data);
    }

    /// <summary>A failure at run time: what happened, and the place in the script with a caret.</summary>
    public static Report Render(CodeFaultEvent fault, CompiledScript script)
    {
        var why = CodeDisplay.Why(fault);
        var lines = new List<string> { $"event {Format.Hex(fault.EventId)}: its script failed, and it is disabled" };
        lines.AddRange(ScriptFault.Lines(why, fault, script));
        var data = CodeDisplay.ToJson(fault);
        if (ScriptFault.Place(fault, script) is { } place)
        {
            (data["line"], data["column"]) = place.Position;
            data["source"] = place.Source.Line(place.Position.Line);
        }

        return new Report([.. lines.Select(line => new OutputLine(line, LineStyle.Warning))], data);
    }

    /// <summary>A script's code with the lines of its text where they begin.</summary>
    public static IEnumerable<string> Listing(CompiledScript script, IEnumerable<(int Offset, string Text)> instructions)
    {
        var shown = (Source: "", Line: 0);
        foreach (var (offset, text) in instructions)
        {
            if (script.SpanOf(offset) is { } span && (span.Source.Name, span.Position.Line) is var place && place != shown)
            {
                shown = place;
                yield return $"{(place.Name.Length > 0 ? place.Name + ":" : "")}{place.Line}: {span.Source.Line(place.Line).Trim()}";
            }

            yield return text;
        }
    }
}
