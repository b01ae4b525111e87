using System;
using System.Net.Sockets;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Linux;

/// <summary>The debug line as it is in life: consoles come late, leave, are killed; noise arrives. The guest does not notice.</summary>
[Collection(StockLinux.Collection)]
public sealed class LineTests(StockLinux linux, ITestOutputHelper output) : LinuxTest(linux, output)
{
    private const int NoiseBytes = 100_000;
    private const int Seed = 20_261_121;

    [Fact]
    public async Task Noise_and_broken_frames_never_stop_the_guest()
    {
        await Guest.DetachAsync();
        using (var line = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await line.ConnectAsync(new UnixDomainSocketEndPoint(Guest.SocketPath));
            var random = new Random(Seed);
            var noise = new byte[NoiseBytes];
            random.NextBytes(noise);
            await line.SendAsync(noise);

            // Cut, doubled, flipped: a pause request in none of which is right.
            var frame = PauseFrame();
            await line.SendAsync(frame.AsMemory(0, frame.Length / 2));
            await line.SendAsync(frame.AsMemory(0, frame.Length - 1));
            frame[^1] ^= 0x10;
            await line.SendAsync(frame);
            await line.SendAsync(frame);
        }

        await Guest.AttachAsync(BootedGuest.Patience);
        (await Debugger.GetStatusAsync()).State.ShouldBe(TargetState.Running);
        (await Shell.RunAsync("echo a$((0))live")).ShouldContain("a0live");
        (await Debugger.PauseAsync()).Reason.ShouldBe(StopReason.Pause);
        await Debugger.ContinueAsync();
    }

    [Fact]
    public async Task Events_and_a_halt_outlive_the_console()
    {
        var program = await Scenario.StartAsync(Shell, Guest, "syscalls", 500);
        await Debugger.PauseAsync();
        var both = await program.CountAsync(ModeTrapDirection.UserAndKernel);
        await Guest.DetachAsync();

        await Guest.AttachAsync(BootedGuest.Patience);
        (await Debugger.GetStatusAsync()).State.ShouldBe(TargetState.Stopped);
        (await program.EventAsync(both)).Enabled.ShouldBeTrue();
        await Debugger.ContinueAsync();
        await program.ReleaseAsync();
        var figures = await program.DoneAsync("syscalls done");
        figures.ShouldBoundKernelEntries((await program.EventAsync(both)).KernelReached);
    }

    [Fact]
    public async Task A_killed_console_leaves_everything_as_it_was()
    {
        await Guest.DetachAsync();
        using (var console = HvdbgProgram.Start(Guest.Endpoint, "-c", ".status", "-c", "sleep 0n100000"))
        {
            // It is attached when it has printed something.
            (await console.StandardOutput.ReadLineAsync()).ShouldNotBeNull();
            console.Kill(entireProcessTree: true);
            await console.WaitForExitAsync();
        }

        await Guest.AttachAsync(BootedGuest.Patience);
        (await Debugger.GetStatusAsync()).State.ShouldBe(TargetState.Running);
        (await Shell.RunAsync("echo a$((0))live")).ShouldContain("a0live");
    }

    private static unsafe byte[] PauseFrame()
    {
        var frame = new byte[Frame.HeaderBytes + Frame.ChecksumBytes];
        fixed (byte* bytes = frame)
        {
            Frame.Seal(bytes, MessageType.Pause, 1, 0);
        }

        return frame;
    }
}
