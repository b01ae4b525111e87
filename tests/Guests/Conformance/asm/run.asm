; Into a check, and out of it: every exception, every interrupt and INT END_VECTOR arrive at one place.
default rel
%include "layout.inc"

section .checks$a rdata align=8
ChecksStart:
section .checks$z rdata align=8
ChecksEnd:
section .probes$a code align=16
ProbesStart:
section .probes$z code align=16
ProbesEnd:

section .bss align=16
global CnfRecordData
CnfRecordData: resb REC_BYTES
MainRsp: resq 1

section .text

%macro give 1
    lea     rax, [%1]
    mov     [rcx], rax
    add     rcx, 8
%endmacro

extern LegacyStart, LegacyEnd, CnfLegacyEntry, CnfLegacyStubs32, CnfLegacyStubs16
global CnfAddresses         ; rcx: Addresses (Machine.cs), in this order
CnfAddresses:
    give    ChecksStart
    give    ChecksEnd
    give    ProbesStart
    give    ProbesEnd
    give    LegacyStart
    give    LegacyEnd
    give    CnfStubs
    give    CnfRecordData
    give    CnfFinish
    give    CnfLegacyEntry
    give    CnfLegacyStubs32
    give    CnfLegacyStubs16
    ret

; Interrupt gates: 256 stubs of 16 bytes each.
align 16
CnfStubs:
%assign vector 0
%rep 256
align 16
%if (vector = 8) || (vector >= 10 && vector <= 14) || (vector = 17) || (vector = 21) || (vector = 29) || (vector = 30)
    push    strict dword vector
%else
    push    strict byte 0
    push    strict dword vector
%endif
    jmp     trap
%assign vector vector + 1
%endrep

%macro each_register 1
    %1      rax, 0
    %1      rbx, 1
    %1      rcx, 2
    %1      rdx, 3
    %1      rsi, 4
    %1      rdi, 5
    %1      rbp, 6
    %1      r8, 7
    %1      r9, 8
    %1      r10, 9
    %1      r11, 10
    %1      r12, 11
    %1      r13, 12
    %1      r14, 13
    %1      r15, 14
%endmacro
%macro keep 2
    mov     [rel CnfRecordData + REC_REGISTERS + 8 * %2], %1
%endmacro
%macro fetch 2
    mov     %1, [rel CnfRecordData + REC_REGISTERS + 8 * %2]
%endmacro

; [rsp]: vector, error code, RIP, CS, RFLAGS, RSP, SS
trap:
    each_register keep
    lea     rbx, [CnfRecordData]
    mov     rsi, [rsp]
    cmp     rsi, 1
    jne     .not_debug
    cmp     qword [rbx + REC_LOGGING], 0
    je      CnfTrapEnds
    mov     rax, dr6
    mov     ecx, 0xFFFF0FF0
    mov     dr6, rcx
    call    log
    or      dword [rsp + 32], 1 << 16
    cmp     qword [rbx + REC_LOGCOUNT], 60
    jb      .on
    and     dword [rsp + 32], ~(1 << 8)
    mov     qword [rbx + REC_LOGGING], 0
    jmp     .on
.not_debug:
    cmp     rsi, 0x20
    jb      CnfTrapEnds
    cmp     rsi, END_VECTOR
    je      CnfTrapEnds
    mov     eax, [rbx + REC_APIC]
    cmp     qword [rbx + REC_LOGGING], 0
    je      .acknowledge
    xor     eax, eax
    call    log
    mov     ecx, 0x1B
    rdmsr
.acknowledge:
    test    eax, 1 << 11
    jz      .on
    test    eax, 1 << 10
    jnz     .x2apic
    mov     eax, APIC + 0xB0
    mov     dword [rax], 0
    jmp     .on
.x2apic:
    mov     ecx, 0x80B
    xor     eax, eax
    xor     edx, edx
    wrmsr
.on:
    each_register fetch
    add     rsp, 16
    iretq

log:                        ; rax: DR6, rbx: Record, rsi: vector, [rsp + 8]: the frame
    mov     rcx, [rbx + REC_LOGCOUNT]
    cmp     rcx, 64
    jae     .full
    lea     rdx, [rcx + 2 * rcx]
    lea     rdx, [rbx + REC_LOG + 8 * rdx]
    mov     [rdx], rsi
    mov     rdi, [rsp + 8 + 16]
    mov     [rdx + 8], rdi
    mov     rdi, [rsp + 8 + 32]
    shl     rdi, 32
    movzx   eax, ax
    or      rax, rdi
    mov     [rdx + 16], rax
    inc     qword [rbx + REC_LOGCOUNT]
.full:
    ret

CnfTrapEnds:                ; rbx: Record
    mov     rax, [rsp]
    mov     [rbx + REC_VECTOR], rax
    mov     rax, [rsp + 8]
    mov     [rbx + REC_ERROR], rax
