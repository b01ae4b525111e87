using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using HvKernel.Boot;
using HvKernel.Vmx;
using Shouldly;
using Xunit;

namespace HvKernel.Tests.Boot;

public sealed unsafe class ConfigurationTests
{
    private static Parsed Parse(string text) => Parse(Encoding.Latin1.GetBytes(text));

    private static Parsed Parse(byte[] bytes)
    {
        Configuration configuration = default;
        configuration.SetDefaults();
        configuration.Parse(bytes);
        return new Parsed(configuration);
    }

    /// <summary>A configuration as values that can be compared.</summary>
    private sealed class Parsed
    {
        public Parsed(Configuration configuration)
        {
            Next = new string(configuration.Next);
            Arguments = new string(configuration.Arguments);
            (DebugPort, Baud, Log) = (configuration.DebugPort, configuration.Baud, configuration.Log);
            (WaitForDebugger, Virtualize, OnRefusal, Mask) = (configuration.WaitForDebugger, configuration.Virtualize, configuration.OnRefusal, configuration.Mask);
            ErrorCount = configuration.ErrorCount;
            for (var i = 0; i < Math.Min(ErrorCount, Configuration.MaximumErrors); i++)
                Errors.Add((configuration.Errors[2 * i], (ConfigurationError)configuration.Errors[(2 * i) + 1]));
        }

        public string Next { get; }

        public string Arguments { get; }

        public ushort DebugPort { get; }

        public uint Baud { get; }

        public LogLevel Log { get; }

        public bool WaitForDebugger { get; }

        public bool Virtualize { get; }

        public MaskedFeatures Mask { get; }

        public OnRefusal OnRefusal { get; }

        public int ErrorCount { get; }

        public List<(int Line, ConfigurationError Error)> Errors { get; } = [];

        public (string, string, ushort, uint, LogLevel, bool, bool, OnRefusal) Values =>
            (Next, Arguments, DebugPort, Baud, Log, WaitForDebugger, Virtualize, OnRefusal);

        public Parsed ShouldHaveNoErrors()
        {
            Errors.ShouldBeEmpty();
            ErrorCount.ShouldBe(0);
            return this;
        }
    }

    [Fact]
    public void Without_a_file_the_defaults_hold()
    {
        var parsed = Parse("").ShouldHaveNoErrors();
        parsed.Values.ShouldBe((@"\EFI\hvkernel\next.efi", "", (ushort)0x2F8, 115_200u, LogLevel.Info, false, true, OnRefusal.Continue));
    }

    [Fact]
    public void Every_key()
    {
        var parsed = Parse("""
            # what HvKernel starts
            next = \EFI\debian\grubx64.efi
            args = root=/dev/sda1 ro quiet   console=ttyS0
            debug-port = 0x3f8
            baud = 57600
            wait-for-debugger = yes
            on-refusal = stop
            log = debug
            virtualize = no
            """).ShouldHaveNoErrors();
        parsed.Values.ShouldBe(
            (@"\EFI\debian\grubx64.efi", "root=/dev/sda1 ro quiet   console=ttyS0", (ushort)0x3F8, 57_600u, LogLevel.Debug, true, false, OnRefusal.Stop));
    }

    [Fact]
    public void The_other_value_of_each_word()
    {
        var parsed = Parse("wait-for-debugger = no\non-refusal = continue\nlog = quiet\nvirtualize = yes").ShouldHaveNoErrors();
        (parsed.WaitForDebugger, parsed.OnRefusal, parsed.Log, parsed.Virtualize).ShouldBe((false, OnRefusal.Continue, LogLevel.Quiet, true));
        Parse("log = info").Log.ShouldBe(LogLevel.Info);
    }

    [Theory]
    [InlineData("", MaskedFeatures.None)]
    [InlineData("mask = mbec", MaskedFeatures.ModeBasedExecute)]
    [InlineData("mask = mbec,vpid ,  1g-pages", MaskedFeatures.ModeBasedExecute | MaskedFeatures.Vpid | MaskedFeatures.GigabytePages)]
    [InlineData("mask = mtf\nmask = execute-only", MaskedFeatures.ExecuteOnly)]
    public void Features_to_do_without(string file, MaskedFeatures mask) => Parse(file).ShouldHaveNoErrors().Mask.ShouldBe(mask);

