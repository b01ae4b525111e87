using HvKernel.Guests.Lab;

namespace HvKernel.Guests.Conformance;

/// <summary>The guest's memory and page tables.</summary>
internal unsafe struct Pages
{
    private const ulong Plain = PageBit.Present | PageBit.Writable | PageBit.Accessed | PageBit.Dirty;
    private const int WindowSlot = 1;

    private byte* _next;
    private byte* _end;

    /// <summary>Top-level table: entry 0 leads to the first 4 GiB.</summary>
    public ulong* Root;
    private ulong* _gigabytes;
    private ulong* _window;
    private ulong* _test;
    private ulong* _first;
    private ulong _lastGigabyte;
    private byte* _code;
    private byte* _data;
    private ulong _codeBytes;

    public void Initialize(byte* memory, ulong bytes)
    {
        _next = memory;
        _end = memory + bytes;
    }

    /// <summary>Consecutive zeroed pages.</summary>
    public byte* Take(ulong count)
    {
        var taken = _next;
        if (count * Layout.PageBytes > (ulong)(_end - _next))
        {
            Fatal.Stop("out of memory"u8);
        }

        _next += count * Layout.PageBytes;
        Clear(taken, count * Layout.PageBytes);
        return taken;
    }

    public static void Clear(byte* start, ulong bytes)
    {
        for (ulong i = 0; i < bytes / 8; i++)
        {
            ((ulong*)start)[i] = 0;
        }
    }

    /// <summary>Makes the tables, and copies the checks' code to its two places.</summary>
    public void Build(in CodeAddresses code)
    {
        Root = (ulong*)Take(1);
        _gigabytes = (ulong*)Take(1);
        _window = (ulong*)Take(1);
        _test = (ulong*)Take(1);
        _code = Take(((ulong)(code.ProbesEnd - code.Probes) / Layout.PageBytes) + 1);
        _codeBytes = (ulong)(code.ProbesEnd - code.Probes);
        _data = Take(5 * Layout.DataPages);
        Root[0] = (ulong)_gigabytes | Plain | PageBit.User;
        for (ulong i = 0; i < 4; i++)
        {
            var large = (ulong*)Take(1);
            for (ulong j = 0; j < 512; j++)
            {
                large[j] = ((i << 30) + (j << 21)) | Plain | PageBit.Large;
            }

            _gigabytes[i] = (ulong)(i == WindowSlot ? _window : large) | Plain | (i == WindowSlot ? PageBit.User : 0);
        }

        _lastGigabyte = _gigabytes[3];
        _first = (ulong*)Take(3);
        _window[0] = (ulong)_first | Plain | PageBit.User;
        _window[1] = (ulong)(_first + 512) | Plain | PageBit.User;
        _window[2] = (ulong)(_first + 1024) | Plain | PageBit.User;
        _window[3] = (ulong)_test | Plain | PageBit.User;
    }

    /// <summary>Everything that a check may have changed, as it was.</summary>
    public void Restore(in CodeAddresses code)
    {
        _gigabytes[3] = _lastGigabyte;

        _window[3] = (ulong)_test | Plain | PageBit.User;
        var words = (ulong*)_code;
        for (ulong i = 0; i < (_codeBytes + 7) / 8; i++)
        {
            words[i] = ((ulong*)code.Probes)[i];
        }

        Clear(_data, 5 * Layout.DataPages * Layout.PageBytes);
        for (ulong page = 0; page <= _codeBytes / Layout.PageBytes; page++)
        {
            var at = (ulong)_code + (page * Layout.PageBytes);
            _first[page] = at | Plain;
            _first[256 + page] = at | Plain | PageBit.User;
        }

        for (ulong page = 0; page < Layout.DataPages; page++)
        {
            var at = (ulong)_data + (page * Layout.PageBytes);
            var part = Layout.DataPages * Layout.PageBytes;
            _first[512 + page] = at | Plain | PageBit.NoExecute;
            _first[512 + 256 + page] = (at + part) | Plain | PageBit.User | PageBit.NoExecute;
            _first[1024 + 256 + page] = page == Layout.DataPages - 1 ? 0 : (at + (2 * part)) | Plain | PageBit.NoExecute;
        }

        _first[1024] = (ulong)_test | Plain | PageBit.NoExecute;
        _first[1025] = (ulong)_window | Plain | PageBit.NoExecute;
        RestoreTest();
        RestoreLegacy();
    }

    // Pages 0 to 7 as supervisor data, 8 to 15 as user data, 16 executable, 17 absent; the rest absent too.
    private void RestoreTest()
    {
        for (ulong page = 0; page < 512; page++)
        {
            var at = (ulong)_data + (((3 * Layout.DataPages) + page) * Layout.PageBytes);
            _test[page] = page switch
            {
                < 8 => at | Plain | PageBit.NoExecute,
                < 16 => at | Plain | PageBit.User | PageBit.NoExecute,
                16 => at | Plain | PageBit.NoExecute,
                _ => 0,
            };
        }
    }

    private static void RestoreLegacy()
    {
        var root = (ulong*)Layout.PaeRoot;
        var large = (ulong*)Layout.PaeTables;
        for (ulong i = 0; i < 4; i++)
        {
            root[i] = (Layout.PaeTables + (i * Layout.PageBytes)) | PageBit.Present;
            for (ulong j = 0; j < 512; j++)
            {
                large[(i * 512) + j] = ((i << 30) + (j << 21)) | Plain | PageBit.Large;
            }
        }

        var root32 = (uint*)Layout.Root32;
        for (uint i = 0; i < 1024; i++)
        {
            root32[i] = (i << 22) | (uint)Plain | (uint)PageBit.Large;
        }
    }
}
