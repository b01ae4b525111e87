; The way between the rings. This section is copied to the entry area, which both page-table roots of a process map at the same address;
; so it refers to nothing outside itself but through GS, the per-processor area, which lies there too.
default rel
%include "layout.inc"

section .entry code align=4096

global LabEntryStart
LabEntryStart:

; Interrupt gates: 256 stubs of 16 bytes each. Each leaves a vector and an error code, 0 where the processor pushes none.
%macro stub 1
align 16
%if (%1 = 8) || (%1 >= 10 && %1 <= 14) || (%1 = 17) || (%1 = 21) || (%1 = 29) || (%1 = 30)
    push    strict dword %1
%else
    push    strict byte 0
    push    strict dword %1
%endif
    jmp     trap_entry
%endmacro

%assign vector 0
%rep 256
    stub vector
%assign vector vector + 1
%endrep

%macro save_general 0
    push    rax
    push    rcx
    push    rdx
    push    rbx
    push    rbp
    push    rsi
    push    rdi
    push    r8
    push    r9
    push    r10
    push    r11
    push    r12
    push    r13
    push    r14
    push    r15
%endmacro

%macro restore_all_but_rax 0
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     r11
    pop     r10
    pop     r9
    pop     r8
    pop     rdi
    pop     rsi
    pop     rbp
    pop     rbx
    pop     rdx
    pop     rcx
%endmacro

; XMM0-5 are the vector registers that compiled code may change; it uses no instruction that touches upper halves.
%macro volatile_vectors 1
%assign number 0
%rep 6
%ifidn %1, store
    movaps  [rsp + 32 + 16 * number], xmm %+ number
%else
    movaps  xmm %+ number, [rsp + 32 + 16 * number]
%endif
%assign number number + 1
%endrep
%endmacro

; Loads CR3 from a field of the per-processor area where that is not 0. rax is lost.
%macro switch_root 1
    mov     rax, [gs:%1]
    test    rax, rax
    jz      %%one_root
    mov     cr3, rax
%%one_root:
%endmacro

trap_entry:
    test    byte [rsp + FRAME_CS], 3
    jz      .in_kernel
    swapgs
    push    rax
    switch_root CPU_KERNEL_CR3
    pop     rax
.in_kernel:
    save_general
dispatch:
    cld
    mov     rcx, [gs:CPU_SELF]
    mov     rdx, rsp
    sub     rsp, 32 + 6 * 16
    volatile_vectors store
    call    [gs:CPU_TRAP_HANDLER]
    volatile_vectors load
    add     rsp, 32 + 6 * 16
    test    al, al
    jz      leave_to_main

global LabResume            ; rsp: a TrapFrame
LabResume:
    restore_all_but_rax
    test    byte [rsp + 8 + FRAME_CS], 3
    jz      .to_kernel
    switch_root CPU_USER_CR3
    cmp     dword [rsp + 8 + FRAME_VECTOR], SYSCALL_VECTOR
    je      .sysret
    pop     rax
    add     rsp, 16
    swapgs
    iretq
.to_kernel:
    pop     rax
    add     rsp, 16
    iretq
.sysret:
    pop     rax
    add     rsp, 16
    pop     rcx             ; RIP
    add     rsp, 8
    pop     r11             ; RFLAGS
    pop     rsp
    swapgs
    o64 sysret

global LabSyscallEntry      ; LSTAR
LabSyscallEntry:
    swapgs
    mov     [gs:CPU_USER_RSP], rsp
    mov     rsp, [gs:CPU_TRAP_STACK]
    push    USER_DATA_SELECTOR
    push    qword [gs:CPU_USER_RSP]
    push    r11
    push    USER_CODE_SELECTOR
    push    rcx
    push    strict byte 0
    push    strict dword SYSCALL_VECTOR
    push    rax
    switch_root CPU_KERNEL_CR3
    pop     rax
    save_general
    jmp     dispatch

; NMIs, where there are several processors: they come anywhere, so also where GS and CR3 are still ring 3's; on a stack of their own.
%define IA32_GS_BASE 0xC0000101
global LabNmiEntry
LabNmiEntry:
    push    strict byte 0
    push    strict byte 2
    save_general
    cld
    mov     ecx, IA32_GS_BASE
    rdmsr
    mov     ebx, edx            ; the kernel's own base is in the upper half
    test    ebx, ebx
    js      .kernel_gs
    swapgs
.kernel_gs:
    mov     r12, cr3
    mov     r13, [gs:CPU_KERNEL_CR3]
    test    r13, r13
    jz      .one_root
    mov     cr3, r13
.one_root:
    mov     rcx, [gs:CPU_SELF]
    mov     rdx, rsp
    sub     rsp, 32 + 6 * 16
    volatile_vectors store
    call    [gs:CPU_NMI_HANDLER]
    volatile_vectors load
    add     rsp, 32 + 6 * 16
    test    r13, r13
    jz      .same_root
    shr     r13, 63             ; "keep translations" cannot be read back
    shl     r13, 63
    or      r12, r13
    mov     cr3, r12
.same_root:
    test    ebx, ebx
    js      .same_gs
    swapgs
.same_gs:
    restore_all_but_rax
    pop     rax
    add     rsp, 16
    iretq

; The process called exit: back to the caller of LabEnterUser.
leave_to_main:
    mov     rsp, [gs:CPU_MAIN_RSP]
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rdi
    pop     rsi
    pop     rbp
    pop     rbx
    ret

global LabEntryEnd
LabEntryEnd:
