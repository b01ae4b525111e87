namespace HvKernel.Guests.Lab;

/// <summary>Where the assembly's code is in the running image; the order is that of asm/addresses.asm.</summary>
internal struct CodeAddresses
{
    public ulong EntryStart;
    public ulong EntryEnd;
    public ulong SyscallEntry;
    public ulong Resume;
    public ulong UserStart;
    public ulong UserEnd;
    public ulong UserSyscall;
    public ulong UserInterrupt;
    public ulong UserPageFault;
    public ulong UserInvalidOpcode;
    public ulong UserTimer;
    public ulong UserYield;
    public ulong UserAllocate;
    public ulong UserSpin;
    public ulong UserBusy;
    public ulong UserTagged;
    public ulong UserNumbers;
    public ulong UserVectors;
    public ulong UserSteady;
    public ulong UserProgress;
    public ulong SpinHere;
    public ulong SpinNext;
    public ulong Halt;
    public ulong HaltEnd;
    public ulong Dead;
    public ulong DeadEnd;
    public ulong OnTrap;
    public ulong Run;
    public ulong Allocate;
    public ulong UserThread;
    public ulong UserRestless;
    public ulong UserCounting;
    public ulong NmiEntry;
    public ulong OnThreadTrap;
    public ulong OnNmi;
    public ulong StartCode;
    public ulong StartData;
    public ulong StartProcessor;
    public ulong HaltInstruction;
}
