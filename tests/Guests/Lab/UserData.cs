namespace HvKernel.Guests.Lab;

/// <summary>What stands in the page at <see cref="UserSpace.Data"/>; asm/layout.inc has the same offsets.</summary>
internal static unsafe class UserData
{
    /// <summary>What a debugger sets to end <c>userspin</c> and <c>steady</c>; in <c>timer</c> the kernel counts here.</summary>
    public const int Flag = 0;
    public const int Progress = 0x08;
    public const int OddRegisters = 0x10;
    public const int Checks = 0x18;
    public const int Mismatches = 0x20;
    public const int MismatchAt = 0x28;

    /// <summary>Nothing is written from here to <see cref="Found"/> but by <c>vectors</c>.</summary>
    public const int UnusedStart = 0x40;
    public const int Wanted = 0x400;
    public const int Found = 0x800;

    /// <summary>A word of a process's page, through the direct map.</summary>
    public static ulong* Word(Process* process, int offset) => (ulong*)(KernelSpace.At(process->Data) + offset);
}
