using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Output;
using HvKernel.Protocol;

namespace HvDbg.Commands;

/// <summary><c>.log</c>.</summary>
internal static class LogCommands
{
    private static readonly Positional<LogBoot> Boot = new("boot", ValueKinds.Choice(("previous", LogBoot.Previous)), "the boot before this one, where memory has kept its messages over the reset");

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = ".log",
            Summary = "the last messages that the target keeps in memory: boot text, notices, panics",
            Parameters = [Boot],
            Remarks =
            [
                "Addresses of HvKernel's own image (image+OFFSET) get the names of methods and source lines from hvkernel.pdb, here and in text that comes by itself:",
                "the file beside the console, in the folder above it or in out, or the one that HVDBG_IMAGE_PDB names. It must be of the same build.",
            ],
            Examples = [".log", ".log previous"],
            Run = ShowAsync,
        },
    ];

    private static async Task<CommandResult> ShowAsync(CommandContext context)
    {
        var isPrevious = context.Arguments.Has(Boot);
        var text = await context.Debugger.ReadLogAsync(isPrevious ? LogBoot.Previous : LogBoot.Current, context.CancellationToken).ConfigureAwait(false);
        var image = new ImageAnnotator(isPrevious ? "" : context.Debugger.Target.BuildId);
        var lines = new List<OutputLine>();
        foreach (var line in text.Split('\n').Where(line => line.Length > 0))
        {
            lines.Add(new OutputLine(image.Annotate(line, out var problem)));
            if (problem is not null)
            {
                lines.Add(new OutputLine(problem, LineStyle.Warning));
            }
        }

        var data = new JsonObject { ["previous"] = isPrevious, ["lines"] = new JsonArray([.. lines.Select(line => JsonValue.Create(line.Text))]) };
        return lines.Count > 0
            ? new CommandResult(lines, data)
            : CommandResult.Line(isPrevious ? "nothing is left of the boot before" : "the target has found no room for a log", data);
    }
}
