; Modes without 64-bit addresses: the way there, the checks that run there, and the way back. This section is copied to LOW, within 64 KiB
; of it, so that real-address mode reaches it.
%include "check.inc"

%define LREC_REGISTERS  0               ; eax ebx ecx edx esi edi ebp
%define LREC_DS         28
%define LREC_VECTOR     32
%define LREC_ERROR      36
%define LREC_EIP        40
%define LREC_CS         44
%define LREC_EFLAGS     48
%define LREC_CR0        52
%define LREC_CR3        56
%define LREC_CR4        60
%define LREC_CR2        64
%define LREC_MODE       68
%define LREC_CHECK      72
%define LREC_BASE_CR0   76
%define LREC_BASE_CR3   80
%define LREC_BASE_CR4   84
%define LREC_FINISH     88
%define LREC_LOGGING    92
%define LREC_LOGCOUNT   96
%define LREC_LOG        100             ; 32 times EIP

section .legacy code align=4096
global LegacyStart
LegacyStart:
%define LA(x) ((x) - LegacyStart + LOW)         ; the address in the low copy
%define LO(x) ((x) - LegacyStart)               ; the offset in its 64 KiB

bits 32
global CnfLegacyEntry       ; eax: mode, ebx: address of the check; 32-bit code in compatibility mode
CnfLegacyEntry:
    mov     ecx, KDS
    mov     ds, ecx
    mov     es, ecx
    mov     ss, ecx
    mov     esp, LOW_STACK_TOP
    mov     [LRECORD + LREC_MODE], eax
    mov     [LRECORD + LREC_CHECK], ebx
    mov     ecx, cr0
    and     ecx, 0x7FFFFFFF
    mov     cr0, ecx
    mov     ecx, 0xC0000080
    rdmsr
    and     eax, ~0x100
    wrmsr
    lidt    [LA(Idt32Operand)]
    mov     edx, [LRECORD + LREC_MODE]
    cmp     edx, PAE
    je      .pae
    cmp     edx, PG32
    je      .paging32
    cmp     edx, P16
    je      .protected16
    cmp     edx, R16
    je      .real
    jmp     .start
.pae:
    mov     eax, PAE_ROOT
    jmp     .page
.paging32:
    mov     eax, cr4
    and     eax, ~0x20
    or      eax, 0x10
    mov     cr4, eax
    mov     eax, ROOT32
.page:
    mov     cr3, eax
    mov     eax, cr0
    or      eax, 0x80000000
    mov     cr0, eax
    jmp     .start
.start:
    push    dword [LRECORD + LREC_CHECK]
    call    Poison32
    ret
.protected16:
    call    .segments16
    jmp     dword KCS16:LO(.in_protected16)
.real:
    lidt    [LA(IvtOperand)]
    call    .segments16
    jmp     dword KCS16:LO(.in_real)

.segments16:                ; the return address is on the stack, in both views of it
    mov     eax, KDS16
    mov     ss, eax
    mov     esp, LOW_STACK_TOP - LOW - 4
    mov     ds, eax
    mov     es, eax
    ; Null, and loaded again in real-address mode: in Bochs such a segment stays without a type, which VM entry refuses.
    xor     eax, eax
    mov     fs, eax
    mov     gs, eax
    ret

bits 16
.in_real:
    mov     eax, cr0
    and     al, 0xFE
    mov     cr0, eax
    jmp     (LOW >> 4):LO(.real16)
.real16:
    mov     ax, LOW >> 4
    mov     ss, ax
    mov     ax, LRECORD >> 4
    mov     ds, ax
    mov     eax, [LREC_CHECK]
    mov     bx, LOW >> 4
    mov     ds, bx
    mov     es, bx
    xor     bx, bx
    mov     fs, bx
    mov     gs, bx
    jmp     .go16
.in_protected16:
    mov     ax, KDS
    mov     ds, ax
    mov     eax, [dword LRECORD + LREC_CHECK]
    mov     bx, KDS16
    mov     ds, bx
.go16:
    sub     eax, LOW
    push    ax
    call    dword Poison16
    ret

%macro poison 0
    mov     eax, 0xA0A0A0A0
    mov     ebx, 0xB0B0B0B0
    mov     ecx, 0xC0C0C0C0
    mov     edx, 0xD0D0D0D0
    mov     esi, 0xE0E0E0E0
    mov     edi, 0xF0F0F0F0
    mov     ebp, 0x90909090
%endmacro
Poison16:
    poison
    o32 ret
bits 32
Poison32:
    poison
    ret

; 16 bytes each.
align 16
Stubs32:
%assign vector 0
%rep 256
align 16
%if (vector = 8) || (vector >= 10 && vector <= 14) || (vector = 17) || (vector = 21) || (vector = 29) || (vector = 30)
    push    strict dword vector
%else
    push    strict byte 0
    push    strict dword vector
%endif
    jmp     Trap32
%assign vector vector + 1
%endrep

