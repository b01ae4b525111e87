using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Linux;

/// <summary>Stock Debian of this release with a shell, one processor, kernel page-table isolation as it comes: on.</summary>
public class StockLinux : BootFixture
{
    public const string Collection = "stock Linux";

    private GuestShell? _shell;

    public GuestShell Shell => _shell ??= new GuestShell(Guest);

    // `log = debug` tells where HvKernel's memory is.
    protected override BootOptions Options => new()
    {
        Name = "linux",
        Interactive = true,
        Configuration = """
            log = debug
            next = \EFI\linux\vmlinuz.efi
            args = initrd=\initrd.img console=ttyS0,115200 quiet
            """,
    };

    protected override Task ReadyAsync() => Shell.ReadyAsync();
}

/// <summary>The same without kernel page-table isolation.</summary>
public sealed class StockLinuxWithoutIsolation : StockLinux
{
    public new const string Collection = "stock Linux, pti=off";

    protected override BootOptions Options => new()
    {
        Name = "linux-pti-off",
        Interactive = true,
        Append = "console=ttyS0,115200 quiet pti=off",
    };
}

[CollectionDefinition(StockLinux.Collection)]
public sealed class StockLinuxCollection : ICollectionFixture<StockLinux>;

[CollectionDefinition(StockLinuxWithoutIsolation.Collection)]
public sealed class StockLinuxWithoutIsolationCollection : ICollectionFixture<StockLinuxWithoutIsolation>;

/// <summary>
/// A test that starts and ends with a guest that runs, without events, at its prompt, with nothing else to do, and with a debugger attached.
/// </summary>
public abstract class LinuxTest(StockLinux linux, ITestOutputHelper output) : GuestTest(linux, output)
{
    protected StockLinux Linux => linux;

    protected GuestShell Shell => linux.Shell;

    protected Debugger Debugger => Guest.Debugger;

    public override async Task InitializeAsync()
    {
        await Guest.AttachIfDetachedAsync();
        await Debugger.ClearAllEventsAsync();
        await Debugger.ContinueAsync();
        await Shell.InterruptAsync();

        // Where the guest is never idle, Bochs' time goes twenty to a hundred times slower, and with it the debug line: nothing fails at once,
        // but waits in tests far from here run out.
        (await Shell.RunAsync("pidof hvk")).Trim().ShouldBe("", "programs that an earlier test left running");
    }
}
