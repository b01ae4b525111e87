using Shouldly;
using Xunit;

namespace HvKernel.Launcher.Tests;

/// <summary>A wrong option of <c>qemu/boot.sh</c>: one line that names it and what was expected, and nothing is started.</summary>
public sealed class BootOptionTests
{
    [Theory]
    [InlineData("--with", "vmware", "bochs, qemu or auto")]
    [InlineData("--cpus", "0", "a number from 1 to 64")]
    [InlineData("--cpus", "two", "a number from 1 to 64")]
    [InlineData("--cpu", "a;b", "an emulator's name of a model")]
    [InlineData("--memory", "64", "a number from 128 to 65536")]
    [InlineData("--guest", "windows", "linux, lab or a path that ends in .efi")]
    [InlineData("--guest", "/nowhere/program.efi", "a readable file")]
    [InlineData("--kernel", "/nowhere/bzImage", "a readable file")]
    [InlineData("--initrd", "/nowhere/initrd", "a readable file")]
    [InlineData("--esp", "/nowhere", "a folder")]
    [InlineData("--config", "/nowhere/hvkernel.cfg", "a readable file")]
    [InlineData("--debug", "com2", "tcp:HOST:PORT or unix:PATH")]
    [InlineData("--debug", "tcp:localhost:65536", "a port up to 65535")]
    [InlineData("--console", "/nowhere/log", "stdio or a file that can be written")]
    [InlineData("--timeout", "0", "a number from 1 to 999999")]
    public void A_bad_value_is_named(string option, string value, string expected)
    {
        var (status, error) = Script.Run("qemu/boot.sh", option, value);
        error.ShouldBe($"boot: error: {option}: expected {expected}, got \"{value}\"\n");
        status.ShouldBe(2);
    }

    [Theory]
    [InlineData("boot: error: --fast: no such option (boot.sh --help lists them)\n", "--fast")]
    [InlineData("boot: error: bochs: no such option (boot.sh --help lists them)\n", "bochs")]
    [InlineData("boot: error: --timeout: a value is missing\n", "--no-hypervisor", "--timeout")]
    [InlineData("boot: error: --kernel and --initrd: only with --guest linux\n", "--guest", "lab", "--kernel", "/bin/sh")]
    public void Other_mistakes_are_one_line_too(string expected, params string[] options)
    {
        var (status, error) = Script.Run("qemu/boot.sh", options);
        error.ShouldBe(expected);
        status.ShouldBe(2);
    }
}
