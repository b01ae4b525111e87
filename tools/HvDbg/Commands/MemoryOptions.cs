using System.Linq;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Language;
using HvKernel.Protocol;

namespace HvDbg.Commands;

/// <summary>What commands about memory have in common: the address, the length, and whose addresses are meant.</summary>
internal static class MemoryOptions
{
    /// <summary>Longest range of one command; a serial line needs a minute and a half for it.</summary>
    internal const uint LongestRange = 0x10_0000;

    internal static readonly Positional<AddressExpression> Address =
        new("address", ValueKinds.Address, "where to begin: number, @register or kernel symbol, joined by + and -");

    internal static readonly Positional<AddressExpression> RequiredAddress =
        new("address", ValueKinds.Address, "number, @register or kernel symbol, joined by + and -") { IsRequired = true };

    internal static readonly Option<uint> Length =
        new("l", new ValueKind<uint>("LEN", Number.Expected(32), ReadLength), "bytes");

    internal static readonly Option<uint> Pid =
        new("pid", ValueKinds.Word("X"), "addresses of this process instead of the running one") { Group = "space" };

    internal static readonly Option<ulong> Cr3 =
        new("cr3", ValueKinds.Quad("X"), "addresses through the page tables at this CR3 value") { Group = "space" };

    /// <summary>Whose addresses the command means.</summary>
    internal static async Task<MemoryView> ViewAsync(CommandContext context, bool physical)
    {
        if (physical)
        {
            return MemoryView.Physical;
        }

        if (context.Arguments.Find(Cr3) is { } cr3)
        {
            return MemoryView.Root(cr3);
        }

        return context.Arguments.Find(Pid) is { } pid ? await ViewOfPidAsync(context, pid).ConfigureAwait(false) : default;
    }

    /// <summary>The addresses of a process.</summary>
    internal static async Task<MemoryView> ViewOfPidAsync(CommandContext context, uint pid)
    {
        var processes = await context.Debugger.ListProcessesAsync(context.CancellationToken).ConfigureAwait(false);
        var process = processes.FirstOrDefault(candidate => candidate.Pid == pid)
            ?? throw new TargetException(MessageType.ListProcesses, ReplyStatus.NoSuchProcess, 0);
        return process.PageRoot != 0
            ? MemoryView.Root(process.PageRoot)
            : throw new DebuggerException($"pid {pid:x} ({process.Name}) has no address space of its own");
    }

    /// <summary>Says which address a failure is about.</summary>
    internal static string Problem(ulong address, TargetException refusal) => $"{Display.Format.Address(address)}: {refusal.Message}";

    private static uint ReadLength(string name, TokenReader reader)
    {
        var position = reader.Position;
        var length = Number.Require(name, reader.Take(), 32);
        return length is 0 or > LongestRange
            ? throw new CommandSyntaxException($"{name}: expected a length from 1 to {LongestRange:x}", position)
            : (uint)length;
    }
}
