; Machine code of events: into it and back, in VMX root and in a non-root context of its own.
%include "boot/asm/runner.inc"
default rel

extern HvkRunnerBase
%define context(field) rel HvkRunnerBase + WINDOW_CONTEXT + field

%macro push_nonvolatile 0
    push    rbx
    push    rbp
    push    rsi
    push    rdi
    push    r12
    push    r13
    push    r14
    push    r15
%endmacro

%macro pop_nonvolatile 0
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rdi
    pop     rsi
    pop     rbp
    pop     rbx
%endmacro

; r10: context. The guest's x87, MMX, SSE and AVX state to or from the area that the context names, if any. XCR0 decides what there is;
; without it (the guest has not switched XSAVE on, mask 0) FXSAVE holds all.
%macro vector_state 2
    mov     r9, [r10 + CTX_VECTOR_AREA]
    test    r9, r9
    jz      %%done
    mov     rax, [r10 + CTX_VECTOR_MASK]
    test    rax, rax
    jz      %%legacy
    mov     rdx, rax
    shr     rdx, 32
    %1      [r9]
    jmp     %%done
%%legacy:
    %2      [r9]
%%done:
%endmacro

; ecx clobbered; rax: value
%macro write_gs_base 0
    mov     rdx, rax
    shr     rdx, 32
    mov     ecx, MSR_GS_BASE
    wrmsr
%endmacro

section .text

global HvkRunInRoot         ; rcx: RunContext*. 1: the code ran to its end, its rax is in the context; 0: the exception handler ended it
HvkRunInRoot:
    push_nonvolatile
    push    rcx
    mov     r10, rcx
    mov     [r10 + CTX_HOST_STACK], rsp
    vector_state xsave64, fxsave64
    lea     rax, [HvkReturned]
    mov     [r10 + CTX_HOST_RETURN], rax
    lea     rax, [HvkEnded]
    mov     [r10 + CTX_HOST_ENDED], rax
    mov     rax, [r10 + CTX_GS_BASE]
    cmp     rax, [r10 + CTX_VCPU]
    je      .gs_stays
    write_gs_base
.gs_stays:
    mov     qword [r10 + CTX_RUNNING], 1
    jmp     [r10 + CTX_WINDOW_ENTER]

; Back in HvKernel's own address space, RSP as it was saved.
HvkReturned:
    mov     r10, [rsp]
    mov     [r10 + CTX_RESULT], rax
    mov     r11d, 1
    jmp     HvkLeaveRoot
HvkEnded:
    mov     r10, [rsp]
    xor     r11d, r11d
HvkLeaveRoot:
    mov     qword [r10 + CTX_RUNNING], 0
    mov     rax, [r10 + CTX_VCPU]
    cmp     rax, [r10 + CTX_GS_BASE]
    je      .gs_stayed
    write_gs_base
.gs_stayed:
    push    2
    popfq
    vector_state xrstor64, fxrstor64
    add     rsp, 8
    pop_nonvolatile
    mov     eax, r11d
    ret

; ulong HvkRunContained(RunContext*, bool launched): one entry into the contained context. 0: it exited; 1 VMfailInvalid, 2 VMfailValid.
%define VMCS_HOST_RSP 0x6C14
global HvkRunContained
HvkRunContained:
    push_nonvolatile
    push    rcx
    mov     rax, VMCS_HOST_RSP
    vmwrite rax, rsp
    cmp     qword [rcx + CTX_VECTOR_LIVE], 0
    je      .general
    call    load_xmm
.general:
    test    dl, dl
    call    load_general
    jz      .launch
    vmresume
    jmp     .failed
.launch:
    vmlaunch
.failed:
    mov     eax, 1
    mov     ecx, 2
    cmovz   eax, ecx
    jmp     leave_contained

load_xmm:
    movups  xmm0, [rcx + CTX_XMM + 0]
    movups  xmm1, [rcx + CTX_XMM + 16]
    movups  xmm2, [rcx + CTX_XMM + 32]
    movups  xmm3, [rcx + CTX_XMM + 48]
    movups  xmm4, [rcx + CTX_XMM + 64]
    movups  xmm5, [rcx + CTX_XMM + 80]
    ret

; All but RSP, which is the VMCS's. Changes no flags: the caller still has its comparison.
load_general:
    mov     rax, [rcx + CTX_REGISTERS + 0x00]
    mov     rdx, [rcx + CTX_REGISTERS + 0x10]
    mov     rbx, [rcx + CTX_REGISTERS + 0x18]
    mov     rbp, [rcx + CTX_REGISTERS + 0x28]
    mov     rsi, [rcx + CTX_REGISTERS + 0x30]
    mov     rdi, [rcx + CTX_REGISTERS + 0x38]
    mov     r8,  [rcx + CTX_REGISTERS + 0x40]
    mov     r9,  [rcx + CTX_REGISTERS + 0x48]
    mov     r10, [rcx + CTX_REGISTERS + 0x50]
    mov     r11, [rcx + CTX_REGISTERS + 0x58]
    mov     r12, [rcx + CTX_REGISTERS + 0x60]
    mov     r13, [rcx + CTX_REGISTERS + 0x68]
    mov     r14, [rcx + CTX_REGISTERS + 0x70]
    mov     r15, [rcx + CTX_REGISTERS + 0x78]
    mov     rcx, [rcx + CTX_REGISTERS + 0x08]
    ret

