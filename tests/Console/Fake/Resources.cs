using System.IO;

namespace HvDbg.Tests.Fake;

/// <summary>Files of the project that tests compare with the code.</summary>
internal static class Resources
{
    internal static string Read(string name)
    {
        using var stream = typeof(Resources).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
