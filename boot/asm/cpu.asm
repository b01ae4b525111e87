; Instructions that C# has no word for: control registers, MSRs, descriptor tables, ports, CPUID, XCR0, caches.
default rel
section .text

%macro read_cr 1
global HvkReadCr%1
HvkReadCr%1:
    mov     rax, cr%1
    ret
%endmacro
%macro write_cr 1
global HvkWriteCr%1
HvkWriteCr%1:
    mov     cr%1, rcx
    ret
%endmacro
read_cr 0
read_cr 2
read_cr 3
read_cr 4
write_cr 0
write_cr 2
write_cr 3
write_cr 4

read_cr 8

%macro debug_address 1
global HvkReadDr%1
HvkReadDr%1:
    mov     rax, dr%1
    ret

global HvkWriteDr%1          ; rcx: value
HvkWriteDr%1:
    mov     dr%1, rcx
    ret
%endmacro
debug_address 0
debug_address 1
debug_address 2
debug_address 3

global HvkReadDr7
HvkReadDr7:
    mov     rax, dr7
    ret

global HvkCpuid             ; ecx: leaf, edx: subleaf, r8: four dwords EAX EBX ECX EDX
HvkCpuid:
    push    rbx
    mov     eax, ecx
    mov     ecx, edx
    cpuid
    mov     [r8], eax
    mov     [r8 + 4], ebx
    mov     [r8 + 8], ecx
    mov     [r8 + 12], edx
    pop     rbx
    ret

global HvkRdtsc
HvkRdtsc:
    rdtsc
    shl     rdx, 32
    or      rax, rdx
    ret

global HvkPause
HvkPause:
    pause
    ret

global HvkHalt
HvkHalt:
    hlt
    ret

global HvkWbinvd
HvkWbinvd:
    wbinvd
    ret

global HvkIn8               ; cx: port
HvkIn8:
    mov     edx, ecx
    xor     eax, eax
    in      al, dx
    ret

global HvkOut8              ; cx: port, dl: value
HvkOut8:
    mov     eax, edx
    mov     edx, ecx
    out     dx, al
    ret

%macro store_table 2
global %1
%1:
    %2      [rcx]
    ret
%endmacro
store_table HvkSgdt, sgdt
store_table HvkSidt, sidt
store_table HvkLgdt, lgdt
store_table HvkLidt, lidt

%macro read_selector 2
global %1
%1:
    xor     eax, eax
    mov     ax, %2
    ret
%endmacro
read_selector HvkReadCs, cs
read_selector HvkReadSs, ss
read_selector HvkReadDs, ds
read_selector HvkReadEs, es
read_selector HvkReadFs, fs
read_selector HvkReadGs, gs

global HvkReadTr
HvkReadTr:
    xor     eax, eax
    str     ax
    ret

global HvkReadLdtr
HvkReadLdtr:
    xor     eax, eax
    sldt    ax
    ret

global HvkDisableInterrupts ; answers RFLAGS as they were
HvkDisableInterrupts:
    pushfq
    pop     rax
    cli
    ret

global HvkRestoreInterrupts ; rcx: RFLAGS
HvkRestoreInterrupts:
    push    rcx
    popfq
    ret

global HvkProcessorContext  ; the VCpu of this processor: its own address stands at offset 0, and GS points there in root
HvkProcessorContext:
    mov     rax, [gs:0]
    ret

global HvkReadDr6
HvkReadDr6:
    mov     rax, dr6
    ret

global HvkWriteDr6          ; rcx: value
HvkWriteDr6:
    mov     dr6, rcx
    ret

global HvkClearBreakpointAddresses
HvkClearBreakpointAddresses:
    xor     eax, eax
    mov     dr0, rax
    mov     dr1, rax
    mov     dr2, rax
    mov     dr3, rax
    ret

global HvkTakeInterrupt     ; lets one pending external interrupt through to the host IDT
HvkTakeInterrupt:
    sti
    nop
    cli
    ret

global HvkRaise             ; rcx: what failed; a report finds it there
HvkRaise:
    ud2
    ret

global HvkRaiseAddress
HvkRaiseAddress:
    lea     rax, [HvkRaise]
    ret
