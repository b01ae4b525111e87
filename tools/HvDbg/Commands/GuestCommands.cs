using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Display;
using HvDbg.Output;
using HvKernel.Protocol;

namespace HvDbg.Commands;

/// <summary><c>.process</c>, <c>~</c>, <c>!pte</c>, <c>!va2pa</c>.</summary>
internal static class GuestCommands
{
    private static readonly Positional<uint> Processor = new("processor", ValueKinds.Word("N"), "the processor that becomes the current one");

    internal static IEnumerable<CommandSpec> All =>
    [
        new CommandSpec
        {
            Name = ".process",
            Summary = "list the guest's processes: pid, name, page root",
            Remarks = ["Needs a guest whose OS was recognised; '.status' tells."],
            Run = ListProcessesAsync,
        },
        new CommandSpec
        {
            Name = "~",
            Aliases = ["core"],
            Summary = "list processors, or choose the one that commands mean",
            Parameters = [Processor],
            Examples = ["~", "~ 1"],
            Run = context => context.Arguments.Has(Processor) ? ChooseAsync(context) : ListProcessorsAsync(context),
        },
        new CommandSpec
        {
            Name = "!pte",
            Summary = "show the page-table entries for a virtual address",
            Parameters = [MemoryOptions.RequiredAddress, MemoryOptions.Pid, MemoryOptions.Cr3],
            Examples = ["!pte @rip", "!pte 400000 pid 1c0"],
            Run = WalkAsync,
        },
        new CommandSpec
        {
            Name = "!va2pa",
            Summary = "translate a virtual address to a guest-physical one",
            Parameters = [MemoryOptions.RequiredAddress, MemoryOptions.Pid, MemoryOptions.Cr3],
            Examples = ["!va2pa @rsp"],
            Run = TranslateAsync,
        },
    ];

    private static async Task<CommandResult> ListProcessesAsync(CommandContext context)
    {
        var processes = await context.Debugger.ListProcessesAsync(context.CancellationToken).ConfigureAwait(false);
        var table = new TextTable(">pid", ">decimal", "name", "page root", "");
        foreach (var process in processes.OrderBy(process => process.Pid))
        {
            table.Add(
                Format.Hex(process.Pid),
                $"{process.Pid}",
                process.Name,
                process.PageRoot == 0 ? "" : Format.Address(process.PageRoot),
                process.HasEnded ? "ended" : process.IsKernelThread ? "kernel thread" : "");
        }

        var rows = processes.OrderBy(process => process.Pid).Select(process => new JsonObject
        {
            ["pid"] = process.Pid,
            ["process"] = process.Name,
            ["root"] = Format.Json(process.PageRoot),
            ["task"] = Format.Json(process.Task),
            ["kernelThread"] = process.IsKernelThread,
            ["ended"] = process.HasEnded,
        });
        return new CommandResult(
            [.. table.Lines().Select(line => new OutputLine(line))], new JsonObject { ["processes"] = new JsonArray([.. rows]) });
    }

    private static async Task<CommandResult> ListProcessorsAsync(CommandContext context)
    {
        var processors = await context.Debugger.ListProcessorsAsync(context.CancellationToken).ConfigureAwait(false);
        var current = context.Debugger.CurrentProcessor;
        var table = new TextTable("", ">n", ">apic", "state", ">ring", "rip", "cr3", "view");
        foreach (var processor in processors)
        {
            table.Add(
                processor.Number == current ? "*" : "",
                Format.Hex(processor.Number),
                Format.Hex(processor.ApicId),
                processor.Stopped ? "stopped" : processor.ActivityName,
                $"{processor.Cpl}",
                Format.Address(processor.Rip),
                Format.Address(processor.Cr3),
                processor.ViewName);
        }

        var rows = processors.Select(processor => new JsonObject
        {
            ["processor"] = processor.Number,
            ["apic"] = processor.ApicId,
            ["activity"] = processor.ActivityName,
            ["stopped"] = processor.Stopped,
            ["cpl"] = processor.Cpl,
            ["rip"] = Format.Json(processor.Rip),
            ["cr3"] = Format.Json(processor.Cr3),
            ["view"] = processor.ViewName,
        });
        return new CommandResult(
            [.. table.Lines().Select(line => new OutputLine(line))],
            new JsonObject { ["current"] = current, ["processors"] = new JsonArray([.. rows]) });
    }