    [Theory]
    [InlineData("baud=9600")]
    [InlineData("  baud\t =\t9600  ")]
    [InlineData("baud = 9600\r\n")]
    [InlineData("\r\n\r\n  \t\r\nbaud = 9600")]
    [InlineData("#baud = 300\nbaud = 9600\n# baud = 300")]
    [InlineData("   # comment = yes\nbaud = 9600")]
    [InlineData("\u00EF\u00BB\u00BFbaud = 9600")]                       // a byte-order mark
    [InlineData("\u00EF\u00BB\u00BF# comment\r\nbaud = 9600\r\n")]
    [InlineData("baud = 0x2580")]
    [InlineData("baud = 0X2580")]
    [InlineData("baud = 0009600")]
    [InlineData("baud = 300\nbaud = 9600")]                             // the last one holds
    public void White_space_line_ends_comments_and_numbers(string text) => Parse(text).ShouldHaveNoErrors().Baud.ShouldBe(9600u);

    [Theory]
    [InlineData("a=b=c", "a=b=c")]
    [InlineData("# not a comment", "# not a comment")]
    [InlineData("", "")]
    [InlineData("   spaces  inside   stay   ", "spaces  inside   stay")]
    [InlineData("tabs\tstay", "tabs\tstay")]
    public void Arguments_are_everything_behind_the_first_equals_sign(string value, string expected) =>
        Parse("args = " + value).ShouldHaveNoErrors().Arguments.ShouldBe(expected);

    [Theory]
    [InlineData("baud", ConfigurationError.NoEquals)]
    [InlineData("just words", ConfigurationError.NoEquals)]
    [InlineData("boud = 9600", ConfigurationError.UnknownKey)]
    [InlineData("Baud = 9600", ConfigurationError.UnknownKey)]
    [InlineData("baud rate = 9600", ConfigurationError.UnknownKey)]
    [InlineData("= 9600", ConfigurationError.UnknownKey)]
    [InlineData("=", ConfigurationError.UnknownKey)]
    [InlineData("debug-port = ", ConfigurationError.NotAPort)]
    [InlineData("debug-port = com2", ConfigurationError.NotAPort)]
    [InlineData("debug-port = 0xff", ConfigurationError.NotAPort)]
    [InlineData("debug-port = 0xfff9", ConfigurationError.NotAPort)]        // its eighth port would be past the last
    [InlineData("debug-port = 0x102f8", ConfigurationError.NotAPort)]
    [InlineData("debug-port = 0x1000002f8", ConfigurationError.NotAPort)]   // more than 32 bits
    [InlineData("debug-port = 2f8", ConfigurationError.NotAPort)]
    [InlineData("debug-port = 0x", ConfigurationError.NotAPort)]
    [InlineData("debug-port = -760", ConfigurationError.NotAPort)]
    [InlineData("debug-port = 0x2f8 0x3f8", ConfigurationError.NotAPort)]
    [InlineData("baud = fast", ConfigurationError.NotABaudRate)]
    [InlineData("baud = 0", ConfigurationError.NotABaudRate)]
    [InlineData("baud = 299", ConfigurationError.NotABaudRate)]
    [InlineData("baud = 225", ConfigurationError.NotABaudRate)]             // divides, but is too low
    [InlineData("baud = 230400", ConfigurationError.NotABaudRate)]
    [InlineData("baud = 50000", ConfigurationError.NotABaudRate)]           // does not divide 115200
    [InlineData("baud = 9600.0", ConfigurationError.NotABaudRate)]
    [InlineData("baud = 99999999999999999999999999", ConfigurationError.NotABaudRate)]
    [InlineData("wait-for-debugger = true", ConfigurationError.NotYesOrNo)]
    [InlineData("wait-for-debugger = Yes", ConfigurationError.NotYesOrNo)]
    [InlineData("virtualize =", ConfigurationError.NotYesOrNo)]
    [InlineData("on-refusal = halt", ConfigurationError.NotContinueOrStop)]
    [InlineData("on-panic = continue", ConfigurationError.NotHaltOrReset)]
    [InlineData("max-failed-boots = 101", ConfigurationError.NotANumberOfBoots)]
    [InlineData("max-failed-boots = -1", ConfigurationError.NotANumberOfBoots)]
    [InlineData("log = verbose", ConfigurationError.NotALogLevel)]
    [InlineData("log = info # why not", ConfigurationError.NotALogLevel)]
    [InlineData("mask =", ConfigurationError.NotAFeature)]
    [InlineData("mask = mbec,", ConfigurationError.NotAFeature)]
    [InlineData("mask = mbec vpid", ConfigurationError.NotAFeature)]
    [InlineData("mask = mbec, smx", ConfigurationError.NotAFeature)]
    [InlineData("next =", ConfigurationError.NotAPath)]
    [InlineData("next = \\", ConfigurationError.NotAPath)]
    [InlineData("next = /EFI/BOOT/BOOTX64.EFI", ConfigurationError.NotAPath)]
    [InlineData("next = EFI\\BOOT\\BOOTX64.EFI", ConfigurationError.NotAPath)]
    [InlineData("next = \\EFI\\BOOT\0X64.EFI", ConfigurationError.NotPrintable)]
    [InlineData("next = \\\0", ConfigurationError.NotPrintable)]
    [InlineData("next = \\caf\u00C3\u00A9.efi", ConfigurationError.NotPrintable)]    // UTF-8
    [InlineData("args = one\0two", ConfigurationError.NotPrintable)]
    [InlineData("args = one\u007Ftwo", ConfigurationError.NotPrintable)]
    public void A_bad_line_is_named_by_number_and_changes_nothing(string line, ConfigurationError error)
    {
        var parsed = Parse($"# first\r\n\r\n{line}\r\n# last\r\n");
        parsed.Errors.ShouldBe([(3, error)]);
        parsed.ErrorCount.ShouldBe(1);
        parsed.Values.ShouldBe(Parse("").Values);
        Parse(line).Errors.ShouldBe([(1, error)]);
    }

