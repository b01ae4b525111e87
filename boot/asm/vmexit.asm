; VM entry and VM exit.
;
; The stack that HOST_RSP names, from that address upwards:
;   [HOST_RSP]      the processor's VCpu
; and below it, made by the stub at each exit:
;   GuestRegisters  128 bytes in the manual's order (rax at the lowest address)
;   XMM0-5          96 bytes: the compiler uses them in integer code, and the convention calls them volatile;
;                   XMM6-15 are preserved by everything that is called (hypervisor-checklist C4)
;   shadow space    32 bytes
default rel
section .text

extern HvkVmExit            ; byte HvkVmExit(VCpu*, GuestRegisters*)
extern HvkEntryFailed       ; void HvkEntryFailed(VCpu*, status), does not come back

%macro save_general 0
    push    r15
    push    r14
    push    r13
    push    r12
    push    r11
    push    r10
    push    r9
    push    r8
    push    rdi
    push    rsi
    push    rbp
    push    rsp             ; the slot of RSP: the handler replaces it by the guest's when it is asked for
    push    rbx
    push    rdx
    push    rcx
    push    rax
%endmacro

%macro restore_general 0
    pop     rax
    pop     rcx
    pop     rdx
    pop     rbx
    lea     rsp, [rsp + 8]
    pop     rbp
    pop     rsi
    pop     rdi
    pop     r8
    pop     r9
    pop     r10
    pop     r11
    pop     r12
    pop     r13
    pop     r14
    pop     r15
%endmacro

%define XMM_BYTES 96
%define SHADOW_BYTES 32

global HvkVmExitEntry       ; HOST_RIP
HvkVmExitEntry:
    save_general
    mov     rcx, [rsp + 128]
    mov     rdx, rsp
    sub     rsp, XMM_BYTES + SHADOW_BYTES
    movaps  [rsp + SHADOW_BYTES + 0], xmm0
    movaps  [rsp + SHADOW_BYTES + 16], xmm1
    movaps  [rsp + SHADOW_BYTES + 32], xmm2
    movaps  [rsp + SHADOW_BYTES + 48], xmm3
    movaps  [rsp + SHADOW_BYTES + 64], xmm4
    movaps  [rsp + SHADOW_BYTES + 80], xmm5
    cld
    call    HvkVmExit
    movaps  xmm0, [rsp + SHADOW_BYTES + 0]
    movaps  xmm1, [rsp + SHADOW_BYTES + 16]
    movaps  xmm2, [rsp + SHADOW_BYTES + 32]
    movaps  xmm3, [rsp + SHADOW_BYTES + 48]
    movaps  xmm4, [rsp + SHADOW_BYTES + 64]
    movaps  xmm5, [rsp + SHADOW_BYTES + 80]
    add     rsp, XMM_BYTES + SHADOW_BYTES
    restore_general
    vmresume
    ; Only a failed entry comes here; the guest's registers are lost, the VMCS and its error number are not.
    mov     rcx, [rsp]
    mov     edx, 1
    mov     eax, 2
    cmovz   edx, eax
    sub     rsp, SHADOW_BYTES
    call    HvkEntryFailed
.dead:
    hlt
    jmp     .dead

; ulong HvkLaunch(): VMLAUNCH that returns twice. 0: this code now runs in non-root operation, with the registers it had.
; Otherwise the instruction failed: 1 VMfailInvalid, 2 VMfailValid. The VMCS is complete but for RSP and RIP, which are written here.
%define VMCS_GUEST_RSP 0x681C
%define VMCS_GUEST_RIP 0x681E
%define VMCS_GUEST_RFLAGS 0x6820
global HvkLaunch
HvkLaunch:
    push    rbx
    push    rbp
    push    rsi
    push    rdi
    push    r12
    push    r13
    push    r14
    push    r15
    mov     rax, VMCS_GUEST_RSP
    vmwrite rax, rsp
    mov     rax, VMCS_GUEST_RIP
    lea     rcx, [.in_guest]
    vmwrite rax, rcx
    pushfq
    pop     rcx
    mov     rax, VMCS_GUEST_RFLAGS
    vmwrite rax, rcx
    vmlaunch
    mov     eax, 1
    mov     ecx, 2
    cmovz   eax, ecx
    jmp     .leave
.in_guest:
    xor     eax, eax
.leave:
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rdi
    pop     rsi
    pop     rbp
    pop     rbx
    ret

global HvkVmExitEntryAddress
HvkVmExitEntryAddress:
    lea     rax, [HvkVmExitEntry]
    ret
