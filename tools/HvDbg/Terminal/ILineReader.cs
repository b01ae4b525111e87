using System;
using System.Threading;
using System.Threading.Tasks;

namespace HvDbg.Terminal;

/// <summary>Where commands are typed.</summary>
public interface ILineReader
{
    /// <summary>Waits for a line.</summary>
    /// <param name="prompt">What to show in front; asked again when something happened meanwhile.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null at the end of the input.</returns>
    Task<string?> ReadLineAsync(Func<string> prompt, CancellationToken cancellationToken);
}

/// <summary>Lines from a pipe or a file, without editing and without a prompt.</summary>
public sealed class PlainLineReader(System.IO.TextReader reader) : ILineReader
{
    public async Task<string?> ReadLineAsync(Func<string> prompt, CancellationToken cancellationToken) =>
        await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false);
}
