; ulong HvkCallFirmware(function, a1, a2, a3, a4, a5, a6, a7): a call through an address that firmware gave.
; Not through a C# function pointer: the compiler takes bit 1 of those for a mark of its own ("fat" function pointers),
; and firmware's functions are not aligned.
default rel
section .text

%define SHADOW_BYTES 32
%define FRAME_BYTES (SHADOW_BYTES + 3 * 8)
%define CALLER_STACK (FRAME_BYTES + 8 + SHADOW_BYTES)

global HvkCallFirmware
HvkCallFirmware:
    sub     rsp, FRAME_BYTES
    mov     rax, rcx
    mov     rcx, rdx
    mov     rdx, r8
    mov     r8, r9
    mov     r9, [rsp + CALLER_STACK]
    mov     r10, [rsp + CALLER_STACK + 8]
    mov     [rsp + SHADOW_BYTES], r10
    mov     r10, [rsp + CALLER_STACK + 16]
    mov     [rsp + SHADOW_BYTES + 8], r10
    mov     r10, [rsp + CALLER_STACK + 24]
    mov     [rsp + SHADOW_BYTES + 16], r10
    call    rax
    add     rsp, FRAME_BYTES
    ret
