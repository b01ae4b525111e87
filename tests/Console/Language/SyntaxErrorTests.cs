using System;
using System.Threading.Tasks;
using HvDbg.Client;
using HvDbg.Commands;
using HvDbg.Language;
using HvDbg.Tests.Fake;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Language;

/// <summary>What is wrong with a command is said in one line, with a caret under the place, and nothing is sent.</summary>
public class SyntaxErrorTests
{
    private const string Number32 = "a hexadecimal number of at most 32 bits (0n12 is decimal)";
    private const string Number64 = "a hexadecimal number of at most 64 bits (0n12 is decimal)";
    private const string Address = "an address: a hexadecimal number, @register or kernel symbol, joined by + and -";
    private const string ModeSyntax = "(syntax: !mode {u|k|uk|ku} {pid X|cr3 X} [core X] [imm {yes|no}] [sc {on|off}] [stage {pre|post|all}] [buffer X] " +
        "[run {auto|contained|root}] [[asm] condition {CODE}] [[asm] code {CODE}…] [when {EXPR}] [output {NAME,…}] [script {TEXT|file:PATH}] [log|count])";

    private const string Rest = "imm, sc, stage, buffer, run, condition, code, when, output, script, log, count";
    private const string Code = "machine code in braces: {90 90} or, with asm in front, {nop; nop}";