    [Theory]
    [InlineData("0x100", 0x100)]
    [InlineData("0xfff8", 0xFFF8)]
    [InlineData("760", 0x2F8)]
    [InlineData("0x3E8", 0x3E8)]
    public void Ports_from_the_first_to_the_last(string value, int port) =>
        Parse("debug-port = " + value).ShouldHaveNoErrors().DebugPort.ShouldBe((ushort)port);

    [Theory]
    [InlineData(300)]
    [InlineData(1200)]
    [InlineData(38400)]
    [InlineData(115200)]
    public void Baud_rates_from_the_first_to_the_last(int baud) => Parse($"baud = {baud}").ShouldHaveNoErrors().Baud.ShouldBe((uint)baud);

    [Fact]
    public void The_longest_values_fit_and_one_letter_more_does_not()
    {
        var path = @"\" + new string('p', 126);
        Parse("next = " + path).ShouldHaveNoErrors().Next.ShouldBe(path);
        var longer = Parse($"next = {path}p");
        longer.Errors.ShouldBe([(1, ConfigurationError.TooLong)]);
        longer.Next.ShouldBe(@"\EFI\hvkernel\next.efi");
        var arguments = new string('a', 1023);
        Parse("args = " + arguments).ShouldHaveNoErrors().Arguments.ShouldBe(arguments);
        longer = Parse($"args = short\nargs = {arguments}a\nbaud = 9600");
        longer.Errors.ShouldBe([(2, ConfigurationError.TooLong)]);
        longer.Arguments.ShouldBe("short");
        longer.Baud.ShouldBe(9600u);
    }

    [Fact]
    public void A_shorter_value_leaves_nothing_of_a_longer_one()
    {
        Parse("args = one two three\nargs = x").Arguments.ShouldBe("x");
        Parse("next = \\a\\very\\long\\path.efi\nnext = \\b.efi").Next.ShouldBe("\\b.efi");
    }

