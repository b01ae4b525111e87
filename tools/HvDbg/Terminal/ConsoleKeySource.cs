using System;
using System.Collections.Concurrent;
using System.Threading;

namespace HvDbg.Terminal;

/// <summary>
/// Keys of the terminal, read on a thread of their own: while a read is under way the terminal does not echo, so that what is typed during
/// a command does not end up in the middle of its output, and is not lost either.
/// </summary>
public sealed class ConsoleKeySource : IKeySource
{
    private readonly ConcurrentQueue<ConsoleKeyInfo> _keys = new();
    private readonly AutoResetEvent _signal = new(false);

    public ConsoleKeySource()
    {
        var thread = new Thread(Run) { IsBackground = true, Name = "keys" };
        thread.Start();
    }

    public bool TryTake(out ConsoleKeyInfo key) => _keys.TryDequeue(out key);

    public void Wait(TimeSpan time)
    {
        if (_keys.IsEmpty)
        {
            _signal.WaitOne(time);
        }
    }

    public void Wake() => _signal.Set();

    private void Run()
    {
        try
        {
            while (true)
            {
                _keys.Enqueue(Console.ReadKey(intercept: true));
                _signal.Set();
            }
        }
        catch (InvalidOperationException)
        {
            // The terminal went away: end of input, as Ctrl+D.
            _keys.Enqueue(new ConsoleKeyInfo('\u0004', ConsoleKey.D, shift: false, alt: false, control: true));
            _signal.Set();
        }
    }
}
