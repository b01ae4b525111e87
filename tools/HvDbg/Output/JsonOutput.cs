using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading;

namespace HvDbg.Output;

/// <summary>One JSON object a line.</summary>
public sealed class JsonOutput(TextWriter writer) : IConsoleOutput
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _lock = new();

    public void Write(Report report)
    {
        var line = report.Data.ToJsonString(Options);
        lock (_lock)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }
}
