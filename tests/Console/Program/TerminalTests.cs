using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Output;
using HvDbg.Session;
using HvDbg.Terminal;
using HvDbg.Tests.Fake;
using HvKernel.Protocol;
using Shouldly;
using Spectre.Console;
using Xunit;

namespace HvDbg.Tests.Program;

/// <summary>What a person sees who types while things happen.</summary>
public class TerminalTests
{
    private const int Width = 60;

    private readonly Screen _screen = new(Width);
    private readonly FakeKeys _keys = new();

    [Fact]
    public async Task Output_appears_above_the_line_that_is_being_typed()
    {
        var terminal = MakeTerminal();
        var reading = terminal.ReadLineAsync(() => "HvDbg> ", CancellationToken.None);
        _keys.Type("!mode u ");
        await Until(() => _screen.Rows[^2..].Contains("HvDbg> !mode u"));
        terminal.Write(Lines("one event", "and its second line"));
        await Until(() => _screen.Rows.Contains("and its second line"));
        _keys.Type("pid 1c0");
        terminal.Write(Lines("another"));
        await Until(() => _screen.Rows.Contains("another") && _screen.Rows.Contains("HvDbg> !mode u pid 1c0"));
        var (row, column) = _screen.Cursor;
        (_screen.Rows[row], column).ShouldBe(("HvDbg> !mode u pid 1c0", "HvDbg> !mode u pid 1c0".Length));
        _keys.Type("\n");
        (await reading).ShouldBe("!mode u pid 1c0");
        Shown().ShouldBe(["one event", "and its second line", "another", "HvDbg> !mode u pid 1c0"]);
    }

    [Fact]
    public async Task A_flood_of_output_leaves_the_typed_line_whole()
    {
        var terminal = MakeTerminal();
        var reading = terminal.ReadLineAsync(() => "HvDbg> ", CancellationToken.None);
        var flood = Task.Run(() =>
        {
            for (var i = 0; i < 500; i++)
            {
                terminal.Write(Lines($"event {i}"));
            }
        });
        foreach (var character in "events c all")
        {
            _keys.Type(character.ToString());
            await Task.Delay(3);
        }

        await flood;
        await Until(() => _screen.Rows.Contains("event 499"));
        _keys.Type("\n");
        (await reading).ShouldBe("events c all");
        Shown().ShouldBe([.. Enumerable.Range(0, 500).Select(i => $"event {i}"), "HvDbg> events c all"]);
    }

    [Fact]
    public async Task The_prompt_follows_the_guest_while_nothing_is_typed()
    {
        var terminal = MakeTerminal();
        var prompt = "HvDbg> ";
        var reading = terminal.ReadLineAsync(() => Volatile.Read(ref prompt), CancellationToken.None);
        _keys.Type("r");
        await Until(() => _screen.Rows.Contains("HvDbg> r"));
        Volatile.Write(ref prompt, "0: HvDbg> ");
        await Until(() => _screen.Rows.Contains("0: HvDbg> r"));
        _keys.Type("\n");
        (await reading).ShouldBe("r");
        Shown().ShouldBe(["0: HvDbg> r"]);
    }

    [Fact]
    public async Task A_stop_while_typing_shows_above_and_the_command_goes_on()
    {
        var target = new FakeTarget();
        target.Machine.Put(0xffffffff81000010, 0x90);
        await using var debugger = await target.AttachAsync();
        var terminal = MakeTerminal();
        await using var session = new ConsoleSession(debugger, terminal);
        var running = new InteractiveRunner(session, terminal).RunAsync(CancellationToken.None);
        _keys.Type("r r");
        await Until(() => _screen.Rows.Contains("HvDbg> r r"));
        target.Stop(StopReason.Event, 1, 3);
        await Until(() => _screen.Rows.Contains("event 1: reached user, processor 0") && _screen.Rows.Contains("0: HvDbg> r r"));
        _keys.Type("ip\n");
        await Until(() => _screen.Rows.Contains("rip=ffffffff81000010"));
        _keys.Type("exit\n");
        await running.WaitAsync(TimeSpan.FromSeconds(10));
        Shown().ShouldBe([
            "event 1: reached user, processor 0",
            "ffffffff`81000010    90                                  nop",
            "0: HvDbg> r rip",
            "rip=ffffffff81000010",
            "0: HvDbg> exit",
        ]);
    }

    [Fact]
    public async Task Interrupting_ends_a_wait_and_stops_the_guest()
    {
        var target = new FakeTarget();
        await using var debugger = await target.AttachAsync();
        var terminal = MakeTerminal();
        await using var session = new ConsoleSession(debugger, terminal);
        var runner = new InteractiveRunner(session, terminal);
        var running = runner.RunAsync(CancellationToken.None);
        _keys.Type("sleep 0n600000\n");
        await Until(() => _screen.Rows.Contains("HvDbg> sleep 0n600000"));
        await Task.Delay(100);
        await runner.InterruptAsync();
        debugger.IsStopped.ShouldBeTrue();
        _keys.Type("exit\n");
        await running.WaitAsync(TimeSpan.FromSeconds(10));
        Shown().ShouldContain("interrupted");
        Shown().ShouldContain("paused, processor 0");
    }