Trap32:
    push    ds
    push    eax
    mov     eax, KDS
    mov     ds, eax
    pop     dword [LRECORD + LREC_REGISTERS]
    pop     dword [LRECORD + LREC_DS]
    mov     [LRECORD + LREC_REGISTERS + 4], ebx
    mov     [LRECORD + LREC_REGISTERS + 8], ecx
    mov     [LRECORD + LREC_REGISTERS + 12], edx
    mov     [LRECORD + LREC_REGISTERS + 16], esi
    mov     [LRECORD + LREC_REGISTERS + 20], edi
    mov     [LRECORD + LREC_REGISTERS + 24], ebp
    cmp     dword [esp], 1
    jne     .ends
    cmp     dword [LRECORD + LREC_LOGGING], 0
    je      .ends
    mov     ecx, [LRECORD + LREC_LOGCOUNT]
    cmp     ecx, 32
    jae     .full
    mov     eax, [esp + 8]
    mov     [LRECORD + LREC_LOG + 4 * ecx], eax
    inc     dword [LRECORD + LREC_LOGCOUNT]
    jmp     .on
.full:
    and     dword [esp + 16], ~0x100
.on:
    mov     eax, [LRECORD + LREC_REGISTERS]
    mov     ecx, [LRECORD + LREC_REGISTERS + 8]
    add     esp, 8
    push    dword [LRECORD + LREC_DS]
    pop     ds
    iret
.ends:
    pop     dword [LRECORD + LREC_VECTOR]
    pop     dword [LRECORD + LREC_ERROR]
    pop     dword [LRECORD + LREC_EIP]
    pop     dword [LRECORD + LREC_CS]
    pop     dword [LRECORD + LREC_EFLAGS]
Leave32:
    mov     eax, KDS
    mov     es, eax
    mov     ss, eax
    mov     esp, LOW_STACK_TOP
    mov     eax, cr2
    mov     [LRECORD + LREC_CR2], eax
    mov     eax, cr3
    mov     [LRECORD + LREC_CR3], eax
    mov     eax, cr4
    mov     [LRECORD + LREC_CR4], eax
    mov     eax, cr0
    mov     [LRECORD + LREC_CR0], eax
    and     eax, 0x7FFFFFFF
    mov     cr0, eax
    mov     eax, [LRECORD + LREC_BASE_CR4]
    mov     cr4, eax
    mov     eax, [LRECORD + LREC_BASE_CR3]
    mov     cr3, eax
    mov     ecx, 0xC0000080
    rdmsr
    or      eax, 0x900
    wrmsr
    mov     eax, [LRECORD + LREC_BASE_CR0]
    mov     cr0, eax
    jmp     KCS64:LA(.long)
bits 64
.long:
    mov     eax, [abs LRECORD + LREC_FINISH]
    jmp     rax

; Real-address mode: the interrupt table points here, 8 bytes each.
bits 16
align 16
Stubs16:
%assign vector 0
%rep 256
align 8
    push    strict word vector
    jmp     strict near Trap16
%assign vector vector + 1
%endrep
Trap16:
    push    ds
    push    eax
    mov     ax, LRECORD >> 4
    mov     ds, ax
    pop     dword [LREC_REGISTERS]
    mov     [LREC_REGISTERS + 4], ebx
    mov     [LREC_REGISTERS + 8], ecx
    mov     [LREC_REGISTERS + 12], edx
    mov     [LREC_REGISTERS + 16], esi
    mov     [LREC_REGISTERS + 20], edi
    mov     [LREC_REGISTERS + 24], ebp
    xor     eax, eax
    pop     ax
    mov     [LREC_DS], eax
    pop     ax
    mov     [LREC_VECTOR], eax
    cmp     ax, 1
    jne     .ends
    cmp     dword [LREC_LOGGING], 0
    je      .ends
    mov     bp, sp
    mov     ax, [ss:bp]
    movzx   ebx, word [LREC_LOGCOUNT]
    cmp     ebx, 32
    jae     .full
    mov     [LREC_LOG + 4 * ebx], eax
    inc     dword [LREC_LOGCOUNT]
    jmp     .on
.full:
    and     word [ss:bp + 4], ~0x100
.on:
    mov     eax, [LREC_REGISTERS]
    mov     ebx, [LREC_REGISTERS + 4]
    mov     ebp, [LREC_REGISTERS + 24]
    push    word [LREC_DS]
    pop     ds
    iret
.ends:
    mov     dword [LREC_ERROR], 0
    pop     ax
    mov     [LREC_EIP], eax
    pop     ax
    mov     [LREC_CS], eax
    pop     ax
    mov     [LREC_EFLAGS], eax
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    jmp     dword KCS32:LA(.protected)
bits 32
.protected:
    mov     eax, KDS
    mov     ds, eax
    jmp     Leave32

align 8
Idt32Operand:
    dw      0x7FF
    dd      IDT32
IvtOperand:
    dw      0x3FF
    dd      IVT

; C# fills both tables from these.
global CnfLegacyStubs32, CnfLegacyStubs16
CnfLegacyStubs32 equ Stubs32
CnfLegacyStubs16 equ Stubs16

%include "legacy_checks.inc"

[section .legacy code align=16]
bits 64
global LegacyEnd
LegacyEnd:
