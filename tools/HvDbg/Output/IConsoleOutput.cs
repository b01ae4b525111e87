namespace HvDbg.Output;

/// <summary>Where reports go. Called from several threads; a report's lines stay together.</summary>
public interface IConsoleOutput
{
    void Write(Report report);
}
