using System.Collections.Generic;
using HvKernel.Protocol;

namespace HvKernel.Boot.Tests.Lab;

/// <summary>A blob that must fail, and how.</summary>
/// <param name="Name">What it tries.</param>
/// <param name="Text">Assembly text, for nasm. <c>DIRECT</c> stands for the guest's direct map plus an address of HvKernel's memory, <c>OWN</c> for that address.</param>
/// <param name="Offset">Offset of the instruction that fails; null: somewhere, or outside the code.</param>
/// <param name="Vectors">The exceptions that may be reported; none: the time limit.</param>
/// <param name="Exits">Basic exit reasons that may be reported instead, where the processor leaves the context before it checks privilege.</param>
public sealed record BadBlob(string Name, string Text, int? Offset, byte[] Vectors, params ExitReason[] Exits)
{
    /// <summary>Whether it comes to its end, without harm, where it runs directly in root.</summary>
    public bool EndsDirectly { get; init; }

    public override string ToString() => Name;
}

/// <summary>Blobs that fail: by the exception they are named for, and by what they try against HvKernel.</summary>
public static class CodeBlobs
{
    public const byte DivideError = 0;
    public const byte Debug = 1;
    public const byte Breakpoint = 3;
    public const byte InvalidOpcode = 6;
    public const byte SegmentNotPresent = 11;
    public const byte StackFault = 12;
    public const byte GeneralProtection = 13;
    public const byte PageFault = 14;
    public const byte X87Error = 16;
    public const byte AlignmentCheck = 17;
    public const byte SimdError = 19;

    /// <summary>One of each exception, in every manner the same. After each of them the guest goes on.</summary>
    public static readonly IReadOnlyList<BadBlob> Faults =
    [
        new("#DE", "nop; xor eax, eax; xor ecx, ecx; div ecx", 5, [DivideError]),
        new("#DB by icebp", "nop; icebp; nop", 1, [Debug]),
        new("#BP", "nop; nop; int3", 2, [Breakpoint]),
        new("#UD", "xor eax, eax; ud2", 2, [InvalidOpcode]),
        new("#GP by a non-canonical address", "mov rbx, 0x8000000000000000; mov [rbx], rax", 10, [GeneralProtection]),
        new("#SS by a non-canonical stack", "mov rbp, 0x8000000000000000; mov [rbp], rax", 10, [StackFault]),
        new("#SS by push", "mov rsp, 0x8000000000000000; push rax", 10, [StackFault]),
        new("#PF at 0", "mov [0], rax", 0, [PageFault]),
        new("#PF by reading", "mov rbx, 0x123456789000; nop; mov rax, [rbx + 8]", 11, [PageFault]),
        new("#PF by a jump", "mov eax, 0x1000; jmp rax", null, [PageFault]),
        new("#MF", "fninit; push 0x0340; fldcw [rsp]; fld1; fldz; fdivp; fwait", null, [X87Error]),
        new("#XM", "push 0x1F00; ldmxcsr [rsp]; pxor xmm0, xmm0; divsd xmm0, xmm0", null, [SimdError]),
        new("stack overflow by push", "again: push rax; jmp again", 0, [PageFault]),
        new("stack overflow by recursion", "call $", 0, [PageFault]),
        new("stack underflow", "again: pop rax; jmp again", 0, [PageFault]),
        new("endless loop", "again: jmp again", 0, []),
        new("endless loop that works", "again: inc rax; jmp again", null, []),
        new("endless string instruction", "mov rcx, -1; mov rdi, rsp; xor eax, eax; std; rep stosq", 13, [PageFault]),
    ];

    /// <summary>Those that only code at ring 3 gets.</summary>
    public static readonly IReadOnlyList<BadBlob> ContainedFaults =
    [
        new("#AC", "pushfq; or dword [rsp], 0x40000; popfq; mov eax, [rsp + 1]", 9, [AlignmentCheck]),
        new("#DB by the trap flag", "pushfq; or dword [rsp], 0x100; popfq; nop; nop", null, [Debug]),
    ];

