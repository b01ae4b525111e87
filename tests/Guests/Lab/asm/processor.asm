; Instructions that C# has no word for, beside those of boot/asm/cpu.asm.
default rel
section .text

global LabReadMsr           ; ecx: index
LabReadMsr:
    rdmsr
    shl     rdx, 32
    or      rax, rdx
    ret

global LabWriteMsr          ; ecx: index, rdx: value
LabWriteMsr:
    mov     rax, rdx
    shr     rdx, 32
    wrmsr
    ret

global LabWriteCr3
LabWriteCr3:
    mov     cr3, rcx
    ret

global LabWriteXcr0         ; rcx: value
LabWriteXcr0:
    mov     eax, ecx
    mov     rdx, rcx
    shr     rdx, 32
    xor     ecx, ecx
    xsetbv
    ret

global LabTakeInterrupts    ; lets in what is pending
LabTakeInterrupts:
    sti
    nop
    nop
    cli
    ret

global LabOut16             ; cx: port, dx: value
LabOut16:
    mov     eax, edx
    mov     edx, ecx
    out     dx, ax
    ret

global LabLoadTables        ; rcx: operand of LGDT, rdx: operand of LIDT, r8: code selector, r9: data selector, [rsp + 40]: task register
LabLoadTables:
    lgdt    [rcx]
    lidt    [rdx]
    mov     ds, r9d
    mov     es, r9d
    mov     ss, r9d
    xor     eax, eax
    mov     fs, eax
    mov     gs, eax
    ltr     [rsp + 40]
    pop     rax
    push    r8
    push    rax
    o64 retf

global LabPerCpu            ; the area of this processor: its own address stands at offset 0
LabPerCpu:
    mov     rax, [gs:0]
    ret

global LabExchange          ; rcx: word, rdx: value; what stood there before
LabExchange:
    xchg    [rcx], rdx
    mov     rax, rdx
    ret

global LabAdd               ; rcx: word, rdx: value to add; what stood there before
LabAdd:
    lock xadd [rcx], rdx
    mov     rax, rdx
    ret

global LabSleep             ; until an interrupt has been taken, or NMI
LabSleep:
    sti
    hlt
    cli
    ret
