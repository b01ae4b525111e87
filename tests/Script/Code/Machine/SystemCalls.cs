using System.Runtime.InteropServices;

namespace HvDbg.Script.Tests.Code.Machine;

/// <summary>The C library's calls for memory and signals, with the constants of Linux on x86-64.</summary>
internal static unsafe partial class SystemCalls
{
    internal const int ProtectNone = 0;
    internal const int ProtectReadWrite = 3;
    internal const int ProtectAll = 7;
    internal const int MapPrivateAnonymous = 0x22;

    internal const int SignalTrap = 5;
    internal const int SignalBus = 7;
    internal const int SignalFloatingPoint = 8;
    internal const int SignalSegment = 11;

    internal const int ActionInfo = 4;
    internal const int ActionOnStack = 0x0800_0000;
    internal const int ActionNoDefer = 0x4000_0000;

    /// <summary><c>struct sigaction</c> of glibc.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 152)]
    internal struct SignalAction
    {
        [FieldOffset(0)]
        internal nint Handler;

        [FieldOffset(136)]
        internal int Flags;
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial byte* Map(byte* address, nuint bytes, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    internal static partial int Protect(byte* address, nuint bytes, int protection);

    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    internal static partial int SetAction(int signal, SignalAction* action, SignalAction* before);
}
