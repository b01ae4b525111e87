using System;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using HvKernel.Protocol;

namespace HvDbg.Client;

public sealed partial class Debugger
{
    /// <summary>
    /// The last messages that the target keeps in memory: boot text, notices, panics; lines end in LF. Of the boot before it is what memory has kept over the
    /// reset: empty where that was nothing.
    /// </summary>
    public async Task<string> ReadLogAsync(LogBoot boot, CancellationToken cancellationToken = default)
    {
        var text = new StringBuilder();
        while (true)
        {
            var request = Wire.Bytes(new ReadLogRequest { Boot = boot, Offset = (uint)text.Length });
            var payload = await RequestAsync(MessageType.ReadLog, request, cancellationToken).ConfigureAwait(false);
            var reply = Wire.Read<ReadLogReply>(payload, MessageType.ReadLog);
            var start = Unsafe.SizeOf<ReadLogReply>();
            var bytes = (int)Math.Min(reply.Bytes, (uint)(payload.Length - start));
            if (bytes == 0)
            {
                return text.ToString().ReplaceLineEndings("\n");
            }

            text.Append(Encoding.ASCII.GetString(payload, start, bytes));
        }
    }
}
