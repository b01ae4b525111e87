using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Output;
using RadLine;
using Spectre.Console;

namespace HvDbg.Terminal;

/// <summary>
/// A terminal with line editing, history and completion, on which output may appear at any time: while a line is being edited, output is
/// written by the editor's own loop, above the line, which is drawn again below. Nothing else writes to the terminal meanwhile.
/// </summary>
public sealed class EditorTerminal : IConsoleOutput, ILineReader
{
    private const string EraseLine = "\r\e[2K";

    private readonly IAnsiConsole _console;
    private readonly History _history;
    private readonly Feed _feed;
    private readonly LineEditor _editor;
    private readonly Lock _lock = new();
    private readonly StringBuilder _pending = new();
    private Func<string> _prompt = () => "";
    private bool _editing;

    public EditorTerminal(IAnsiConsole console, IKeySource keys, History history, IEnumerable<string> completions)
    {
        _console = console;
        _history = history;
        _feed = new Feed(this, keys);
        _editor = new LineEditor(console, _feed)
        {
            Prompt = new LivePrompt(this),
            Completion = new CommandCompletion([.. completions]),
        };
        _editor.KeyBindings.Add<PreviousHistoryCommand>(ConsoleKey.UpArrow);
        _editor.KeyBindings.Add<NextHistoryCommand>(ConsoleKey.DownArrow);
        _editor.KeyBindings.Add(ConsoleKey.D, ConsoleModifiers.Control, () => new EndOfInputCommand());
        foreach (var line in history.Lines)
        {
            _editor.History.Add(line);
        }
    }

    public void Write(Report report)
    {
        var text = Styled(report);
        if (text.Length == 0)
        {
            _feed.Wake();
            return;
        }

        lock (_lock)
        {
            if (_editing)
            {
                _pending.Append(text);
            }
            else
            {
                _console.Profile.Out.Writer.Write(text);
                _console.Profile.Out.Writer.Flush();
            }
        }

        _feed.Wake();
    }

    public async Task<string?> ReadLineAsync(Func<string> prompt, CancellationToken cancellationToken)
    {
        _prompt = prompt;
        lock (_lock)
        {
            _editing = true;
        }

        try
        {
            var line = await _editor.ReadLine(cancellationToken).ConfigureAwait(false);
            if (!string.IsNullOrWhiteSpace(line))
            {
                _history.Add(line);
            }

            return line;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        finally
        {
            lock (_lock)
            {
                _editing = false;
                _console.Profile.Out.Writer.Write(_pending.ToString());
                _console.Profile.Out.Writer.Flush();
                _pending.Clear();
            }
        }
    }

    private static string Styled(Report report)
    {
        var text = new StringBuilder();
        foreach (var line in report.Lines)
        {
            var code = line.Style switch
            {
                LineStyle.Dim => "\e[2m",
                LineStyle.Event => "\e[36m",
                LineStyle.Error => "\e[31m",
                LineStyle.Warning => "\e[33m",
                _ => "",
            };
            text.Append(code).Append(line.Text).Append(code.Length > 0 ? "\e[0m" : "").Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Writes what waits, in the place of the line that is being edited.</summary>
    /// <returns>Whether the line has to be drawn again.</returns>
    private bool WritePending()
    {
        lock (_lock)
        {
            if (_pending.Length == 0)
            {
                return false;
            }

            _console.Profile.Out.Writer.Write(EraseLine);
            _console.Profile.Out.Writer.Write(_pending.ToString());
            _console.Profile.Out.Writer.Flush();
            _pending.Clear();
            return true;
        }
    }

    /// <summary>
    /// The editor's input. The editor draws its line again after each key; where output was written over it, or the prompt changed, it is
    /// given a key that does nothing.
    /// </summary>
    private sealed class Feed(EditorTerminal owner, IKeySource keys) : IInputSource
    {
        private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
        private static readonly ConsoleKeyInfo Nothing = new('\0', ConsoleKey.NoName, shift: false, alt: false, control: false);

        private readonly Queue<ConsoleKeyInfo> _next = new();
        private string _shown = "";
        private bool _idle;

        public bool ByPassProcessing => false;

        public bool IsKeyAvailable()
        {
            if (_idle)
            {
                // The editor asks in a loop; it may wait here, but not right after a key, which it has not shown yet.
                keys.Wait(Interval);
            }

            while (keys.TryTake(out var key))
            {
                _next.Enqueue(key);
            }

            if (_next.Count == 0 && (owner.WritePending() || PromptChanged()))
            {
                _next.Enqueue(Nothing);
            }

            _idle = _next.Count == 0;
            return !_idle;
        }

        public ConsoleKeyInfo ReadKey() => _next.Dequeue();

        internal void Shown(string prompt) => _shown = prompt;

        // Once for each change: the editor asks again before it draws.
        private bool PromptChanged()
        {
            var before = _shown;
            _shown = owner._prompt();
            return before != _shown;
        }

        internal void Wake() => keys.Wake();
    }

    private sealed class LivePrompt(EditorTerminal owner) : ILineEditorPrompt
    {
        public (Markup Markup, int Margin) GetPrompt(ILineEditorState state, int line)
        {
            var prompt = owner._prompt();
            owner._feed.Shown(prompt);
            return (new Markup(Markup.Escape(prompt.TrimEnd())), prompt.Length - prompt.TrimEnd().Length);
        }
    }

    private sealed class EndOfInputCommand : LineEditorCommand
    {
        public override void Execute(LineEditorContext context)
        {
            if (context.Buffer.Length == 0)
            {
                context.Submit(SubmitAction.Cancel);
            }
        }
    }

    /// <summary>Completes the command's name.</summary>
    private sealed class CommandCompletion(string[] names) : ITextCompletion
    {
        public IEnumerable<string>? GetCompletions(string prefix, string word, string suffix) => prefix.Length > 0
            ? null
            : names.Where(name => name.StartsWith(word, StringComparison.OrdinalIgnoreCase));
    }
}
