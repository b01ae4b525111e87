; Instructions that may fault for reasons that lie in their operands. Each has an entry in the fix-up table: a fault at the first address
; goes on at the second, which answers 0 for "it faulted" (HostException.cs searches the table).
default rel

%macro fixup 2
section .fixup
    dq      %1, %2
section .text
%endmacro

section .fixup
global HvkFixupStart
HvkFixupStart:

section .text

global HvkTryRdmsr          ; ecx: index, rdx: where the value goes; 1, or 0 where the processor raised #GP
HvkTryRdmsr:
    mov     r8, rdx
.at:
    rdmsr
    shl     rdx, 32
    or      rax, rdx
    mov     [r8], rax
    mov     eax, 1
    ret
fixup HvkTryRdmsr.at, HvkFaulted

global HvkTryWrmsr          ; ecx: index, rdx: value
HvkTryWrmsr:
    mov     rax, rdx
    shr     rdx, 32
.at:
    wrmsr
    mov     eax, 1
    ret
fixup HvkTryWrmsr.at, HvkFaulted

global HvkTryXsetbv         ; ecx: register, rdx: value
HvkTryXsetbv:
    mov     rax, rdx
    shr     rdx, 32
.at:
    xsetbv
    mov     eax, 1
    ret
fixup HvkTryXsetbv.at, HvkFaulted

global HvkTryXgetbv         ; ecx: register, rdx: where the value goes
HvkTryXgetbv:
    mov     r8, rdx
.at:
    xgetbv
    shl     rdx, 32
    or      rax, rdx
    mov     [r8], rax
    mov     eax, 1
    ret
fixup HvkTryXgetbv.at, HvkFaulted

HvkFaulted:
    xor     eax, eax
    ret

section .fixup
global HvkFixupEnd
HvkFixupEnd:

section .text
global HvkFixupTable        ; rcx: where the number of entries goes; answers the address of the first
HvkFixupTable:
    lea     rax, [HvkFixupStart]
    lea     rdx, [HvkFixupEnd]
    sub     rdx, rax
    shr     rdx, 4
    mov     [rcx], rdx
    ret
