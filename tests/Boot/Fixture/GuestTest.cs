using System.Threading.Tasks;
using Xunit;
using Xunit.Abstractions;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary>A test of a guest that is up already; what guest, target and emulator said goes with its result.</summary>
public abstract class GuestTest(BootFixture fixture, ITestOutputHelper output) : IAsyncLifetime
{
    protected BootedGuest Guest => fixture.Guest;

    public virtual Task InitializeAsync() => Task.CompletedTask;

    public virtual Task DisposeAsync()
    {
        output.WriteLine(Guest.Report());
        return Task.CompletedTask;
    }
}
