using System.IO;
using System.Threading;

namespace HvDbg.Output;

/// <summary>Lines without colours, for files, pipes and tests. Errors go to a writer of their own.</summary>
public sealed class PlainOutput(TextWriter writer, TextWriter errors) : IConsoleOutput
{
    private readonly Lock _lock = new();

    public void Write(Report report)
    {
        lock (_lock)
        {
            foreach (var line in report.Lines)
            {
                (line.Style == LineStyle.Error ? errors : writer).WriteLine(line.Text);
            }

            writer.Flush();
            errors.Flush();
        }
    }
}
