; From the kernel's main flow into ring 3 and, when the process has called exit, back.
default rel
%include "layout.inc"
section .text

global LabEnterUser         ; rcx: the TrapFrame to resume, on the trap stack
LabEnterUser:
    push    rbx
    push    rbp
    push    rsi
    push    rdi
    push    r12
    push    r13
    push    r14
    push    r15
    mov     [gs:CPU_MAIN_RSP], rsp
    mov     rsp, rcx
    jmp     [gs:CPU_RESUME]

global LabContinueAt        ; rcx: address, rdx: stack, r8: its one argument. Does not come back.
LabContinueAt:
    lea     rsp, [rdx - 40]
    mov     rax, rcx
    mov     rcx, r8
    jmp     rax
