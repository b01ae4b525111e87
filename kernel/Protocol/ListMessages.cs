using System.Runtime.InteropServices;

namespace HvKernel.Protocol;

/// <summary>Request of a list: which entry to begin with.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ListRequest
{
    /// <summary>0 at first, then the reply's <see cref="ListReply.Next"/>.</summary>
    public ulong Cursor;
}

/// <summary>Start of a list's part; rows follow. The list is complete when <see cref="Next"/> is 0.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ListReply
{
    public ReplyHeader Header;
    public uint Count;
    public uint RowBytes;
    public ulong Next;
}
