using System.Collections.Generic;
using System.Linq;

namespace HvDbg.Forwarding;

/// <summary>An event whose messages go to outputs, and how many came.</summary>
internal sealed class Attachment(uint id, IReadOnlyList<Sink> sinks)
{
    internal uint Id => id;

    internal ulong Records { get; set; }

    internal ulong Buffers { get; set; }

    internal ulong Prints { get; set; }

    internal ulong Faults { get; set; }

    internal AttachmentFigures Figures => new(id, Records, Buffers, Prints, Faults, [.. sinks.Select(sink => sink.Name)]);

    /// <summary>Offers a message to all outputs.</summary>
    /// <returns>Whether one of them is open.</returns>
    internal bool Offer(byte[] line)
    {
        var taken = false;
        foreach (var sink in sinks)
        {
            taken |= sink.Offer(line);
        }

        return taken;
    }
}

/// <summary>What came from an event with outputs since it was registered.</summary>
/// <param name="Id">The event.</param>
/// <param name="Records">Transitions.</param>
/// <param name="Buffers">Buffers that arrived whole.</param>
/// <param name="Prints">Messages of its scripts.</param>
/// <param name="Faults">Failures of its code.</param>
/// <param name="Outputs">Its outputs by name.</param>
public sealed record AttachmentFigures(uint Id, ulong Records, ulong Buffers, ulong Prints, ulong Faults, IReadOnlyList<string> Outputs);
