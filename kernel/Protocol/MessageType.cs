namespace HvKernel.Protocol;

/// <summary>
/// Type byte of a frame. 0x01..0x3F are requests of the console; the reply to one has the same value with <see cref="ReplyBit"/> set and
/// the same sequence number. 0x40..0x7F are sent by the target on its own, with a sequence of their own that rises by one each.
/// </summary>
public enum MessageType : byte
{
    None = 0,
    Hello = 0x01,
    Status = 0x02,
    Pause = 0x03,
    Continue = 0x04,
    ReadRegisters = 0x05,
    WriteRegister = 0x06,
    ReadMemory = 0x07,
    WriteMemory = 0x08,
    ReadMsr = 0x09,
    WriteMsr = 0x0A,
    Translate = 0x0B,
    AddEvent = 0x10,
    ModifyEvent = 0x11,
    ListEvents = 0x12,
    Preactivate = 0x13,
    Stage = 0x14,
    ReadEventPart = 0x15,
    Flush = 0x16,
    RunCode = 0x17,
    ListProcesses = 0x18,
    GuestOs = 0x19,
    SymbolAt = 0x1A,
    SymbolNamed = 0x1B,
    ListProcessors = 0x20,
    ExitCounters = 0x21,
    Step = 0x22,
    AddBreakpoint = 0x23,
    ModifyBreakpoint = 0x24,
    ListBreakpoints = 0x25,
    ScriptLayout = 0x28,
    NameGlobal = 0x29,
    ListGlobals = 0x2A,
    ReadLog = 0x30,

    Stopped = 0x40,
    Transitions = 0x41,
    EventNotice = 0x42,
    Text = 0x43,
    BlobFault = 0x44,
    BufferPart = 0x45,
    Print = 0x46,

    ReplyBit = 0x80,
}