%assign word 0
%rep 5
    mov     rax, [rsp + 16 + 8 * word]
    mov     [rbx + REC_RIP + 8 * word], rax
%assign word word + 1
%endrep
    mov     rax, cr2
    mov     [rbx + REC_CR2], rax
global CnfFinish            ; back to the caller of CnfEnter or CnfEnterLegacy, from any 64-bit state
CnfFinish:
    lea     rbx, [CnfRecordData]
    mov     rax, cr0
    mov     [rbx + REC_FINAL_CR0], rax
    mov     rcx, [rbx + REC_CR0]
    cmp     rax, rcx
    je      .cr0_is_right
    mov     cr0, rcx
.cr0_is_right:
    mov     rdx, cr3
    mov     [rbx + REC_FINAL_CR3], rdx
    mov     rax, cr4
    mov     [rbx + REC_FINAL_CR4], rax
    mov     rcx, [rbx + REC_CR4]
    cmp     rax, rcx
    je      .cr4_is_right
    mov     cr4, rcx
.cr4_is_right:
    ; Global translations go with a change of PGE.
    mov     rax, [rbx + REC_CR3]
    mov     cr3, rax
    mov     rax, rcx
    btc     rax, 7
    mov     cr4, rax
    mov     cr4, rcx
    lgdt    [rbx + REC_GDTR]
    lidt    [rbx + REC_IDTR]
    mov     eax, KDS
    mov     ds, eax
    mov     es, eax
    xor     eax, eax
    mov     fs, eax
    mov     gs, eax
    lldt    ax
    fninit
    push    0x1F80
    ldmxcsr [rsp]
    mov     eax, KDS
    mov     ss, eax
    ; By IRETQ, which ends blocking by NMI.
    mov     rsp, [MainRsp]
    mov     rcx, rsp
    push    KDS
    push    rcx
    push    2
    push    KCS64
    lea     rax, [.main]
    push    rax
    iretq
.main:
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rdi
    pop     rsi
    pop     rbp
    pop     rbx
    ret

%macro save_callee 0
    push    rbx
    push    rbp
    push    rsi
    push    rdi
    push    r12
    push    r13
    push    r14
    push    r15
    mov     [MainRsp], rsp
%endmacro

global CnfEnter             ; rcx: five words for IRETQ; the registers are loaded from the Record
CnfEnter:
    save_callee
    mov     rsp, rcx
    each_register fetch
    iretq

global CnfEnterLegacy       ; rcx: address in the low copy (CnfLegacyEntry), edx: mode, r8d: address of the check
CnfEnterLegacy:
    save_callee
    mov     eax, edx
    mov     ebx, r8d
    push    KCS32
    push    rcx
    mov     ecx, KDS
    mov     ss, ecx
    o64 retf

global CnfSleep             ; ecx: counts of the local APIC's timer, whose vector is TIMER_VECTOR
CnfSleep:
    mov     r8d, ecx
    mov     eax, [CnfRecordData + REC_APIC]
    test    eax, 1 << 11
    jz      .off
    test    eax, 1 << 10
    jnz     .x2apic
    mov     eax, APIC
    mov     dword [rax + 0x320], TIMER_VECTOR
    mov     [rax + 0x380], ecx
.wait:
    sti
    hlt
    cli
    ret
.x2apic:
    mov     ecx, 0x832
    mov     eax, TIMER_VECTOR
    xor     edx, edx
    wrmsr
    mov     ecx, 0x838
    mov     eax, r8d
    wrmsr
    jmp     .wait
.off:
    pause
    ret

global CnfLoadTables        ; rcx: operand of LGDT, rdx: operand of LIDT
CnfLoadTables:
    lgdt    [rcx]
    lidt    [rdx]
    mov     eax, KDS
    mov     ds, eax
    mov     es, eax
    mov     ss, eax
    xor     eax, eax
    mov     fs, eax
    mov     gs, eax
    lldt    ax
    mov     eax, SEL_TSS64
    ltr     ax
    pop     rax
    push    KCS64
    push    rax
    o64 retf

global CnfReloadTask        ; the descriptor is available again
CnfReloadTask:
    mov     eax, SEL_TSS64
    ltr     ax
    ret

%macro debug_register 1
global CnfReadDr%1
CnfReadDr%1:
    mov     rax, dr%1
    ret
global CnfWriteDr%1
CnfWriteDr%1:
    mov     dr%1, rcx
    ret
%endmacro
debug_register 0
debug_register 1
debug_register 2
debug_register 3
debug_register 6
debug_register 7

global CnfWriteCr8
CnfWriteCr8:
    mov     cr8, rcx
    ret

global CnfReadXcr0
CnfReadXcr0:
    xor     ecx, ecx
    xgetbv
    shl     rdx, 32
    or      rax, rdx
    ret

global CnfZeroPkru
CnfZeroPkru:
    xor     ecx, ecx
    xor     eax, eax
    xor     edx, edx
    wrpkru
    ret
