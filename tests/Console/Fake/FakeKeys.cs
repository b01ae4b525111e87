using System;
using System.Collections.Concurrent;
using System.Threading;
using HvDbg.Terminal;

namespace HvDbg.Tests.Fake;

/// <summary>A person's keys.</summary>
internal sealed class FakeKeys : IKeySource
{
    private readonly ConcurrentQueue<ConsoleKeyInfo> _keys = new();
    private readonly AutoResetEvent _signal = new(false);

    public bool TryTake(out ConsoleKeyInfo key) => _keys.TryDequeue(out key);

    public void Wait(TimeSpan time) => _signal.WaitOne(time);

    public void Wake() => _signal.Set();

    internal void Type(string text)
    {
        foreach (var character in text)
        {
            _keys.Enqueue(character == '\n'
                ? new ConsoleKeyInfo('\r', ConsoleKey.Enter, false, false, false)
                : new ConsoleKeyInfo(character, 0, false, false, false));
        }

        _signal.Set();
    }

    internal void Press(ConsoleKey key, bool control = false)
    {
        _keys.Enqueue(new ConsoleKeyInfo('\0', key, false, false, control));
        _signal.Set();
    }
}
