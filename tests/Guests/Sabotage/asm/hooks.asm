; The one word of state that hooks find without an argument, addresses of the hooks, and what C# has no word for.
default rel

section .data data align=8
state:
    dq      0

section .text

global SabotageState        ; the word's address
SabotageState:
    lea     rax, [state]
    ret

%macro address_of 1
extern %1
global %1Address
%1Address:
    lea     rax, [%1]
    ret
%endmacro
address_of SabotageAllocatePages
address_of SabotageHandleProtocol
address_of SabotageLocateProtocol
address_of SabotageGetMemoryMap
address_of SabotageSetVariable
address_of SabotageOutputString
address_of SabotageGetNumberOfProcessors
address_of SabotageGetProcessorInfo

global SabotageReset        ; a full reset by the reset control register
SabotageReset:
    mov     edx, 0xCF9
    mov     al, 2
    out     dx, al
    mov     al, 6
    out     dx, al
.wait:
    pause
    jmp     .wait

global SabotageHasVmx       ; CPUID.1:ECX[5]
SabotageHasVmx:
    push    rbx
    mov     eax, 1
    cpuid
    mov     eax, ecx
    shr     eax, 5
    and     eax, 1
    pop     rbx
    ret

global SabotageEnterVmx     ; rcx: zeroed page. VMX operation is entered, and left to be found by whoever tries the same
SabotageEnterVmx:
    push    rcx
    mov     ecx, 0x3A
    rdmsr
    test    al, 1
    jnz     .locked
    or      al, 5
    wrmsr
.locked:
    mov     ecx, 0x480
    rdmsr
    mov     rcx, [rsp]
    mov     [rcx], eax
    mov     rax, cr4
    or      eax, 1 << 13
    mov     cr4, rax
    mov     rax, cr0
    or      eax, 1 << 5
    mov     cr0, rax
    vmxon   [rsp]
    pop     rcx
    ret

global SabotageLeaveVmx
SabotageLeaveVmx:
    vmxoff
    mov     rax, cr4
    and     rax, ~(1 << 13)
    mov     cr4, rax
    ret
