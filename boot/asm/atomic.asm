; Memory that several processors write: exchanges that lock it, and the order of a store before a load.
default rel
section .text

global HvkExchange          ; rcx: address of 32 bits, edx: new value; answers the old one
HvkExchange:
    mov     eax, edx
    xchg    eax, [rcx]
    ret

global HvkCompareExchange   ; rcx: address of 32 bits, edx: new value, r8d: what must stand there; answers what stood there
HvkCompareExchange:
    mov     eax, r8d
    lock cmpxchg [rcx], edx
    ret

global HvkFence
HvkFence:
    mfence
    ret
