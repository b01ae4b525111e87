using HvKernel.Protocol;

namespace HvKernel.Events.Code;

/// <summary>A piece of machine code in the window, ready to run.</summary>
public struct Blob
{
    /// <summary>Where it begins in the window; 0: there is none.</summary>
    public ulong Address;

    /// <summary>Its length as it was given, without what was appended.</summary>
    public uint Bytes;
    public RunManner Manner;
    public BlobFlags Flags;

    /// <summary>Whether its last byte, a RET, was replaced by the way back.</summary>
    public bool RetReplaced;

    /// <summary>Runs that came to their end, and those that failed.</summary>
    public ulong Runs;
    public ulong Faults;

    /// <summary>Ticks spent in it.</summary>
    public ulong Ticks;
}

/// <summary>How machine code is placed, and what is appended to it. Pure.</summary>
public static unsafe class BlobCode
{
    private const byte Ret = 0xC3;
    private const byte JumpNear = 0xE9;
    private const byte Breakpoint = 0xCC;

    /// <summary>Most bytes that <see cref="Write"/> appends.</summary>
    public const uint TailBytes = 16;

    /// <summary>Whether a RET at the end of this code is replaced.</summary>
    public static bool ReplacesRet(byte* code, uint bytes, RunManner manner) => manner == RunManner.Direct && bytes != 0 && code[bytes - 1] == Ret;

    /// <summary>
    /// Writes code to its place. Where it runs in root directly, its end becomes a jump to the way back, so that no return address on a stack which
    /// the code can write decides where it goes on; elsewhere a RET is supplied behind it.
    /// </summary>
    /// <param name="place">Where HvKernel writes the place.</param>
    /// <param name="address">The same place in the window.</param>
    /// <param name="code">As it was given.</param>
    /// <param name="bytes">Length of it.</param>
    /// <param name="manner">How it is run.</param>
    /// <param name="wayBack">Address in the window that ends a run in root.</param>
    public static void Write(byte* place, ulong address, byte* code, uint bytes, RunManner manner, ulong wayBack)
    {
        for (uint i = 0; i < bytes; i++)
        {
            place[i] = code[i];
        }

        var end = bytes;
        if (manner == RunManner.Direct)
        {
            if (ReplacesRet(code, bytes, manner))
            {
                end--;
            }

            place[end] = JumpNear;
            *(int*)(place + end + 1) = (int)(wayBack - (address + end + 5));
            end += 5;
        }
        else
        {
            place[end++] = Ret;
        }

        // Code that jumps behind its own end must not meet what another event left there.
        for (; end < bytes + TailBytes; end++)
        {
            place[end] = Breakpoint;
        }
    }
}
