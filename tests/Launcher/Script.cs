using System.Diagnostics;
using System.IO;
using System.Reflection;
using System.Linq;

namespace HvKernel.Launcher.Tests;

/// <summary>Runs a script of the checkout to its end.</summary>
internal static class Script
{
    public static readonly string Root = typeof(Script).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    public static (int Status, string Error) Run(string path, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Root, path), arguments)
        {
            RedirectStandardError = true,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEnd();
        output.Wait();
        process.WaitForExit();
        return (process.ExitCode, error);
    }
}
