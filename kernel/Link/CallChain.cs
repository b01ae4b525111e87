using HvKernel.Cpu;

namespace HvKernel.Link;

/// <summary>Where an image's code is, and what its exception directory says about it.</summary>
public unsafe struct ImageRange
{
    /// <summary>The image as it runs, its headers included.</summary>
    public byte* Base;
    public uint Bytes;

    /// <summary>RUNTIME_FUNCTION entries in the order of their addresses, as an offset in the image, and how many.</summary>
    public uint Functions;
    public uint FunctionCount;
}

/// <summary>
/// Finds the callers of a place in the image: by its unwind information where the place has some ("x64 exception handling" of the Microsoft x64 software
/// conventions), and where it has none (assembly) by the next word on the stack that stands behind a call instruction. Every loop is bounded and nothing
/// outside the stack and the image is read, whatever the stack holds. Pure.
/// </summary>
public unsafe struct CallChain
{
    private const int EntryBytes = 12;
    private const int MaximumChained = 8;
    private const uint ChainInformation = 4;
    private const int Rsp = 4;

    private ImageRange _image;
    private ulong _stackStart;
    private ulong _stackEnd;
    private bool _isCaller;
    private fixed ulong _registers[16];

    /// <summary>The place, and then each caller's return address.</summary>
    public ulong Rip;

    /// <summary>Starts at an exception's frame; only words between <paramref name="stackStart"/> and <paramref name="stackEnd"/> are read.</summary>
    public void Start(in ImageRange image, HostFrame* frame, ulong stackStart, ulong stackEnd)
    {
        _image = image;
        _stackStart = stackStart;
        _stackEnd = stackEnd;
        _isCaller = false;
        Rip = frame->Rip;
        _registers[0] = frame->Rax;
        _registers[1] = frame->Rcx;
        _registers[2] = frame->Rdx;
        _registers[3] = frame->Rbx;
        _registers[Rsp] = frame->Rsp;
        _registers[5] = frame->Rbp;
        _registers[6] = frame->Rsi;
        _registers[7] = frame->Rdi;
        _registers[8] = frame->R8;
        _registers[9] = frame->R9;
        _registers[10] = frame->R10;
        _registers[11] = frame->R11;
        _registers[12] = frame->R12;
        _registers[13] = frame->R13;
        _registers[14] = frame->R14;
        _registers[15] = frame->R15;
    }

    /// <summary>Goes on to the caller; false where there is none.</summary>
    public bool Next()
    {
        var before = _registers[Rsp];

        // The address behind a call may be the next function's.
        var offset = Rip - (ulong)_image.Base - (_isCaller ? 1UL : 0);
        var function = offset < _image.Bytes ? Find((uint)offset) : null;
        if (function == null || !TryUnwind(function, (uint)offset) || _registers[Rsp] <= before || !IsReturn(Rip))
        {
            _registers[Rsp] = before;
            if (!Scan())
            {
                return false;
            }
        }

        _isCaller = true;
        return true;
    }

    // The entry that covers an offset, or null: assembly, and functions that leave the stack alone.
    private readonly uint* Find(uint offset)
    {
        uint low = 0;
        var high = _image.FunctionCount;
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var entry = (uint*)(_image.Base + _image.Functions + (middle * EntryBytes));
            if (offset < entry[0])
            {
                high = middle;
            }
            else if (offset >= entry[1])
            {
                low = middle + 1;
            }
            else
            {
                return entry;
            }
        }

        return null;
    }

    private bool TryUnwind(uint* function, uint offset)
    {
        for (var chained = 0; chained < MaximumChained; chained++)
        {
            var at = function[2];
            if (at > _image.Bytes - 4 || (uint)(_image.Base[at + 2] * 2) + 4 + EntryBytes > _image.Bytes - at)
            {
                return false;
            }

            var information = _image.Base + at;
            var count = information[2];
            var codes = (ushort*)(information + 4);

            // Only the first part can be left in the middle of its prologue.
            var done = chained == 0 ? offset - function[0] : uint.MaxValue;
            if (!TryUndo(codes, count, done, information[3]))
            {
                return false;
            }

            if ((information[0] >> 3 & ChainInformation) == 0)
            {
                return TryPop(out Rip);
            }

            function = (uint*)(codes + ((count + 1) & ~1));
        }

        return false;
    }

    // Undoes what the prologue has done so far, the last step first.
    private bool TryUndo(ushort* codes, int count, uint done, byte frameRegister)
    {
        for (var i = 0; i < count;)
        {
            var code = codes[i];
            var operand = code >> 12;
            var isDone = (code & 0xFF) <= done;
            var slots = 1;
            switch ((code >> 8) & 15)
            {
                case 0:
                    if (isDone && !TryPop(out _registers[operand]))
                    {
                        return false;
                    }

                    break;
                case 1:
                    slots = operand == 0 ? 2 : 3;
                    if (i + slots > count)
                    {
                        return false;
                    }

                    _registers[Rsp] += !isDone ? 0 : operand == 0 ? codes[i + 1] * 8UL : codes[i + 1] | ((ulong)codes[i + 2] << 16);
                    break;
                case 2:
                    _registers[Rsp] += isDone ? (8UL * (uint)operand) + 8 : 0;
                    break;
                case 3:
                    if (isDone)
                    {
                        _registers[Rsp] = _registers[frameRegister & 15] - (16UL * (uint)(frameRegister >> 4));
                    }

                    break;
                case 4:
                case 5:
                    slots = ((code >> 8) & 15) == 4 ? 2 : 3;
                    if (i + slots > count)
                    {
                        return false;
                    }

                    var offset = slots == 2 ? codes[i + 1] * 8UL : codes[i + 1] | ((ulong)codes[i + 2] << 16);
                    if (isDone && !TryRead(_registers[Rsp] + offset, out _registers[operand]))
                    {
                        return false;
                    }

                    break;
                case 8:
                    slots = 2;
                    break;
                case 9:
                    slots = 3;
                    break;
                default:
                    return false;
            }

            i += slots;
        }

        return true;
    }

    private bool Scan()
    {
        for (var at = _registers[Rsp]; TryRead(at, out var word); at += 8)
        {
            if (IsReturn(word))
            {
                Rip = word;
                _registers[Rsp] = at + 8;
                return true;
            }
        }

        return false;
    }

    private bool TryPop(out ulong word)
    {
        if (!TryRead(_registers[Rsp], out word))
        {
            return false;
        }

        _registers[Rsp] += 8;
        return true;
    }

    private readonly bool TryRead(ulong address, out ulong word)
    {
        word = 0;
        if (address < _stackStart || address >= _stackEnd || (address & 7) != 0)
        {
            return false;
        }

        word = *(ulong*)address;
        return true;
    }

    // Whether an address stands behind CALL rel32, or CALL r/m64 in one of its lengths (SDM vol. 2A, "CALL").
    private readonly bool IsReturn(ulong address)
    {
        const int LongestCall = 7;
        var offset = address - (ulong)_image.Base;
        if (offset < LongestCall || offset >= _image.Bytes)
        {
            return false;
        }

        var end = _image.Base + offset;
        return end[-5] == 0xE8 || IsIndirect(end, 2) || IsIndirect(end, 3) || IsIndirect(end, 4) || IsIndirect(end, 6) || IsIndirect(end, 7);
    }

    private static bool IsIndirect(byte* end, int bytes) => end[-bytes] == 0xFF && (end[1 - bytes] & 0x38) == 0x10;
}
