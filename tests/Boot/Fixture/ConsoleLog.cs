using System;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary>
/// Text that grows, and is waited for. Each wait goes on behind the match of the one before, so that a line which comes twice is
/// found twice. Carriage returns and terminal control sequences are left out.
/// </summary>
public sealed partial class ConsoleLog
{
    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _unfinished = "";
    private bool _complete;
    private int _position;

    /// <summary>All that came so far.</summary>
    public string Text
    {
        get
        {
            lock (_lock)
            {
                return _text.ToString();
            }
        }
    }

    /// <summary>The last lines.</summary>
    public string Tail(int lines)
    {
        var text = Text.TrimEnd('\n');
        var start = text.Length;
        for (var i = 0; i < lines && start > 0; i++)
        {
            start = text.LastIndexOf('\n', start - 1);
            if (start < 0)
            {
                return text;
            }
        }

        return text[Math.Min(start + 1, text.Length)..];
    }

    /// <summary>Waits until <paramref name="pattern"/> matches behind the last match.</summary>
    /// <exception cref="TimeoutException">It did not, in this time.</exception>
    /// <exception cref="InvalidOperationException">It did not, and no more text comes.</exception>
    public async Task<Match> WaitAsync(Regex pattern, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        while (true)
        {
            Task grown;
            lock (_lock)
            {
                var match = pattern.Match(_text.ToString(), _position);
                if (match.Success)
                {
                    _position = match.Index + match.Length;
                    return match;
                }

                if (_complete)
                {
                    throw new InvalidOperationException($"the guest console ended without /{pattern}/");
                }

                grown = _grown.Task;
            }

            try
            {
                await grown.WaitAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"no /{pattern}/ on the guest console within {timeout.TotalSeconds:0} s");
            }
        }
    }

    internal void Add(string text)
    {
        lock (_lock)
        {
            // A control sequence may be cut in two.
            text = _unfinished + text;
            var escape = text.LastIndexOf('\e');
            _unfinished = escape >= 0 && !ControlSequence().Match(text, escape).Success ? text[escape..] : "";
            _text.Append(ControlSequence().Replace(text[..^_unfinished.Length], "").Replace("\r", "", StringComparison.Ordinal));
            Signal();
        }
    }

    /// <summary>No more text comes.</summary>
    internal void Complete()
    {
        lock (_lock)
        {
            _complete = true;
            Signal();
        }
    }

    private void Signal()
    {
        _grown.TrySetResult();
        _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [GeneratedRegex(@"\e(\[[0-9;?=]*[A-Za-z]|[^\[])")]
    private static partial Regex ControlSequence();
}
