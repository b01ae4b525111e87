using System.Threading.Tasks;
using Xunit;

namespace HvKernel.Boot.Tests.Fixture;

/// <summary>One boot for all tests of a class (<c>IClassFixture</c>).</summary>
public abstract class BootFixture : IAsyncLifetime
{
    private BootedGuest? _guest;

    public BootedGuest Guest => _guest!;

    protected abstract BootOptions Options { get; }

    public async Task InitializeAsync()
    {
        _guest = await BootedGuest.StartAsync(Options);
        try
        {
            await ReadyAsync();
        }
        catch
        {
            await _guest.DisposeAsync();
            throw;
        }
    }

    public async Task DisposeAsync() => await Guest.DisposeAsync();

    /// <summary>Brings the guest to where all tests of the class begin.</summary>
    protected virtual Task ReadyAsync() => Task.CompletedTask;
}
