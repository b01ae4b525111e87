using HvKernel.Memory;

namespace HvKernel.Events.Code;

/// <summary>
/// Places for the machine code of events and for their safe buffers: two areas of the window, common to all processors, given out in blocks of 64 bytes and
/// taken back. Pure.
/// </summary>
public unsafe struct CodeMemory
{
    private const ulong BlockBytes = 64;

    /// <summary>Bytes in front of the code area and of the buffer area that belong to code which is run once.</summary>
    public const ulong OnceCodeBytes = Protocol.LinkProtocol.MaximumCode + BlockBytes;
    public const ulong OnceBufferBytes = Protocol.LinkProtocol.MaximumBuffer;

    /// <summary>Pages that <see cref="Build"/> takes.</summary>
    public const ulong PagesNeeded = ((RunnerWindow.CodeBytes + RunnerWindow.BufferBytes) / Page.Bytes) + MapPages;
    private const ulong MapPages = (((RunnerWindow.CodeBytes + RunnerWindow.BufferBytes) / BlockBytes) + Page.Bytes - 1) / Page.Bytes;

    private byte* _code;
    private byte* _buffers;

    // One byte for each block: 0 free.
    private byte* _codeMap;
    private byte* _bufferMap;

    /// <summary>Physical addresses of the two areas, for the windows.</summary>
    public readonly ulong CodePages => (ulong)_code;

    public readonly ulong BufferPages => (ulong)_buffers;

    /// <summary>Takes the areas; false where the pool is too small.</summary>
    public bool Build(ref PagePool pool)
    {
        _code = pool.Take(RunnerWindow.CodeBytes / Page.Bytes);
        _buffers = pool.Take(RunnerWindow.BufferBytes / Page.Bytes);
        _codeMap = pool.Take(MapPages);
        if (_code == null || _buffers == null || _codeMap == null)
        {
            return false;
        }

        _bufferMap = _codeMap + (RunnerWindow.CodeBytes / BlockBytes);
        Mark(_codeMap, 0, Blocks(OnceCodeBytes), 1);
        Mark(_bufferMap, 0, Blocks(OnceBufferBytes), 1);
        return true;
    }

    /// <summary>A place for so many bytes of code: its address in the window, or 0.</summary>
    public readonly ulong TakeCode(ulong bytes) => Take(_codeMap, RunnerWindow.CodeBytes, RunnerWindow.Code, bytes);

    /// <summary>A zeroed safe buffer: its address in the window, or 0.</summary>
    public readonly ulong TakeBuffer(ulong bytes)
    {
        var address = Take(_bufferMap, RunnerWindow.BufferBytes, RunnerWindow.Buffers, bytes);
        if (address != 0)
        {
            Clear(address, bytes);
        }

        return address;
    }

    /// <summary>Gives a place back; 0 is none.</summary>
    public readonly void ReleaseCode(ulong address, ulong bytes)
    {
        if (address != 0)
        {
            Mark(_codeMap, (address - RunnerWindow.Code) / BlockBytes, Blocks(bytes), 0);
        }
    }

    /// <summary>Gives a safe buffer back; 0 is none.</summary>
    public readonly void ReleaseBuffer(ulong address, ulong bytes)
    {
        if (address != 0)
        {
            Mark(_bufferMap, (address - RunnerWindow.Buffers) / BlockBytes, Blocks(bytes), 0);
        }
    }

    /// <summary>Zeroes a safe buffer.</summary>
    public readonly void Clear(ulong buffer, ulong bytes)
    {
        var start = Own(buffer);
        for (ulong i = 0; i < bytes; i++)
        {
            start[i] = 0;
        }
    }

    /// <summary>Where HvKernel writes what stands at an address of the two areas.</summary>
    public readonly byte* Own(ulong address) =>
        address >= RunnerWindow.Buffers ? _buffers + (address - RunnerWindow.Buffers) : _code + (address - RunnerWindow.Code);

    private static ulong Take(byte* map, ulong areaBytes, ulong area, ulong bytes)
    {
        var wanted = Blocks(bytes);
        var blocks = areaBytes / BlockBytes;
        ulong run = 0;
        for (ulong i = 0; i < blocks; i++)
        {
            run = map[i] == 0 ? run + 1 : 0;
            if (run == wanted)
            {
                var first = i + 1 - wanted;
                Mark(map, first, wanted, 1);
                return area + (first * BlockBytes);
            }
        }

        return 0;
    }

    private static void Mark(byte* map, ulong first, ulong count, byte value)
    {
        for (ulong i = 0; i < count; i++)
        {
            map[first + i] = value;
        }
    }

    private static ulong Blocks(ulong bytes) => bytes == 0 ? 1 : (bytes + BlockBytes - 1) / BlockBytes;
}
