using System;
using System.IO;

namespace HvDbg.Client.Script.Syntax;

/// <summary>The files that scripts include.</summary>
public interface IScriptFiles
{
    /// <summary>A file's full path, which is the same however the file is named.</summary>
    /// <param name="path">As it stands in the <c>#include</c>.</param>
    /// <param name="includingFile">The file that includes it; empty: the text of a command.</param>
    string FullPath(string path, string includingFile);

    /// <summary>The file's text.</summary>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    string Read(string fullPath);
}

/// <summary>Files on this machine's disks.</summary>
public sealed class ScriptFiles : IScriptFiles
{
    /// <summary>A script is not larger than this: something else was named by mistake.</summary>
    private const long MostBytes = 4 << 20;

    public static ScriptFiles OnDisk { get; } = new();

    public string FullPath(string path, string includingFile) =>
        Path.GetFullPath(path, includingFile.Length == 0 ? Environment.CurrentDirectory : Path.GetDirectoryName(Path.GetFullPath(includingFile))!);

    public string Read(string fullPath)
    {
        try
        {
            return new FileInfo(fullPath) is { Exists: true, Length: > MostBytes }
                ? throw new IOException("the file is larger than 4 MiB")
                : File.ReadAllText(fullPath);
        }
        catch (FileNotFoundException)
        {
            throw new IOException("there is no such file");
        }
        catch (DirectoryNotFoundException)
        {
            throw new IOException("there is no such folder");
        }
        catch (UnauthorizedAccessException)
        {
            throw new IOException("it is a folder, or may not be read");
        }
    }
}