    /// <summary>The command with the caret's place marked by '^' in front of it, and the message.</summary>
    public static TheoryData<string, string> Errors => new()
    {
        { "^foo", "there is no command \"foo\": '.help' lists the commands" },
        { "^mode u pid 1", "there is no command \"mode\": did you mean !mode?" },
        { "^event5", "there is no command \"event5\": did you mean events?" },
        { "^\"r\"", "there is no command \"r\": '.help' lists the commands" },
        { "^{ r }", "there is no command \" r \": '.help' lists the commands" },

        { "t ^0", "count: expected at least 1" },
        { "t ^x", $"count: expected {Number32}, found \"x\"" },
        { "i 1 ^2", "i: expected nothing more, found \"2\"" },
        { "p ^100000000", "count: 100000000 has more than 32 bits" },
        { "gu ^1", "gu: expected nothing more, found \"1\"" },
        { "bp^", "bp: ADDR is missing (syntax: bp ADDR [pid X] [core X])" },
        { "bp ^{1}", $"address: expected {Address}, found \"1\"" },
        { "bp 1000 pid^", $"pid: expected {Number32}, the value is missing" },
        { "bp 1000 core ^x", $"core: expected {Number32}, found \"x\"" },
        { "bp 1000 ^x", "bp: expected pid, core or nothing more, found \"x\"" },
        { "bl ^0", "bl: expected nothing more, found \"0\"" },
        { "bc^", "bc: ID|all is missing (syntax: bc ID|all)" },
        { "be ^x", $"id: expected {Number32}, found \"x\"" },

        { "!mode^", $"!mode: {{u|k|uk|ku}} is missing {ModeSyntax}" },
        { "!mode u^", $"!mode: pid X or cr3 X is missing {ModeSyntax}" },
        { "!mode pid 1c0^", $"!mode: {{u|k|uk|ku}} is missing {ModeSyntax}" },
        { "!mode ^x pid 1c0", "mode: expected u, k, uk or ku, found \"x\"" },
        { "!mode ^uu pid 1c0", "mode: expected u, k, uk or ku, found \"uu\"" },
        { "!mode u ^k pid 1c0", $"!mode: expected pid, cr3, core, {Rest} or nothing more, found \"k\"" },
        { "!mode u pid 1c0 ^k", $"!mode: expected core, {Rest} or nothing more, found \"k\"" },
        { "!mode u pid^", $"pid: expected {Number32}, the value is missing" },
        { "!mode u pid ^all", "pid: !mode watches one process, and cannot watch all" },
        { "!mode u pid ^xyz", $"pid: expected {Number32}, found \"xyz\"" },
        { "!mode u pid ^{1}", $"pid: expected {Number32}, found \"1\"" },
        { "!mode u pid ^100000000", "pid: 100000000 has more than 32 bits" },
        { "!mode u pid ^0n4294967296 log", "pid: 0n4294967296 has more than 32 bits" },
        { "!mode u pid 1 ^pid 2", "pid: given twice" },
        { "!mode u pid 1 ^PID 2", "pid: given twice" },
        { "!mode u pid 1 ^cr3 2", "cr3: cannot go together with pid" },
        { "!mode u cr3 ^10000000000000000", "cr3: 10000000000000000 has more than 64 bits" },
        { "!mode u pid 1 core^", $"core: expected {Number32}, the value is missing" },
        { "!mode u pid 1 core ^-1", $"core: expected {Number32}, found \"-1\"" },
        { "!mode u pid 1 log ^count", "count: cannot go together with log" },
        { "!mode u pid 1 log ^log", "log: given twice" },
        { "!mode u pid 1c0 imm^", "imm: expected yes or no, the value is missing" },
        { "!mode u pid 1c0 imm ^on", "imm: expected yes or no, found \"on\"" },
        { "!mode u pid 1c0 sc ^yes", "sc: expected on or off, found \"yes\"" },
        { "!mode u pid 1c0 sc^", "sc: expected on or off, the value is missing" },
        { "!mode u pid 1c0 stage ^never", "stage: expected pre, post or all, found \"never\"" },
        { "!mode u pid 1c0 stage^", "stage: expected pre, post or all, the value is missing" },
        { "!mode u pid 1c0 stage ^post", "stage: expected pre, found \"post\": a transition has no stage after it" },
        { "!mode u stage ^ALL pid 1c0", "stage: expected pre, found \"all\": a transition has no stage after it" },
        { "!mode u pid 1c0 sc on stage ^post", "stage: expected pre, found \"post\": what is short-circuited has no stage after it" },
        { "!mode u pid 1c0 stage ^all sc on", "stage: expected pre, found \"all\": what is short-circuited has no stage after it" },
        { "!mode u pid 1c0 buffer^", $"buffer: expected {Number32}, the value is missing" },
        { "!mode u pid 1c0 buffer ^big", $"buffer: expected {Number32}, found \"big\"" },
        { "!mode u pid 1c0 code {90} buffer ^10001", "buffer: expected at most 10000 bytes (64 KiB), found 10001" },
        { "!mode u pid 1c0 run ^fast", "run: expected auto, contained or root, found \"fast\"" },
        { "!mode u pid 1c0 run^", "run: expected auto, contained or root, the value is missing" },
        { "!mode u pid 1c0 code^", $"code: expected {Code}, the value is missing" },
        { "!mode u pid 1c0 code ^90", $"code: expected {Code}, found \"90\"" },
        { "!mode u pid 1c0 code ^\"90\"", $"code: expected {Code}, found \"90\"" },
        { "!mode u pid 1c0 asm^", "asm: expected condition or code behind it, nothing follows" },
        { "!mode u pid 1c0 asm ^script {nop}", "asm: expected condition or code behind it, found \"script\"" },
        { "!mode u pid 1c0 asm ^{nop}", "asm: expected condition or code behind it, found \"nop\"" },
        { "!mode u pid 1c0 asm ^asm code {nop}", "asm: expected condition or code behind it, found \"asm\"" },
        { "!mode u pid 1c0 condition {90} ^condition {90}", "condition: given twice" },
        { "!mode u pid 1c0 condition {90} asm ^condition {nop}", "condition: given twice" },
        { "!mode u pid 1c0 code {90 ^zz}", "code: 'z' is no hexadecimal digit; for assembly text put 'asm' before" },
        { "!mode u pid 1c0 code {90} condition {^nop}", "condition: 'n' is no hexadecimal digit; for assembly text put 'asm' before" },
        { "!mode u pid 1c0 code {48 ^9}", "code: an odd number of hexadecimal digits: 9 has 1, a byte has two" },
        { "!mode u pid 1c0 code {^}", "code: no machine code: expected bytes as hexadecimal digits, such as 90 90 c3" },
        { "!mode u pid 1c0 log code {90} code {90} code {90} code {90} code {90} code {90} code {90} ^code {90}", "code: an event has at most 8 actions" },
        { "!mode u pid 1c0 output^", "output: expected names of outputs in braces, separated by commas, the value is missing" },
        { "!mode u pid 1c0 output ^file", "output: expected names of outputs in braces, separated by commas, found \"file\"" },
        { "!mode u pid 1c0 output {^}", "output: expected names of outputs in braces, separated by commas, a name is missing" },
        { "!mode u pid 1c0 output {a,^,b}", "output: expected names of outputs in braces, separated by commas, a name is missing" },
        { "!mode u pid 1c0 output {a, b, ^a}", "output: a is given twice" },
        { "!mode u pid 1c0 output {a,b,c,d,e, ^f}", "output: expected at most 5 names, found 6" },
        { "!mode u pid 1c0 output { ^a b}", "output: there is no output ab: 'output create ab …' makes one" },
        { "!mode u pid 1c0 output {^N4567890123456789012345678901234567890123456789012}", "output: a name has at most 49 characters" },
        { "!mode u pid 1c0 script^", "script: expected a script in braces, or file:PATH, the value is missing" },
        { "!mode u pid 1c0 script ^print", "script: expected a script in braces, or file:PATH, found \"print\"" },
        { "!mode u pid 1c0 script ^{ }", "script: expected a script in braces, or file:PATH, the braces are empty" },
        { "!mode u pid 1c0 script ^file:", "script: expected a path behind file:, it is missing" },
        { "!mode u pid 1c0 script ^file:/nowhere/a.ds", "script: there is no file /nowhere/a.ds" },
        { "!mode u pid 1c0 script ^{file:/nowhere/a b.ds}", "script: there is no file /nowhere/a b.ds" },
        { "!mode u pid 1c0 script ^{file:/dev/null}", "script: the file /dev/null is empty" },
        { "!mode u pid 1c0 code ^{90", "the brace is not closed" },

        { "preactivate^", "preactivate: mode is missing (syntax: preactivate mode)" },
        { "preactivate ^trap", "feature: expected mode, found \"trap\"" },
        { "preactivate mode ^now", "preactivate: expected nothing more, found \"now\"" },

        { "events ^x 1", "operation: expected e, d, c, show or sc, found \"x\"" },
        { "events e^", "id: expected an event's number or all, the value is missing" },
        { "events e ^every", $"id: expected {Number32}, found \"every\"" },
        { "events e 1 ^2", "events: expected nothing more, found \"2\"" },
        { "events show^", "id: expected an event's number, the value is missing" },
        { "events show ^all", $"id: expected {Number32}, found \"all\"" },
        { "events sc^", "sc: expected on or off, the value is missing" },
        { "events sc ^yes", "sc: expected on or off, found \"yes\"" },
        { "events sc on ^x", $"id: expected {Number32}, found \"x\"" },
        { "events sc on 1 ^2", "events: expected nothing more, found \"2\"" },

        { "g ^now", "g: expected nothing more, found \"now\"" },
        { "pause ^5", "pause: expected nothing more, found \"5\"" },
        { "exit ^0", "exit: expected nothing more, found \"0\"" },

        { "r ^foo", "register: there is no register \"foo\"" },
        { "r ^=5", "register: expected a register's name, or NAME=VALUE" },
        { "r ^cr3=5", "register: cr3 cannot be changed; rax to r15, rip and rflags can" },
        { "r ^eax = 5", "register: eax cannot be changed; rax to r15, rip and rflags can" },
        { "r rax=^", $"rax: expected {Address}, the value is missing" },
        { "r rax =^", $"rax: expected {Address}, the value is missing" },
        { "r rax=^5x", $"rax: expected {Address}, found \"5x\"" },
        { "r rax = ^@bogus", "rax: there is no register \"@bogus\"" },
        { "r rax=5 ^6", "rax: expected nothing more, found \"6\"" },
        { "rdmsr^", "rdmsr: INDEX is missing (syntax: rdmsr INDEX [core X])" },
        { "rdmsr ^lstar", $"index: expected {Number32}, found \"lstar\"" },
        { "rdmsr ^1c0000082", "index: 1c0000082 has more than 32 bits" },
        { "wrmsr 10^", "wrmsr: VALUE is missing (syntax: wrmsr INDEX VALUE [core X])" },
        { "wrmsr 10 ^x", $"value: expected {Number64}, found \"x\"" },

        { "db l^", $"l: expected {Number32}, the value is missing" },
        { "db 1000 l ^0", "l: expected a length from 1 to 100000" },
        { "db 1000 l ^100001", "l: expected a length from 1 to 100000" },
        { "db ^5x", $"address: expected {Address}, found \"5x\"" },
        { "db ^@foo", "address: there is no register \"@foo\"" },
        { "db @rsp+^@foo", "address: there is no register \"@foo\"" },
        { "db ^rsp", $"address: expected {Address}, found the register's name alone: write @rsp" },
        { "db 1000 + ^10000000000000000", "address: 10000000000000000 has more than 64 bits" },
        { "db @rsp +^", $"address: expected {Address}, found \"\"" },
        { "db ^-5", $"address: expected {Address}, found \"\"" },
        { "db ^{5}", $"address: expected {Address}, found \"5\"" },
        { "db 1000 ^2000", "db: expected l, pid, cr3 or nothing more, found \"2000\"" },
        { "!db 1000 ^pid 5", "!db: expected l or nothing more, found \"pid\"" },
        { "db 1000 pid 5 ^cr3 6", "cr3: cannot go together with pid" },
        { "eb^", "eb: ADDR is missing (syntax: eb ADDR VALUE… [pid X|cr3 X])" },
        { "eb 1000^", "eb: VALUE… is missing (syntax: eb ADDR VALUE… [pid X|cr3 X])" },
        { "eb 1000 90 ^100", "value: 100 has more than 8 bits" },
        { "ed 1000 ^100000000", "value: 100000000 has more than 32 bits" },
        { "eq 1000 1 ^zz", $"value: expected {Number64}, found \"zz\"" },
        { "u @rip l ^x", $"l: expected {Number32}, found \"x\"" },

        { "~ ^x", $"processor: expected {Number32}, found \"x\"" },
        { ".process ^pid 5", ".process: expected nothing more, found \"pid\"" },
        { "!pte^", "!pte: ADDR is missing (syntax: !pte ADDR [pid X|cr3 X])" },
        { "!va2pa ^?", $"address: expected {Address}, found \"?\"" },

        { "wait^", "wait: {event [COUNT]|guest \"TEXT\"} is missing (syntax: wait {event [COUNT]|guest \"TEXT\"} [timeout SECONDS])" },
        { "wait ^forever", "what: expected event or guest, found \"forever\"" },
        { "wait event ^x", $"count: expected {Number32}, found \"x\"" },
        { "wait event ^0", "count: expected at least 1" },
        { "wait event timeout^", $"timeout: expected {Number32}, the value is missing" },
        { "wait guest^", "guest: expected a text in quotes, the value is missing" },
        { "wait guest ^\"\"", "guest: expected a text that is not empty" },
        { "wait guest ^\"login:", "the quote is not closed" },
        { "sleep^", "sleep: MILLISECONDS is missing (syntax: sleep MILLISECONDS)" },
        { ".help ^foo", "command: there is no command \"foo\"" },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task A_wrong_command_is_refused_in_words_and_nothing_is_sent(string marked, string message)
    {
        var position = marked.IndexOf('^', StringComparison.Ordinal);
        var command = marked.Remove(position, 1);
        await using var console = await ConsoleHarness.StartAsync(options: FakeTarget.FastOptions with { PollInterval = TimeSpan.Zero });
        console.Target.Executed.Clear();

        var lines = (await console.RunAsync(command)).Split('\n');

        console.Succeeded.ShouldBeFalse();
        lines.ShouldBe([message, "  " + command, new string(' ', 2 + position) + "^"]);
        console.Target.Executed.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("{x:\njmp x}", "there is no command \"x:\\njmp x\": '.help' lists the commands")]
    [InlineData("r a\t\nb", "register: there is no register \"a\\t\\nb\"")]
    [InlineData("\"\u2028\u001b[2J\"", "there is no command \"\\u2028\\u001b[2J\": '.help' lists the commands")]
    public void A_message_that_quotes_line_ends_is_one_line(string command, string message) =>
        Should.Throw<CommandSyntaxException>(() => CommandParser.Parse(CommandTable.Default, command)).Message.ShouldBe(message);

    [Fact]
    public void A_message_does_not_quote_at_any_length() =>
        Should.Throw<CommandSyntaxException>(() => CommandParser.Parse(CommandTable.Default, new string('x', 100_000))).Message.Length.ShouldBeLessThan(200);

    [Theory]
    [InlineData("!mode u pid 1c0")]
    [InlineData("!mode pid 1c0 u")]
    [InlineData("!MODE log PID 0n448 core 1 UK")]
    [InlineData("!mode ku pid 490 code{90 90 90} condition{90 90 90}")]
    [InlineData("!mode CODE {90} u ASM Condition {nop} PID 1 BUFFER 0n24 imm NO sc ON stage PRE run ROOT core 0")]
    [InlineData("!mode u asm condition {nop} asm code {nop} code {90} asm code {nop} pid 1 log")]
    [InlineData("!mode u pid 1 output {a, B} count")]
    [InlineData("events show 1")]
    [InlineData("events SC Off 0n10")]
    [InlineData("!mode count cr3 10a3c2000 ku core 0")]
    [InlineData("  g  ")]
    [InlineData("events C ALL")]
    [InlineData("db @RSP + 10 - 0n3 l 20")]
    [InlineData("db @rsp+10 l 20")]
    [InlineData("db @rsp +10")]
    [InlineData("db linux_banner+8")]
    [InlineData("db .L123$x")]
    [InlineData("db l 20")]
    [InlineData("eb 1000 + 5 90 90")]
    [InlineData("r rax=@rip+2")]
    [InlineData("r @rax")]
    [InlineData("r rax = 0n5")]
    [InlineData("wait event timeout 5")]
    [InlineData("wait timeout 5 event 3")]
    [InlineData("wait guest \"a b\" timeout 5")]
    [InlineData("wait guest text")]
    [InlineData(".help db")]
    public void What_is_written_in_another_way_is_the_same_command(string command) =>
        CommandParser.Parse(CommandTable.Default, command).ShouldNotBeNull();

    [Fact]
    public void An_address_takes_the_values_behind_it_for_what_they_are()
    {
        var tokens = Tokenizer.Split("@rsp + 10 90 91");
        var reader = new TokenReader("@rsp + 10 90 91", tokens, 0);
        var terms = AddressExpression.Parse("address", reader).Terms;
        terms.ShouldBe([new AddressTerm(AddressTermKind.Register, "rsp", 0, false), new AddressTerm(AddressTermKind.Number, "", 0x10, false)]);
        reader.Take().Text.ShouldBe("90");
    }

    [Fact]
    public async Task Sums_of_registers_symbols_and_numbers_wrap_around()
    {
        var target = new FakeTarget();
        target.Machine.Symbols[0xffffffff81000000] = "_stext";
        await using var debugger = await target.AttachAsync();
        (await Evaluate(debugger, "_stext + 10 - @rip")).ShouldBe(0ul);
        (await Evaluate(debugger, "0 - 1")).ShouldBe(ulong.MaxValue);
        (await Evaluate(debugger, "@rip-_stext+0n6")).ShouldBe(0x16ul);
    }

    [Fact]
    public void Every_command_has_help_and_one_line_says_what_it_is()
    {
        foreach (var command in CommandTable.Default.Commands)
        {
            command.Summary.ShouldNotContain("\n");
            command.Parameters.ShouldAllBe(parameter => parameter.Help.Length > 0);
            foreach (var example in command.Examples)
            {
                CommandParser.Parse(CommandTable.Default, example)!.Spec.ShouldBe(command);
            }
        }
    }

    private static Task<ulong> Evaluate(Debugger debugger, string text) =>
        AddressExpression.Parse("address", new TokenReader(text, Tokenizer.Split(text), 0)).EvaluateAsync(debugger, default);
}
