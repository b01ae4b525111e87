; Entries of the host IDT: 256 stubs of 16 bytes each, so that the address of a vector's stub is arithmetic.
; Each leaves the same frame: vector, error code (0 where the processor pushes none), then what the processor pushed.
;
; They run at their place in the runner's window, which both address spaces of root have: HvKernel's own and the one in which machine code
; of events runs. So nothing here may refer to anything but this section and, relative to its start, the context page.
%include "boot/asm/runner.inc"
default rel
section .runner$a code align=16

global HvkRunnerBase        ; the first byte of the window's code
HvkRunnerBase:

%define context(field) rel HvkRunnerBase + WINDOW_CONTEXT + field

%macro stub 1
align 16
%if (%1 = 8) || (%1 >= 10 && %1 <= 14) || (%1 = 17) || (%1 = 21) || (%1 = 29) || (%1 = 30)
    push    strict dword %1
%else
    push    strict byte 0
    push    strict dword %1
%endif
    jmp     save_and_call
%endmacro

align 16
%assign vector 0
%rep 256
    stub vector
%assign vector vector + 1
%endrep

; HostFrame, from the lowest address: 15 general registers, vector, error code, RIP, CS, RFLAGS, RSP, SS.
save_and_call:
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
    mov     rbx, rsp
    mov     r14, [context(CTX_HOST_HANDLER)]
    mov     r15, [context(CTX_RUNNING)]
    test    r15, r15
    jz      .in_root
    ; Machine code of an event was running. Its address space and GS base are kept, because the handler may let it go on.
    mov     r14, [context(CTX_BLOB_HANDLER)]
    mov     r12, cr3
    mov     ecx, MSR_GS_BASE
    rdmsr
    shl     rdx, 32
    or      rax, rdx
    mov     r13, rax
    mov     rax, [context(CTX_HOST_CR3)]
    mov     cr3, rax
    mov     rax, [context(CTX_VCPU)]
    mov     rdx, rax
    shr     rdx, 32
    wrmsr
.in_root:
    sub     rsp, 96 + 32
    and     rsp, -16
    movaps  [rsp + 32], xmm0
    movaps  [rsp + 48], xmm1
    movaps  [rsp + 64], xmm2
    movaps  [rsp + 80], xmm3
    movaps  [rsp + 96], xmm4
    movaps  [rsp + 112], xmm5
    cld
    mov     rcx, rbx
    call    r14
    movaps  xmm0, [rsp + 32]
    movaps  xmm1, [rsp + 48]
    movaps  xmm2, [rsp + 64]
    movaps  xmm3, [rsp + 80]
    movaps  xmm4, [rsp + 96]
    movaps  xmm5, [rsp + 112]
    test    r15, r15
    jz      .leave
    test    al, al
    jz      .ended
    mov     ecx, MSR_GS_BASE
    mov     rax, r13
    mov     rdx, r13
    shr     rdx, 32
    wrmsr
    mov     cr3, r12
.leave:
    mov     rsp, rbx
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
    pop     rax
    add     rsp, 16
    iretq
.ended:
    mov     rsp, [context(CTX_HOST_STACK)]
    jmp     [context(CTX_HOST_ENDED)]
