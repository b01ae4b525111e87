; Where a processor begins after a start-up IPI: a page below 1 MiB, which this section is copied to, in real mode with CS at its start
; (SDM vol. 3A, "MP Initialization Protocol Algorithm"). From there to the kernel: protected mode, long mode, LabStartProcessor.
default rel

%define CR0_PE              (1 << 0)
%define CR0_MP              (1 << 1)
%define CR0_EM              (1 << 2)
%define CR0_NE              (1 << 5)
%define CR0_WP              (1 << 16)
%define CR0_NW              (1 << 29)
%define CR0_CD              (1 << 30)
%define CR0_PG              (1 << 31)
%define CR4_PAE             (1 << 5)
%define CR4_OSFXSR          (1 << 9)
%define CR4_OSXMMEXCPT      (1 << 10)
%define IA32_EFER           0xC0000080
%define EFER_LME            (1 << 8)
%define EFER_NXE            (1 << 11)
%define CODE32              0x08
%define DATA32              0x10
%define CODE64              0x18
%define PROCESSOR_SHIFT     12          ; one page for each, its stack's end in the first word (Processor.cs)

section .start rdata align=4096

global LabStartCode
global LabStartData
bits 16
LabStartCode:
    cli
    cld
    mov     ax, cs
    mov     ds, ax
    xor     ebx, ebx
    mov     bx, ax
    shl     ebx, 4
    o32 lgdt [LabStartData.gdt_operand - LabStartCode]
    mov     eax, cr0
    and     eax, ~(CR0_EM | CR0_NW | CR0_CD)
    or      eax, CR0_PE | CR0_MP | CR0_NE
    mov     cr0, eax
    o32 jmp far [LabStartData.far32 - LabStartCode]

bits 32
.protected:
    mov     ax, DATA32
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     eax, CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT
    mov     cr4, eax
    mov     eax, [ebx + LabStartData.start_root - LabStartCode]
    mov     cr3, eax
    mov     ecx, IA32_EFER
    rdmsr
    or      eax, EFER_LME | EFER_NXE
    wrmsr
    mov     eax, cr0
    or      eax, CR0_PG | CR0_WP
    mov     cr0, eax
    jmp     far [ebx + LabStartData.far64 - LabStartCode]

bits 64
.long:
    mov     rax, [rbx + LabStartData.entry - LabStartCode]
    jmp     rax

; Filled in by the processor that starts others (StartData in Processors.cs, the same order).
align 16
LabStartData:
.gdt:
    dq      0
    dq      0x00CF9B000000FFFF
    dq      0x00CF93000000FFFF
    dq      0x00AF9B000000FFFF
.gdt_operand:
    dw      4 * 8 - 1
    dd      LabStartData - LabStartCode         ; + the page's address, as for the two below
    dw      0
.far32:
    dd      LabStartCode.protected - LabStartCode
    dd      CODE32
.far64:
    dd      LabStartCode.long - LabStartCode
    dd      CODE64
.start_root:
    dq      0
.entry:
    dq      0
.processors:
    dq      0
.count:
    dq      0

section .text

extern LabRunProcessor

; rbx: the page. The local APIC's identifier is the processor's number; one that nobody asked for sleeps.
global LabStartProcessor
LabStartProcessor:
    mov     rsi, rbx
    mov     eax, 1
    cpuid
    shr     ebx, 24
    cmp     rbx, [rsi + LabStartData.count - LabStartCode]
    jae     .not_asked_for
    shl     rbx, PROCESSOR_SHIFT
    add     rbx, [rsi + LabStartData.processors - LabStartCode]
    mov     rsp, [rbx]
    sub     rsp, 40
    mov     rcx, rbx
    call    LabRunProcessor
.not_asked_for:
    cli
    hlt
    jmp     .not_asked_for
