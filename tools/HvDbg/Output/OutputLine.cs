using System.Collections.Generic;
using System.Text.Json.Nodes;

namespace HvDbg.Output;

/// <summary>How a line looks on a terminal.</summary>
public enum LineStyle
{
    Normal,

    /// <summary>Text of the target and of the guest.</summary>
    Dim,

    /// <summary>Something that happened by itself.</summary>
    Event,

    /// <summary>A failed command.</summary>
    Error,

    /// <summary>Something that is lost or will not work as expected.</summary>
    Warning,
}

/// <summary>One line without its end.</summary>
public readonly record struct OutputLine(string Text, LineStyle Style = LineStyle.Normal);

/// <summary>Something to be shown: lines for people, an object for programs.</summary>
public sealed record Report(IReadOnlyList<OutputLine> Lines, JsonObject Data);
