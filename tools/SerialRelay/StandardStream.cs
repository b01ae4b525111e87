using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace HvKernel.SerialRelay;

/// <summary>Standard input and output as one stream. The end of the input is not the end of the console: it goes on listening.</summary>
internal sealed class StandardStream : Stream
{
    private readonly Stream input = Console.OpenStandardInput();
    private readonly Stream output = Console.OpenStandardOutput();

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // A read of a terminal cannot be called off; it is left behind when the relay ends.
        var bytes = new byte[buffer.Length];
        var count = await Task.Run(() => input.Read(bytes), CancellationToken.None).WaitAsync(cancellationToken);
        bytes.AsSpan(0, count).CopyTo(buffer.Span);
        if (count == 0)
            await Task.Delay(Timeout.Infinite, cancellationToken);
        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        output.WriteAsync(buffer, cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

    public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

    public override void Flush() => output.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
