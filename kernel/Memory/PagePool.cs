namespace HvKernel.Memory;

/// <summary>Size of the smallest page.</summary>
public static class Page
{
    public const int Bytes = 4096;
    public const ulong Mask = Bytes - 1;
    public const ulong LargeBytes = 2UL << 20;
    public const ulong GigaBytes = 1UL << 30;

    /// <summary>Pages that hold this many bytes.</summary>
    public static ulong Count(ulong bytes) => (bytes + Mask) / Bytes;
}

/// <summary>
/// Hands out zeroed pages from one reserved range, in order, and never takes one back: all of HvKernel's memory is decided before launch.
/// Addresses are physical ones, which in the resident address space (and in the firmware's) are also virtual.
/// </summary>
public unsafe struct PagePool
{
    private byte* _next;
    private byte* _end;

    /// <summary>Starts handing out from a page-aligned range.</summary>
    public void Initialize(byte* start, ulong bytes)
    {
        _next = start;
        _end = start + bytes;
    }

    /// <summary>Bytes that are left.</summary>
    public readonly ulong Remaining => (ulong)(_end - _next);

    /// <summary>Consecutive zeroed pages, or null where fewer are left.</summary>
    public byte* Take(ulong pages)
    {
        if (pages > Remaining / Page.Bytes)
        {
            return null;
        }

        var taken = _next;
        _next += pages * Page.Bytes;
        var words = (ulong*)taken;
        for (ulong i = 0; i < pages * Page.Bytes / 8; i++)
        {
            words[i] = 0;
        }

        return taken;
    }
}
