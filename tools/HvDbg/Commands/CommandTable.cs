using System;
using System.Collections.Generic;
using System.Linq;

namespace HvDbg.Commands;

/// <summary>All commands.</summary>
public sealed class CommandTable
{
    private readonly Dictionary<string, CommandSpec> _byName = new(StringComparer.OrdinalIgnoreCase);

    public CommandTable(IReadOnlyList<CommandSpec> commands)
    {
        Commands = commands;
        foreach (var command in commands)
        {
            foreach (var name in command.Names)
            {
                _byName.Add(name, command);
            }
        }
    }

    /// <summary>The commands of this console.</summary>
    public static CommandTable Default { get; } = new(
    [
        .. ModeCommands.All,
        .. EventCommands.All,
        .. OutputCommands.All,
        .. ScriptCommands.All,
        .. ExecutionCommands.All,
        .. StepCommands.All,
        .. BreakpointCommands.All,
        .. RegisterCommands.All,
        .. MemoryCommands.All,
        .. DisassemblyCommands.All,
        .. GuestCommands.All,
        .. StatusCommands.All,
        .. LogCommands.All,
        .. BatchCommands.All,
        .. HelpCommands.All,
    ]);

    public IReadOnlyList<CommandSpec> Commands { get; }

    public CommandSpec? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The name that a mistyped one may have meant: one letter away, or with the sign in front forgotten.</summary>
    public string? Nearest(string name)
    {
        var lower = name.ToLowerInvariant();
        return _byName.Keys.FirstOrDefault(known => known.TrimStart('!', '.') == lower.TrimStart('!', '.'))
            ?? (lower.Length < 3 ? null : _byName.Keys.FirstOrDefault(known => known.Length >= 3 && Distance(known, lower) == 1));
    }

    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var corner = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var replaced = corner + (one[i - 1] == other[j - 1] ? 0 : 1);
                corner = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j - 1], row[j]) + 1);
            }
        }

        return row[other.Length];
    }
}
