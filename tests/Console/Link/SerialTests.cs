using System;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using Shouldly;
using Xunit;

namespace HvDbg.Tests.Link;

public partial class SerialTests
{
    [Fact]
    public async Task All_bytes_pass_a_terminal_device_unchanged_both_ways()
    {
        using var master = new FileStream("/dev/ptmx", FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        await using var line = SerialTransport.Open(SlaveOf(master), 115200);
        var all = Enumerable.Range(0, 256).Select(value => (byte)value).ToArray();

        await line.WriteAsync(all, CancellationToken.None);
        var received = new byte[all.Length];
        await master.ReadExactlyAsync(received);
        received.ShouldBe(all);

        await master.WriteAsync(all);
        var count = 0;
        while (count < all.Length)
        {
            count += await line.ReadAsync(received.AsMemory(count), CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        }

        received.ShouldBe(all);
    }

    [Fact]
    public async Task Waiting_for_bytes_ends_when_it_is_cancelled()
    {
        using var master = new FileStream("/dev/ptmx", FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        await using var line = SerialTransport.Open(SlaveOf(master), 9600);
        using var enough = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Should.ThrowAsync<OperationCanceledException>(() => line.ReadAsync(new byte[1], enough.Token).AsTask());
    }

    [Fact]
    public void What_is_no_terminal_is_refused_by_name() =>
        Should.Throw<IOException>(() => SerialTransport.Open("/dev/null", 9600)).Message.ShouldStartWith("/dev/null is no serial line: ");

    [Fact]
    public void What_is_not_there_is_refused_by_name() =>
        Should.Throw<IOException>(() => SerialTransport.Open("/dev/no-such-tty", 9600)).Message.ShouldStartWith("/dev/no-such-tty cannot be opened: ");

    [Theory]
    [InlineData("tcp:localhost:5555", EndpointKind.Tcp, "localhost", 5555)]
    [InlineData("TCP:[::1]:80", EndpointKind.Tcp, "::1", 80)]
    [InlineData("unix:/run/x.sock", EndpointKind.Unix, "/run/x.sock", 0)]
    [InlineData("/dev/ttyS0,9600", EndpointKind.Serial, "/dev/ttyS0", 9600)]
    [InlineData("/dev/ttyUSB0", EndpointKind.Serial, "/dev/ttyUSB0", 115200)]
    public void Endpoints_are_read(string text, EndpointKind kind, string where, int number)
    {
        var endpoint = Endpoint.Parse(text);
        (endpoint.Kind, endpoint.Target, endpoint.Number).ShouldBe((kind, where, number));
        Endpoint.Parse(endpoint.ToString()).ShouldBe(endpoint);
    }

    [Theory]
    [InlineData("tcp:localhost")]
    [InlineData("tcp::5")]
    [InlineData("tcp:host:0")]
    [InlineData("tcp:host:70000")]
    [InlineData("unix:")]
    [InlineData("/dev/ttyS0,17")]
    [InlineData("/dev/ttyS0,fast")]
    [InlineData("COM1")]
    [InlineData("")]
    public void What_is_no_endpoint_is_refused_with_what_was_expected(string text) =>
        Should.Throw<FormatException>(() => Endpoint.Parse(text)).Message.ShouldStartWith($"endpoint \"{text}\": expected ");

    private static string SlaveOf(FileStream master)
    {
        var descriptor = (int)master.SafeFileHandle.DangerousGetHandle();
        GrantTerminal(descriptor).ShouldBe(0);
        UnlockTerminal(descriptor).ShouldBe(0);
        return Marshal.PtrToStringUTF8(TerminalName(descriptor))!;
    }

    [LibraryImport("libc", EntryPoint = "grantpt")]
    private static partial int GrantTerminal(int descriptor);

    [LibraryImport("libc", EntryPoint = "unlockpt")]
    private static partial int UnlockTerminal(int descriptor);

    [LibraryImport("libc", EntryPoint = "ptsname")]
    private static partial nint TerminalName(int descriptor);
}
