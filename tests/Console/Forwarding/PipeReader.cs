using System.Collections.Generic;
using System.IO;
using System.Threading.Tasks;

namespace HvDbg.Tests.Forwarding;

/// <summary>Reads a named pipe, as <c>cat</c> does. Opening waits for a writer.</summary>
internal sealed class PipeReader : System.IDisposable
{
    private readonly FileStream _stream;
    private readonly StreamReader _text;

    private PipeReader(string path)
    {
        _stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        _text = new StreamReader(_stream, bufferSize: 128);
    }

    internal static Task<PipeReader> OpenAsync(string path) => Task.Run(() => new PipeReader(path)).Soon();

    /// <summary>Reads so many lines, and then no further than the buffer is long.</summary>
    internal Task<List<string>> TakeAsync(int count) => Task.Run(() => Take(count)).Soon();

    /// <summary>Reads to the end.</summary>
    internal Task<List<string>> RestAsync() => TakeAsync(int.MaxValue);

    public void Dispose() => _text.Dispose();

    private List<string> Take(int count)
    {
        var lines = new List<string>();
        while (lines.Count < count && _text.ReadLine() is { } line)
        {
            lines.Add(line);
        }

        return lines;
    }
}