    private static async Task<CommandResult> ChooseAsync(CommandContext context)
    {
        var number = context.Arguments.Get(Processor);
        var processors = await context.Debugger.ListProcessorsAsync(context.CancellationToken).ConfigureAwait(false);
        if (processors.All(processor => processor.Number != number))
        {
            throw new TargetException(MessageType.ListProcessors, ReplyStatus.NoSuchProcessor, 0);
        }

        context.Debugger.CurrentProcessor = number;
        return CommandResult.Line($"current processor: {Format.Hex(number)}", new JsonObject { ["current"] = number });
    }

    private static async Task<CommandResult> WalkAsync(CommandContext context)
    {
        var (address, translation) = await WalkTablesAsync(context).ConfigureAwait(false);
        var lines = new List<OutputLine> { new($"VA {Format.Address(address)}") };
        foreach (var step in translation.Steps)
        {
            lines.Add(new OutputLine($"{step.Name,-5} at {Format.Address(step.EntryAddress)}  contains {Format.Address(step.Entry)}{Flags(step)}"));
        }

        if (translation.Mapped)
        {
            lines.Add(new OutputLine($"PA {Format.Address(translation.PhysicalAddress)}, page of {PageSize(translation.PageBytes)}"));
        }

        var steps = translation.Steps.Select(step => new JsonObject
        {
            ["level"] = step.Name,
            ["at"] = Format.Json(step.EntryAddress),
            ["entry"] = Format.Json(step.Entry),
        });
        var data = Data(address, translation);
        data["entries"] = new JsonArray([.. steps]);
        return new CommandResult(lines, data) { Problem = NotMapped(address, translation) };
    }

    private static async Task<CommandResult> TranslateAsync(CommandContext context)
    {
        var (address, translation) = await WalkTablesAsync(context).ConfigureAwait(false);
        return new CommandResult(
            translation.Mapped ? [new OutputLine(Format.Hex(translation.PhysicalAddress))] : [], Data(address, translation))
        {
            Problem = NotMapped(address, translation),
        };
    }

    private static async Task<(ulong Address, Translation Translation)> WalkTablesAsync(CommandContext context)
    {
        var view = await MemoryOptions.ViewAsync(context, physical: false).ConfigureAwait(false);
        var address = await context.Arguments.Get(MemoryOptions.RequiredAddress)
            .EvaluateAsync(context.Debugger, context.CancellationToken)
            .ConfigureAwait(false);
        return (address, await context.Debugger.TranslateAsync(address, view, context.CancellationToken).ConfigureAwait(false));
    }

    private static JsonObject Data(ulong address, Translation translation)
    {
        var data = new JsonObject { ["virtual"] = Format.Json(address), ["mapped"] = translation.Mapped };
        if (translation.Mapped)
        {
            data["physical"] = Format.Json(translation.PhysicalAddress);
            data["pageBytes"] = translation.PageBytes;
        }

        return data;
    }

    private static string? NotMapped(ulong address, Translation translation) =>
        translation.Mapped ? null : $"{Format.Address(address)}: {RefusalText.Of(MessageType.Translate, ReplyStatus.NotMapped, 0)}";

    private static string PageSize(ulong bytes) => bytes switch
    {
        0x1000 => "4 KiB",
        0x20_0000 => "2 MiB",
        0x40_0000 => "4 MiB",
        0x4000_0000 => "1 GiB",
        _ => $"{Format.Hex(bytes)} bytes",
    };

    // SDM vol. 3A, "4-Level Paging": present, writable, user, accessed, dirty, large page, execute-disable.
    private static string Flags(TranslationStep step)
    {
        (int Bit, string Name)[] names = [(0, "P"), (1, "W"), (2, "U"), (5, "A"), (6, "D"), (7, "large"), (63, "XD")];
        var isLarge = step.Level is 2 or 3 && (step.Entry & 0x80) != 0;
        var set = names
            .Where(flag => (step.Entry >> flag.Bit & 1) != 0)
            .Where(flag => flag.Bit switch { 6 => step.Level == 1 || isLarge, 7 => isLarge, _ => true })
            .Select(flag => flag.Name)
            .ToList();

        return set.Count == 0 ? "" : $"  {string.Join(' ', set)}";
    }
}
