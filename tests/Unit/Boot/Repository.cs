using System;
using System.IO;

namespace HvKernel.Tests.Boot;

/// <summary>Files of the project that tests read as they are.</summary>
public static class Repository
{
    /// <summary>The text of a file, by its path from the project's root.</summary>
    public static string Read(string path) => File.ReadAllText(Locate(path));

    public static string Locate(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Directory.Packages.props")))
                return Path.Combine(folder.FullName, path);
        }
        throw new InvalidOperationException("The tests do not run inside the project's folder.");
    }
}
