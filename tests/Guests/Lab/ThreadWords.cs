namespace HvKernel.Guests.Lab;

/// <summary>Each thread's own words in the data page of its process; asm/layout.inc has the same offsets.</summary>
internal static unsafe class ThreadWords
{
    private const int Start = 0x100;
    private const int Stride = 0x20;
    private const int CountOffset = 0;
    private const int EndOffset = 8;

    /// <summary>Address in the process, which the program gets in rsi.</summary>
    public static ulong Address(int index) => UserSpace.Data + Offset(index);

    public static ulong Physical(Process* process, int index) => process->Data + Offset(index);

    /// <summary>What the program counts, or what the kernel counts for it; through the direct map.</summary>
    public static ulong* Count(Thread* thread) => (ulong*)(KernelSpace.At(thread->Words) + CountOffset);

    /// <summary>Ends <c>counting</c>.</summary>
    public static ulong* End(Thread* thread) => (ulong*)(KernelSpace.At(thread->Words) + EndOffset);

    private static ulong Offset(int index) => (ulong)(Start + (index * Stride));
}
