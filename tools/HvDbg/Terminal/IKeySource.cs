using System;

namespace HvDbg.Terminal;

/// <summary>Where keys come from.</summary>
public interface IKeySource
{
    /// <summary>Takes the next key that was pressed, if there is one.</summary>
    bool TryTake(out ConsoleKeyInfo key);

    /// <summary>Waits until a key was pressed, <see cref="Wake"/> was called, or the time is over.</summary>
    void Wait(TimeSpan time);

    /// <summary>Ends a <see cref="Wait"/>.</summary>
    void Wake();
}