    [Fact]
    public async Task Ctrl_D_on_an_empty_line_ends_the_input_and_elsewhere_it_does_not()
    {
        var terminal = MakeTerminal();
        var reading = terminal.ReadLineAsync(() => "HvDbg> ", CancellationToken.None);
        _keys.Type("g");
        _keys.Press(ConsoleKey.D, control: true);
        _keys.Type("\n");
        (await reading).ShouldBe("g");
        reading = terminal.ReadLineAsync(() => "HvDbg> ", CancellationToken.None);
        _keys.Press(ConsoleKey.D, control: true);
        (await reading.WaitAsync(TimeSpan.FromSeconds(10))).ShouldBeNull();
    }

    [Fact]
    public async Task Lines_from_before_come_back_with_the_arrow()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("hvdbg").FullName, "state", "history");
        History.Load(path).Add("events");
        var terminal = MakeTerminal(History.Load(path));
        var reading = terminal.ReadLineAsync(() => "HvDbg> ", CancellationToken.None);
        _keys.Press(ConsoleKey.UpArrow);
        await Until(() => _screen.Rows.Contains("HvDbg> events"));
        _keys.Type("\n");
        (await reading).ShouldBe("events");
    }

    [Fact]
    public async Task Tab_completes_the_name_of_a_command()
    {
        var terminal = MakeTerminal();
        var reading = terminal.ReadLineAsync(() => "HvDbg> ", CancellationToken.None);
        _keys.Type("prea");
        _keys.Press(ConsoleKey.Tab);
        await Until(() => _screen.Rows.Contains("HvDbg> preactivate"));
        _keys.Type("\n");
        (await reading)!.TrimEnd().ShouldBe("preactivate");
    }

    [Fact]
    public void Styles_are_colours_and_never_reach_the_next_line()
    {
        var writer = new StringWriter();
        var terminal = new EditorTerminal(MakeConsole(writer), _keys, History.Load(null), []);
        terminal.Write(new Report([new OutputLine("guest text", LineStyle.Dim), new OutputLine("plain")], []));
        writer.ToString().ShouldBe("\e[2mguest text\e[0m\nplain\n");
    }

    [Fact]
    public void A_history_file_full_of_damage_costs_nothing()
    {
        var path = Path.GetTempFileName();
        var damage = new byte[3_000_000];
        new Random(3).NextBytes(damage);
        File.WriteAllBytes(path, damage);
        var history = History.Load(path);
        history.Lines.Count.ShouldBeLessThanOrEqualTo(History.MostLines);
        history.Lines.ShouldAllBe(line => line.All(character => !char.IsControl(character)));
        history.Add("g");
        History.Load(path).Lines[^1].ShouldBe("g");
        new FileInfo(path).Length.ShouldBeLessThan(2_000_000);

        File.Delete(path);
        Directory.CreateDirectory(path);
        History.Load(path).Add("g");
        Directory.Delete(path);
    }

    [Fact]
    public void The_history_keeps_the_last_lines_and_no_repetitions()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("hvdbg").FullName, "history");
        var history = History.Load(path);
        for (var i = 0; i < (2 * History.MostLines) + 10; i++)
        {
            history.Add($"r {i}");
            history.Add($"r {i}");
        }

        var loaded = History.Load(path).Lines;
        loaded.Count.ShouldBe(History.MostLines);
        loaded[^1].ShouldBe($"r {(2 * History.MostLines) + 9}");
        File.ReadAllLines(path).Length.ShouldBe(History.MostLines);
    }

    private static Report Lines(params string[] lines) => new([.. lines.Select(line => new OutputLine(line, LineStyle.Event))], []);

    private static IAnsiConsole MakeConsole(TextWriter writer)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.Standard,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = Width;
        console.Profile.Height = 1000;
        return console;
    }

    private EditorTerminal MakeTerminal(History? history = null) => new(
        MakeConsole(_screen), _keys, history ?? History.Load(null), Commands.CommandTable.Default.Commands.Select(command => command.Name));

    private string[] Shown() => [.. _screen.Rows.Where(row => row.Length > 0)];

    private async Task Until(Func<bool> reached)
    {
        for (var i = 0; i < 1000; i++)
        {
            if (reached())
            {
                return;
            }

            await Task.Delay(10);
        }

        string.Join('\n', _screen.Rows).ShouldBe("something else");
    }
}