    [Fact]
    public void Every_bad_line_is_counted_and_the_first_eight_are_kept()
    {
        var parsed = Parse(string.Concat(Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? "baud = 9600\n" : $"key{i} = x\n")));
        parsed.ErrorCount.ShouldBe(10);
        parsed.Errors.ShouldBe(Enumerable.Range(0, 8).Select(i => ((2 * i) + 2, ConfigurationError.UnknownKey)));
        parsed.Baud.ShouldBe(9600u);
    }

    [Fact]
    public void A_good_line_holds_whatever_stands_around_it()
    {
        var parsed = Parse("rubbish\nlog = debug\nbaud = fast\nnext = \\a.efi\n\u0001\u0002\u0000=\u0000\n");
        (parsed.Log, parsed.Next).ShouldBe((LogLevel.Debug, "\\a.efi"));
        parsed.Errors.Select(error => error.Line).ShouldBe([1, 3, 5]);
    }

    [Fact]
    public void Each_error_is_explained_and_says_what_was_expected()
    {
        foreach (var error in Enum.GetValues<ConfigurationError>().Where(error => error != ConfigurationError.None))
            Encoding.ASCII.GetString(ConfigurationErrors.Explain(error)).Length.ShouldBeGreaterThan(10, error.ToString());
        var known = Encoding.ASCII.GetString(ConfigurationErrors.Explain(ConfigurationError.UnknownKey));
        foreach (var key in new[] { "next", "args", "debug-port", "baud", "wait-for-debugger", "on-refusal", "on-panic", "max-failed-boots", "log", "virtualize" })
            known.ShouldContain(key);
        Encoding.ASCII.GetString(ConfigurationErrors.Explain(ConfigurationError.TooLong)).ShouldContain("127");
        Encoding.ASCII.GetString(ConfigurationErrors.Explain(ConfigurationError.TooLong)).ShouldContain("1023");
    }

    /// <summary>Bytes of all kinds, and lines that are nearly right: never a crash, never a value that no line can set, every error with its line.</summary>
    [Fact]
    public void Random_bytes_never_crash_and_never_set_a_value_that_is_not_allowed()
    {
        string[] words =
        [
            "next", "args", "debug-port", "baud", "wait-for-debugger", "on-refusal", "on-panic", "max-failed-boots", "log", "virtualize", "=", "=", " ", "\n", "\n", "\r\n", "#", "\\", "yes",
            "no", "0x2f8", "0x", "9600", "99999999999", "stop", "debug", "\u00EF\u00BB\u00BF", "\0", "\u00FF", new string('x', 200), new string('\\', 1100),
        ];
        var noise = Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf();
        var nearly = Gen.Elements(words).ArrayOf().Select(parts => Encoding.Latin1.GetBytes(string.Concat(parts)));
        Prop.ForAll(Arb.From(Gen.OneOf(noise, nearly)), bytes =>
        {
            var parsed = Parse(bytes);
            var lines = bytes.Count(value => value == '\n') + 1;
            return parsed.Next.Length is > 1 and < Configuration.MaximumPath && parsed.Next[0] == '\\'
                && parsed.Arguments.Length < Configuration.MaximumArguments
                && (parsed.Next + parsed.Arguments).All(letter => letter is (>= ' ' and <= '~') or '\t')
                && parsed.DebugPort is >= 0x100 and <= 0xFFF8
                && parsed.Baud >= 300 && 115_200 % parsed.Baud == 0
                && Enum.IsDefined(parsed.Log) && Enum.IsDefined(parsed.OnRefusal)
                && parsed.ErrorCount <= lines
                && parsed.Errors.All(error => error.Line >= 1 && error.Line <= lines && error.Error != ConfigurationError.None && Enum.IsDefined(error.Error))
                && parsed.Errors.Select(error => error.Line).SequenceEqual(parsed.Errors.Select(error => error.Line).Distinct().Order());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000).WithEndSize(400));
    }
}
