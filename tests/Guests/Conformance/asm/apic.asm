; The local APIC, in both modes; interrupts, NMI, HLT. The line lists the vectors that came and where.
%include "check.inc"

%macro apic_write 2         ; register, value
    mov     ebx, APIC
    mov     dword [rbx + %1], %2
%endmacro
%macro leave 0
    xor     ebx, ebx
    xor     eax, eax
    xor     ecx, ecx
    xor     edx, edx
    done
%endmacro
check "apic.version-and-id", K64
    mov     ebx, APIC
    mov     eax, [rbx + 0x20]
    mov     ecx, [rbx + 0x30]
    mov     edx, [rbx + 0xF0]
    done
check "apic.self-ipi", K64
    apic_write 0x310, 0
    apic_write 0x300, 0x40050
    sti
    nop
    nop
    cli
    leave
check "apic.self-ipi-waits-for-sti", K64
    apic_write 0x300, 0x40050
    nop
    xor     eax, eax
    cpuid
    sti
    nop
    nop
    cli
    leave
check "apic.sti-shadow", K64
    apic_write 0x300, 0x40050
    xor     eax, eax
    sti
    cpuid                                   ; an exit in the shadow of STI: the interrupt comes behind it
    nop
    cli
    leave
check "apic.mov-ss-shadow", K64
    apic_write 0x300, 0x40050
    mov     esi, ss
    xor     eax, eax
    sti
    mov     ss, esi
    cpuid
    nop
    cli
    xor     esi, esi
    leave
check "apic.popf", K64
    apic_write 0x300, 0x40050
    pushfq
    or      dword [rsp], 0x200
    popfq
    nop
    cli
    leave
check "apic.iret", K64
    apic_write 0x300, 0x40050
    mov     rax, rsp
    push    KDS
    push    rax
    push    0x202
    push    KCS64
    lea     rax, [rel .there]
    push    rax
    iretq
.there:
    nop
    cli
    leave
check "apic.priority", K64
    apic_write 0x300, 0x40050
    apic_write 0x300, 0x40070
    apic_write 0x300, 0x40060
    sti
    nop
    nop
    nop
    nop
    cli
    leave
check "apic.tpr-holds-back", K64
    mov     eax, 6
    mov     cr8, rax
    apic_write 0x300, 0x40050
    sti
    nop
    nop
    cli
    mov     esi, [rbx + 0x80]
    xor     eax, eax
    mov     cr8, rax
    sti
    nop
    nop
    cli
    leave
check "apic.timer-and-hlt", K64
    apic_write 0x320, TIMER_VECTOR
    apic_write 0x380, 20000
    sti
    hlt
    cli
    leave
check "apic.hlt-with-pending", K64
    apic_write 0x300, 0x40050
    sti
    hlt
    cli
    leave
check "apic.timer-periodic", K64
    apic_write 0x320, 0x20000 | TIMER_VECTOR
    apic_write 0x380, 60000
    mov     esi, 3
.again:
    sti
    hlt
    cli
    dec     esi
    jnz     .again
    apic_write 0x380, 0
    leave
check "apic.timer-masked", K64
    apic_write 0x320, 0x10000 | TIMER_VECTOR
    apic_write 0x380, 1000
    mov     ecx, 100000
.wait:
    dec     ecx
    jnz     .wait
    mov     esi, [rbx + 0x390]
    sti
    nop
    cli
    leave
check "apic.timer-during-exits", K64        ; exits without end: the interrupt comes all the same
    apic_write 0x320, TIMER_VECTOR
    apic_write 0x380, 20000
    mov     esi, 20000
    mov     rdi, rsp
    sti
.again:
    xor     eax, eax
    cpuid
    dec     esi
    jnz     .again
    cli
    xor     edi, edi
    leave
check "apic.nmi-to-self", K64
    apic_write 0x300, 0x00044400
    nop
    nop
    done
check "apic.illegal-vector", K64
    apic_write 0x280, 0
    apic_write 0x300, 0x40005
    apic_write 0x280, 0
    mov     esi, [rbx + 0x280]
    leave
check "apic.reserved-register", K64
    mov     ebx, APIC
    mov     eax, [rbx + 0x40]
    mov     ecx, [rbx + 0x3F0]
    xor     ebx, ebx
    done
check "apic.x2apic-msr-in-xapic", K64
    mov     ecx, 0x802
    rdmsr
    done
check "apic.base-read", K64
    mov     ecx, 0x1B
    rdmsr
    done
check "apic.base-reserved", K64
    mov     ecx, 0x1B
    rdmsr
    or      eax, 1
    wrmsr
    done
check "apic.base-high", K64
    mov     ecx, 0x1B
    rdmsr
    or      edx, 0x80000000
    wrmsr
    done
check "apicoff.x2apic-from-disabled", K64      ; 00 to 01 of EN, EXTD is illegal
    mov     ecx, 0x1B
    rdmsr
    mov     ebx, eax
    and     eax, ~0xC00
    wrmsr
    or      eax, 0x400
    wrmsr
    done
%macro to_x2apic 0
    mov     ecx, 0x1B
    rdmsr
    or      eax, 0xC00
    wrmsr
%endmacro
%macro x2_write 3
    mov     ecx, %1
    mov     edx, %2
    mov     eax, %3
    wrmsr
%endmacro
check "x2apic.registers", K64
    to_x2apic
    mov     ecx, 0x802
    rdmsr
    mov     ebx, eax
    mov     ecx, 0x803
    rdmsr
    mov     esi, eax
    mov     ecx, 0x80D
    rdmsr
    mov     edi, eax
    mov     ecx, 0x80F
    rdmsr
    done
check "x2apic.self-ipi", K64
    to_x2apic
    x2_write 0x83F, 0, 0x50
    sti
    nop
    nop
    cli
    leave
check "x2apic.icr", K64
    to_x2apic
    x2_write 0x830, 0, 0x40051
    sti
    nop
    nop
    cli
    leave
check "x2apic.timer", K64
    to_x2apic
    x2_write 0x832, 0, TIMER_VECTOR
    x2_write 0x838, 0, 20000
    sti
    hlt
    cli
    leave
check "x2apic.to-xapic", K64           ; 11 to 10 is illegal
    to_x2apic
    and     eax, ~0x400
    wrmsr
    done
check "apicoff.x2apic-disable", K64
    to_x2apic
    and     eax, ~0xC00
    wrmsr
    rdmsr
    done
check "x2apic.id-write", K64
    to_x2apic
    x2_write 0x802, 0, 0
    done
check "x2apic.eoi-nonzero", K64
    to_x2apic
    x2_write 0x80B, 0, 1
    done
check "x2apic.read-only-high", K64
    to_x2apic
    x2_write 0x80F, 1, 0x1FF
    done
check "x2apic.absent-register", K64
    to_x2apic
    mov     ecx, 0x80E
    rdmsr
    done
check "x2apic.eoi-read", K64
    to_x2apic
    mov     ecx, 0x80B
    rdmsr
    done
check "apic.tsc-deadline", K64
    apic_write 0x320, 0x40000 | TIMER_VECTOR
    rdtsc
    shl     rdx, 32
    add     rax, rdx
    add     rax, 20000
    mov     rdx, rax
    shr     rdx, 32
    mov     ecx, 0x6E0
    wrmsr
    sti
    hlt
    cli
    leave
check "apic.cluster-destination", K64
    apic_write 0xE0, 0xFFFFFFFF
    mov     eax, [rbx + 0xE0]
    apic_write 0xD0, 0x01000000
    mov     ecx, [rbx + 0xD0]
    apic_write 0xD0, 0
    xor     ebx, ebx
    done
