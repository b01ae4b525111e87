using HvKernel.Cpu;
using HvKernel.Protocol;

namespace HvKernel.Link;

/// <summary>
/// The target's end of the debug link: takes requests from the UART, sends replies before everything else at the next frame's end, and
/// sends messages of its own from a bounded queue. What does not fit is dropped and counted. Everything here is polled; nothing waits.
/// </summary>
public unsafe struct DebugLink
{
    public const int UrgentBytes = 16 * 1024;
    public const int BulkBytes = 128 * 1024;

    // A byte takes 87 µs at 115,200 baud; a console that has begun a frame sends the next byte within that time.
    private const int PollsInsideFrame = 400;
    private const int BytesPerPoll = 4 * Frame.MaximumBytes;

    public Uart Uart;
    public FrameReader Reader;

    /// <summary>Messages that did not fit, since boot.</summary>
    public ulong Dropped;

    /// <summary>Sequence number of the next message of our own.</summary>
    public uint NextSequence;

    /// <summary>Whether a console has ever said hello.</summary>
    public bool HasConsole;

    /// <summary>Ticks of silence after which a frame that has begun is given up: its rest was lost on the way.</summary>
    public ulong AbandonTicks;

    private FrameQueue _urgent;
    private FrameQueue _bulk;
    private byte* _frame;
    private byte* _reply;
    private uint _replySequence;
    private int _replyLength;
    private bool _sendingBulk;
    private ulong _lastByteTick;

    /// <summary>Bytes of memory for <see cref="Initialize"/>.</summary>
    public const int MemoryBytes = FrameReader.BufferBytes + UrgentBytes + BulkBytes + (2 * Frame.MaximumBytes);

    /// <summary>Starts over <see cref="MemoryBytes"/> bytes; the UART is initialised before.</summary>
    public void Initialize(byte* memory)
    {
        Reader.Initialize(memory);
        memory += FrameReader.BufferBytes;
        _urgent.Initialize(memory, UrgentBytes);
        memory += UrgentBytes;
        _bulk.Initialize(memory, BulkBytes);
        memory += BulkBytes;
        _frame = memory;
        _reply = memory + Frame.MaximumBytes;
    }

    /// <summary>Where the payload of the message being prepared goes.</summary>
    public readonly byte* Payload => _frame + Frame.HeaderBytes;

    /// <summary>Where the payload of the reply being prepared goes.</summary>
    public readonly byte* ReplyPayload => _reply + Frame.HeaderBytes;

    /// <summary>
    /// Takes what has arrived until a whole request is there. The caller handles <see cref="Reader"/>'s frame, replies, and calls again.
    /// </summary>
    public bool TryReceiveRequest()
    {
        var idlePolls = 0;
        for (var bytes = 0; bytes < BytesPerPoll;)
        {
            switch (Reader.Next())
            {
                case FrameReadResult.Frame:
                    if (!RepeatReply())
                    {
                        return true;
                    }

                    continue;
                case FrameReadResult.Stray:
                    continue;
            }

            if (Uart.TryReceive(out var value))
            {
                Reader.Add(value);
                bytes++;
                idlePolls = 0;
                _lastByteTick = Processor.Tsc();
            }
            else if (!Reader.InFrame)
            {
                return false;
            }
            else if (++idlePolls == PollsInsideFrame)
            {
                if (Processor.Tsc() - _lastByteTick < AbandonTicks)
                {
                    return false;
                }

                // What follows its head in the buffer may hold a whole request.
                Reader.Abandon();
                idlePolls = 0;
            }
        }

        return false;
    }

    /// <summary>Sends the reply whose payload was written to <see cref="ReplyPayload"/>, and keeps it in case the request is repeated.</summary>
    public void Reply(MessageType request, uint sequence, int payloadLength)
    {
        _replyLength = Frame.Seal(_reply, request | MessageType.ReplyBit, sequence, payloadLength);
        _replySequence = sequence;
        Urgent(_reply, _replyLength);
    }

    /// <summary>Forgets the last reply: a console that has just attached numbers its requests anew.</summary>
    public void ForgetReply() => _replyLength = 0;

    /// <summary>Queues the message at <see cref="Payload"/> ahead of the bulk of messages.</summary>
    public bool SendUrgent(MessageType type, int payloadLength) =>
        Urgent(_frame, Frame.Seal(_frame, type, NextSequence++, payloadLength));

    /// <summary>Queues the message at <see cref="Payload"/>; false, and counted, where the queue is full.</summary>
    public bool Send(MessageType type, int payloadLength)
    {
        if (_bulk.TryAdd(_frame, Frame.Seal(_frame, type, NextSequence, payloadLength)))
        {
            NextSequence++;
            return true;
        }

        // The number is used up all the same: the console sees the gap.
        NextSequence++;
        Dropped++;
        return false;
    }

    /// <summary>Whether so many bytes of payload in so many frames fit the bulk of messages.</summary>
    public readonly bool HasRoom(int payloadBytes, int frames) =>
        _bulk.Room >= (uint)(payloadBytes + (frames * (Frame.MaximumBytes - Frame.MaximumPayload + FrameQueue.LengthBytes)));

    /// <summary>Counts a message that was not even tried because it cannot fit; its number is used up, so that the console sees the gap.</summary>
    public void Drop()
    {
        NextSequence++;
        Dropped++;
    }

    /// <summary>
    /// Takes back the oldest message that waits in the bulk: its type and payload, in memory that the next message overwrites. A frame whose
    /// sending has begun stays.
    /// </summary>
    public bool TryTakeBack(out MessageType type, out byte* payload, out int length)
    {
        type = default;
        payload = _frame + Frame.HeaderBytes;
        length = 0;
        if (!_bulk.TryDiscard(_frame, out var bytes))
        {
            return false;
        }

        type = (MessageType)_frame[6];
        length = bytes - Frame.HeaderBytes - Frame.ChecksumBytes;
        Dropped++;
        return true;
    }

    /// <summary>Whether everything was handed to the UART.</summary>
    public readonly bool IsIdle => _urgent.IsEmpty && _bulk.IsEmpty;

    /// <summary>Hands the UART as many bytes as it takes at once.</summary>
    public void Transmit()
    {
        if (IsIdle || !Uart.CanTransmit)
        {
            return;
        }

        for (var i = 0; i < Uart.FifoBytes; i++)
        {
            if (!TakeByte(out var value))
            {
                return;
            }

            Uart.Transmit(value);
        }
    }

    // A bulk frame that has begun goes first; between frames the urgent ones do.
    private bool TakeByte(out byte value)
    {
        if (_sendingBulk ? !_bulk.InFrame : !_urgent.InFrame)
        {
            _sendingBulk = _urgent.IsEmpty;
        }

        return _sendingBulk ? _bulk.TryTake(out value) : _urgent.TryTake(out value);
    }

    // A request with the number of the last one is that request again: its reply was lost on the way, and it must not be carried out twice.
    private bool RepeatReply()
    {
        if (_replyLength == 0 || Reader.Sequence != _replySequence || Reader.Type == MessageType.Hello
            || ((byte)Reader.Type | (byte)MessageType.ReplyBit) != _reply[6])
        {
            return false;
        }

        Urgent(_reply, _replyLength);
        return true;
    }

    private bool Urgent(byte* frame, int length)
    {
        if (_urgent.TryAdd(frame, length))
        {
            return true;
        }

        Dropped++;
        return false;
    }
}
