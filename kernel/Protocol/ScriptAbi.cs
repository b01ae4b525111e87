namespace HvKernel.Protocol;

/// <summary>
/// What compiled scripts call HvKernel for: rcx, rdx, r8, r9 are the arguments, rax the answer; all other registers but r11 and the flags stay.
/// The number stands in eax at the call of the gate.
/// </summary>
public enum ScriptHelper : uint
{
    /// <summary>(kind, detail): ends the script with a report; does not come back. Kinds: <see cref="ScriptFailure"/>.</summary>
    Fail = 0,

    /// <summary>(format, words, count, kinds): queues a message. Two bits of kinds for each argument: 0 word, 1 string, 2 wide string, 3 double.</summary>
    Print,

    /// <summary>(register): a register that GUEST_REGS and the block behind it do not have.</summary>
    ReadRegister,

    /// <summary>(register, value): takes effect at once, in the block too. What cannot be changed, or not to this value, ends the script.</summary>
    WriteRegister,

    /// <summary>(pseudo-register): what is not in the block; addresses of names and times point into the script's data.</summary>
    PseudoRegister,

    /// <summary>(address): 1 where a byte can be read there.</summary>
    CheckAddress,

    /// <summary>(address): physical address, or 0.</summary>
    VirtualToPhysical,

    /// <summary>(physical address): an address of the guest's own map of all memory, or 0.</summary>
    PhysicalToVirtual,

    /// <summary>(address, bytes, value): 1 written, 0 not; write protection of the guest's tables is no obstacle.</summary>
    Write,

    /// <summary>(physical address, bytes): the value; a bad address ends the script.</summary>
    ReadPhysical,

    /// <summary>(physical address, bytes, value): 1 written, 0 not.</summary>
    WritePhysical,

    /// <summary>(destination, source, bytes): between physical addresses; a bad one ends the script.</summary>
    CopyPhysical,

    /// <summary>(event, operation of <see cref="EventOperation"/>).</summary>
    ModifyEvent,

    /// <summary>(on): the decision about this transition.</summary>
    ShortCircuit,

    /// <summary>(type, vector, error code, has error code).</summary>
    Inject,

    /// <summary>Stops the guest after the actions.</summary>
    Pause,

    /// <summary>Throws away what was collected and not sent.</summary>
    Flush,

    /// <summary>(microseconds): waits, up to the run's time limit.</summary>
    Microsleep,

    /// <summary>(address, 32 or 64): length of the instruction there; 0: none.</summary>
    InstructionLength,

    /// <summary>(value): for tests.</summary>
    Test,
}

/// <summary>Why a compiled script ended itself.</summary>
public enum ScriptFailure : uint
{
    /// <summary>Too many operations in one run.</summary>
    Budget = 1,
    DivisionByZero,

    /// <summary>Too many calls within calls, or too much local data.</summary>
    Stack,

    /// <summary>An address that belongs to HvKernel, or is not canonical.</summary>
    Address,

    /// <summary>A lock that this run could never get.</summary>
    Lock,

    /// <summary>A floating-point result that is no number, or infinite.</summary>
    Float,

    /// <summary>An argument that the function does not take.</summary>
    Argument,
}

/// <summary>Sizes that compiler and target agree on.</summary>
public static class ScriptLimits
{
    /// <summary>Global words.</summary>
    public const int Globals = 512;

    /// <summary>Bytes of a global's name in messages, filled with zeros; the longest name has one less.</summary>
    public const int GlobalNameBytes = 32;

    /// <summary>Bytes of the data of one run.</summary>
    public const int DataBytes = 32 * 1024;

    /// <summary>Bytes at the end of the data that compiled code leaves alone: names and times that helpers answer the address of stand there.</summary>
    public const int TextBytes = 256;

    /// <summary>Most arguments of one message.</summary>
    public const int PrintArguments = 32;
}

/// <summary>Registers that helpers know; the numbers of what stands in GUEST_REGS and the block behind it are not among them.</summary>
public enum ScriptRegister : uint
{
    Rip = 16, Rflags, Cr3,

    Cs = 32, Ds, Es, Ss, Fs, Gs, Tr, Ldtr, FsBase, GsBase, KernelGsBase, Gdtr, Idtr,
    Cr0, Cr2, Cr4, Cr8, Dr0, Dr1, Dr2, Dr3, Dr6, Dr7, Efer,
}

/// <summary>Arguments of <see cref="ScriptHelper.PseudoRegister"/>.</summary>
public enum ScriptPseudoRegister : uint
{
    Pid, Tid, Proc, Thread, Pname, Peb, Teb, Core, Ip, Buffer, Context, EventTag, EventId, EventStage, Date, Time,
}

/// <summary>Offsets behind the pointer to GUEST_REGS that compiled scripts read and write directly.</summary>
public static class ScriptBlock
{
    public const int ShortCircuit = 0x80;
    public const int EventId = 0x88;
    public const int Processor = 0x90;
    public const int Pid = 0x98;
    public const int Rip = 0xA0;
    public const int Rflags = 0xA8;
    public const int Cr3 = 0xB0;
    public const int Tick = 0xB8;
}
