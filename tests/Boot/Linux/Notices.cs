using System.Threading;
using System.Threading.Tasks;
using HvDbg.Client;
using HvKernel.Boot.Tests.Fixture;
using HvKernel.Protocol;

namespace HvKernel.Boot.Tests.Linux;

/// <summary>Waits in what the target tells on its own.</summary>
internal static class Notices
{
    /// <summary>The next notice about an event.</summary>
    public static async Task<EventNoticeKind> NextNoticeAsync(this EventSubscription subscription, uint id)
    {
        using var limit = new CancellationTokenSource(BootedGuest.Patience);
        while (true)
        {
            if (await subscription.Reader.ReadAsync(limit.Token) is NoticeEvent notice && notice.EventId == id)
            {
                return notice.Kind;
            }
        }
    }
}