    /// <summary>Attempts against HvKernel and the machine. Contained code must get an exception or end its context by each.</summary>
    public static readonly IReadOnlyList<BadBlob> Hostile =
    [
        // HvKernel's memory, at its own address, at the guest's for it, and in the window that the code lives in.
        new("write to HvKernel's memory", "mov rbx, OWN; mov [rbx], rax", 10, [PageFault]),
        new("write to HvKernel's memory through the guest's direct map", "mov rbx, DIRECT; mov [rbx], rax", 10, [PageFault]),
        new("read of HvKernel's memory through the guest's direct map", "mov rbx, DIRECT; mov rax, [rbx]", 10, [PageFault]),
        new("write to its own code", "lea rbx, [rel $]; mov byte [rbx], 0x90; jmp rbx", 7, [PageFault]),
        new("write below its own code", "lea rbx, [rel $]; and rbx, -0x1000; mov [rbx], rax", 14, [PageFault]),
        new("write to the window's text", "lea rbx, [rel $]; mov rax, 0xFFFFFF8000000000; and rbx, rax; mov [rbx], rax", 20, [PageFault]),
        new("write to the window's context", "lea rbx, [rel $]; mov rax, 0xFFFFFF8000000000; and rbx, rax; mov [rbx + 0x8000], rax", 20, [PageFault]),
        new("write to the window's tables", "lea rbx, [rel $]; mov rax, 0xFFFFFF8000000000; and rbx, rax; mov [rbx + 0xA000], rax", 20, [PageFault]),
        new("read of the window's context", "lea rbx, [rel $]; mov rax, 0xFFFFFF8000000000; and rbx, rax; mov rax, [rbx + 0x8000]", 20, [PageFault]) { EndsDirectly = true },
        new("jump into the window's text", "lea rbx, [rel $]; mov rax, 0xFFFFFF8000000000; and rbx, rax; jmp rbx", null, [PageFault]),
        new("execution of its own stack", "mov word [rsp - 64], 0xFEEB; lea rax, [rsp - 64]; jmp rax", null, [PageFault]),
        new("execution of GUEST_REGS", "mov word [rdx], 0xFEEB; jmp rdx", null, [PageFault]),
        new("execution of the guest's program", "mov eax, 0x400000; jmp rax", null, [PageFault]),
        new("write to the guest's program", "mov [0x400000], eax", 0, [PageFault]),

        // Stacks and ways out.
        new("stack switch to nothing", "xor esp, esp; push rax", 2, [PageFault]),
        new("stack switch to the top of memory", "mov rsp, -8; push rax; again: push rax; jmp again", null, [PageFault, StackFault]),
        // Directly the last ret is none.
        new("return to nowhere", "push 0x1234; ret", null, [PageFault]) { EndsDirectly = true },
        new("return to a non-canonical address", "mov rax, 0x8000000000000000; push rax; ret", null, [GeneralProtection]) { EndsDirectly = true },
        new("iretq to ring 0", "mov rbx, rsp; push 0x10; push rbx; pushfq; push 8; lea rax, [rel $]; push rax; iretq", null, [GeneralProtection]),
        new("iretq of nothing", "iretq", 0, [GeneralProtection, StackFault, PageFault]),
        new("far return", "push 8; lea rax, [rel $]; push rax; retfq", null, [GeneralProtection]),
        new("far jump", "lea rax, [rel $]; push 8; push rax; jmp far qword [rsp]", null, [GeneralProtection, PageFault, InvalidOpcode]),
        new("far call to a null selector", "push 0; push 0; call far qword [rsp]", null, [GeneralProtection]),
        new("interrupt 0x80", "int 0x80", 0, [GeneralProtection]),
        new("interrupt 2", "int 2", 0, [GeneralProtection]),
        new("syscall", "syscall", 0, [InvalidOpcode]),
        new("sysenter", "sysenter", 0, [GeneralProtection]),
        new("sysretq", "o64 sysret", 0, [GeneralProtection, InvalidOpcode]),

        // Interrupts and the processor.
        new("cli; jmp $", "cli; jmp $", 0, [GeneralProtection]),
        new("sti", "nop; sti", 1, [GeneralProtection]),
        new("hlt", "hlt", 0, [GeneralProtection]),
        new("in", "mov edx, 0x3F8; in al, dx", 5, [GeneralProtection], ExitReason.IoInstruction),
        new("out", "mov edx, 0x2F8; out dx, al", 5, [GeneralProtection], ExitReason.IoInstruction),
        new("outsb", "mov edx, 0x2F8; mov rsi, rsp; mov ecx, 8; rep outsb", 13, [GeneralProtection], ExitReason.IoInstruction),
        new("rdmsr", "mov ecx, 0xC0000080; rdmsr", 5, [GeneralProtection], ExitReason.Rdmsr),
        new("wrmsr", "mov ecx, 0xC0000082; wrmsr", 5, [GeneralProtection], ExitReason.Wrmsr),
        new("rdpmc", "rdpmc", 0, [GeneralProtection], ExitReason.Rdpmc),
        new("read of CR0", "mov rax, cr0", 0, [GeneralProtection]),
        new("write to CR0", "mov cr0, rax", 0, [GeneralProtection]),
        new("read of CR3", "mov rax, cr3", 0, [GeneralProtection], ExitReason.ControlRegisterAccess),
        new("write to CR3", "mov cr3, rax", 0, [GeneralProtection], ExitReason.ControlRegisterAccess),
        new("write to CR4", "mov cr4, rax", 0, [GeneralProtection]),
        new("write to CR8", "mov cr8, rax", 0, [GeneralProtection]),
        new("write to DR7", "mov dr7, rax", 0, [GeneralProtection]),
        new("clts", "clts", 0, [GeneralProtection]),
        new("lmsw", "lmsw ax", 0, [GeneralProtection]),
        new("lidt", "lidt [rdx]", 0, [GeneralProtection]),
        new("lgdt", "lgdt [rdx]", 0, [GeneralProtection]),
        new("lldt", "lldt ax", 0, [GeneralProtection]),
        new("ltr", "ltr ax", 0, [GeneralProtection]),
        new("a null stack segment", "xor eax, eax; mov ss, ax", 2, [GeneralProtection]),
        new("a code segment of ring 0", "mov eax, 8; mov ds, ax", 5, [GeneralProtection]),
        new("swapgs", "swapgs", 0, [GeneralProtection]),
        new("wrgsbase", "wrgsbase rax", 0, [InvalidOpcode]),
        new("invlpg", "invlpg [rdx]", 0, [GeneralProtection]),
        new("wbinvd", "wbinvd", 0, [GeneralProtection]),
        new("xsetbv", "xor ecx, ecx; mov eax, 7; xor edx, edx; xsetbv", 9, [GeneralProtection], ExitReason.Xsetbv),
        new("monitor", "mov rax, rsp; monitor", 3, [InvalidOpcode]),

        // VMX from within.
        new("vmcall", "vmcall", 0, [InvalidOpcode], ExitReason.Vmcall),
        new("vmxoff", "vmxoff", 0, [GeneralProtection, InvalidOpcode], ExitReason.Vmxoff),
        new("vmlaunch", "vmlaunch", 0, [GeneralProtection, InvalidOpcode], ExitReason.Vmlaunch),
        new("vmread", "mov eax, 0x6C16; vmread rbx, rax", 5, [GeneralProtection, InvalidOpcode], ExitReason.Vmread),
        new("vmwrite", "mov eax, 0x6C16; vmwrite rax, rbx", 5, [GeneralProtection, InvalidOpcode], ExitReason.Vmwrite),
        new("vmptrld", "vmptrld [rdx]", 0, [GeneralProtection, InvalidOpcode], ExitReason.Vmptrld),
        new("vmclear", "vmclear [rdx]", 0, [GeneralProtection, InvalidOpcode], ExitReason.Vmclear),
        new("invept", "xor eax, eax; inc eax; invept rax, [rdx]", 4, [GeneralProtection, InvalidOpcode], ExitReason.Invept),
        new("vmfunc", "xor eax, eax; vmfunc", 2, [InvalidOpcode], ExitReason.Vmfunc),
    ];
}