; HOST_RIP of the contained context; RSP as at its entry, so the context's address stands there.
HvkContainedExit:
    push    rcx
    mov     rcx, [rsp + 8]
    mov     [rcx + CTX_REGISTERS + 0x00], rax
    pop     rax
    mov     [rcx + CTX_REGISTERS + 0x08], rax
    mov     [rcx + CTX_REGISTERS + 0x10], rdx
    mov     [rcx + CTX_REGISTERS + 0x18], rbx
    mov     [rcx + CTX_REGISTERS + 0x28], rbp
    mov     [rcx + CTX_REGISTERS + 0x30], rsi
    mov     [rcx + CTX_REGISTERS + 0x38], rdi
    mov     [rcx + CTX_REGISTERS + 0x40], r8
    mov     [rcx + CTX_REGISTERS + 0x48], r9
    mov     [rcx + CTX_REGISTERS + 0x50], r10
    mov     [rcx + CTX_REGISTERS + 0x58], r11
    mov     [rcx + CTX_REGISTERS + 0x60], r12
    mov     [rcx + CTX_REGISTERS + 0x68], r13
    mov     [rcx + CTX_REGISTERS + 0x70], r14
    mov     [rcx + CTX_REGISTERS + 0x78], r15
    cmp     qword [rcx + CTX_VECTOR_LIVE], 0
    je      .no_vectors
    movups  [rcx + CTX_XMM + 0], xmm0
    movups  [rcx + CTX_XMM + 16], xmm1
    movups  [rcx + CTX_XMM + 32], xmm2
    movups  [rcx + CTX_XMM + 48], xmm3
    movups  [rcx + CTX_XMM + 64], xmm4
    movups  [rcx + CTX_XMM + 80], xmm5
.no_vectors:
    cld
    xor     eax, eax
leave_contained:
    add     rsp, 8
    pop_nonvolatile
    ret

global HvkXcr0              ; answers XCR0; CR4.OSXSAVE is set in root where XSAVE exists
HvkXcr0:
    xor     ecx, ecx
    xgetbv
    shl     rdx, 32
    or      rax, rdx
    ret

global HvkContainedExitAddress
HvkContainedExitAddress:
    lea     rax, [HvkContainedExit]
    ret

global HvkSaveVectors       ; rcx: RunContext*
HvkSaveVectors:
    mov     r10, rcx
    vector_state xsave64, fxsave64
    ret

global HvkRestoreVectors    ; rcx: RunContext*
HvkRestoreVectors:
    mov     r10, rcx
    vector_state xrstor64, fxrstor64
    ret

extern HvkHostException     ; void HvkHostException(HostFrame*)
extern HvkBlobException     ; bool HvkBlobException(HostFrame*)
global HvkRunnerCode        ; rcx: RunnerImage, rdx: RunnerHandlers; all are addresses in the image that runs
HvkRunnerCode:
    lea     rax, [HvkRunnerBase]
    mov     [rcx], rax
    lea     rax, [HvkRunnerEnd]
    mov     [rcx + 8], rax
    lea     rax, [HvkRunnerEnter]
    mov     [rcx + 16], rax
    lea     rax, [HvkRunnerReturn]
    mov     [rcx + 24], rax
    lea     rax, [HvkScriptGate]
    mov     [rcx + 32], rax
    lea     rax, [HvkHostException]
    mov     [rdx], rax
    lea     rax, [HvkBlobException]
    mov     [rdx + 8], rax
    ret

; At its place in the window only.
section .runner$b code align=16

HvkRunnerEnter:
    mov     rax, [context(CTX_BLOB_CR3)]
    mov     cr3, rax
    mov     rsp, [context(CTX_STACK)]
    mov     rcx, [context(CTX_ARGUMENT0)]
    mov     rdx, [context(CTX_ARGUMENT1)]
    mov     r8,  [context(CTX_ARGUMENT2)]
    push    qword [context(CTX_RFLAGS)]
    xor     eax, eax
    xor     ebx, ebx
    xor     ebp, ebp
    xor     esi, esi
    xor     edi, edi
    xor     r9d, r9d
    xor     r10d, r10d
    xor     r11d, r11d
    xor     r12d, r12d
    xor     r13d, r13d
    xor     r14d, r14d
    xor     r15d, r15d
    popfq
    jmp     [context(CTX_CODE)]

HvkRunnerReturn:
    mov     r11, [context(CTX_HOST_CR3)]
    mov     cr3, r11
    mov     rsp, [context(CTX_HOST_STACK)]
    cld
    jmp     [context(CTX_HOST_RETURN)]

; Compiled scripts call this with a helper's number in eax; the handler of exceptions answers, in HvKernel's own address space.
HvkScriptGate:
    int     SCRIPT_VECTOR
    ret

HvkRunnerEnd:
