using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading.Tasks;

namespace HvDbg.Commands;

/// <summary>A row of the table that commands are parsed by, carried out by, and explained by.</summary>
public sealed record CommandSpec
{
    public required string Name { get; init; }

    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>One line for the list of commands.</summary>
    public required string Summary { get; init; }

    public IReadOnlyList<Parameter> Parameters { get; init; } = [];

    /// <summary>Further lines of <c>.help COMMAND</c>.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    public IReadOnlyList<string> Examples { get; init; } = [];

    public required Func<CommandContext, Task<CommandResult>> Run { get; init; }

    /// <summary>The name and the aliases.</summary>
    public IEnumerable<string> Names => Aliases.Prepend(Name);

    /// <summary>How the command is written.</summary>
    public string Syntax
    {
        get
        {
            var text = new StringBuilder(Name);
            for (var i = 0; i < Parameters.Count;)
            {
                var first = Parameters[i];
                var members = first.Group is null ? 1 : Parameters.Skip(i).TakeWhile(other => other.Group == first.Group).Count();
                var shape = string.Join('|', Parameters.Skip(i).Take(members).Select(member => member.Shape));
                text.Append(' ').Append((first.IsRequired, members) switch
                {
                    (true, 1) => shape,
                    (true, _) => $"{{{shape}}}",
                    _ => $"[{shape}]",
                });
                i += members;
            }

            return text.ToString();
        }
    }
}
