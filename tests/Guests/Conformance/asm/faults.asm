; Exceptions: vectors, error codes, what is pushed, faults during delivery.
%include "check.inc"

%macro set_gate 3           ; vector, offset in the gate, dword: changes one word of the IDT
    mov     eax, IDT64 + 16 * %1 + %2
    mov     dword [rax], %3
%endmacro

%macro set_stack 1          ; vector: its gate uses IST3
    mov     eax, IDT64 + 16 * %1 + 4
    mov     byte [rax], 3
%endmacro

check "fault.divide", K64
    xor     ecx, ecx
    div     ecx
    done
check "fault.divide-overflow", U64
    mov     rax, 0x8000000000000000
    cqo
    mov     rcx, -1
    idiv    rcx
    done
check "fault.int3", K64
    int3
    done
check "fault.int3.u64", U64
    int3
    done
check "fault.cd03", K64
    db      0xCD, 3
    done
check "fault.icebp", K64
    db      0xF1
    done
check "fault.icebp.u64", U64
    db      0xF1
    done
check "fault.into.k32", K32
    mov     al, 0x7F
    add     al, 1
    into
    done
check "fault.into.u32", U32
    mov     al, 0x7F
    add     al, 1
    into
    done
check "fault.into.k64", K64
    db      0xCE
    done
check "fault.bound.k32", K32
    mov     dword [UDATA], 1
    mov     dword [UDATA + 4], 2
    mov     eax, 3
    bound   eax, [UDATA]
    done
check "fault.ud2", K64
    ud2
    done
check "fault.ud2.u64", U64
    ud2
    done
check "fault.device-not-available", K64
    mov     rax, cr0
    or      eax, 8
    mov     cr0, rax
    fnop
    done
check "fault.device-not-available-sse", K64
    mov     rax, cr0
    or      eax, 8
    mov     cr0, rax
    movaps  xmm0, xmm1
    done
check "fault.emulated-fpu", K64
    mov     rax, cr0
    or      eax, 4
    mov     cr0, rax
    fnop
    done
check "fault.sse-without-osfxsr", K64
    mov     rax, cr4
    and     eax, ~0x200
    mov     cr4, rax
    movaps  xmm0, xmm1
    done
check "fault.wait-ts-mp", K64
    mov     rax, cr0
    or      eax, 0xA
    mov     cr0, rax
    fwait
    done
check "fault.x87-error", K64
    fninit
    push    0x33A
    fldcw   [rsp]
    fldz
    fld1
    fdiv    st1
    fwait
    done
check "fault.simd-error", K64
    push    0x1D80
    ldmxcsr [rsp]
    xorps   xmm0, xmm0
    mov     eax, 0x3F800000
    movd    xmm1, eax
    divss   xmm1, xmm0
    done
check "fault.simd-error-without-osxmmexcpt", K64
    mov     rax, cr4
    and     eax, ~0x400
    mov     cr4, rax
    push    0x1D80
    ldmxcsr [rsp]
    xorps   xmm0, xmm0
    mov     eax, 0x3F800000
    movd    xmm1, eax
    divss   xmm1, xmm0
    done
check "fault.mxcsr-reserved", K64
    push    -1
    ldmxcsr [rsp]
    done
check "fault.movaps-unaligned", K64
    mov     eax, DATA + 1
    movaps  xmm0, [rax]
    done
check "fault.alignment", U64
    pushfq
    or      dword [rsp], 0x40000
    popfq
    mov     eax, UDATA + 1
    mov     ebx, [rax]
    done
check "fault.alignment-with-am", K64
    mov     rax, cr0
    or      eax, 0x40000
    mov     cr0, rax
    push    UDS
    push    USTACK_TOP
    push    0x40002
    push    UCS64
    lea     rax, [rel .user]
    add     rax, CODE_U - CODE_S
    push    rax
    iretq
.user:
    mov     eax, UDATA + 1
    mov     ebx, [rax]
    done
check "fault.noncanonical-read", K64
    mov     rax, 0x0000800000000000
    mov     ebx, [rax]
    done
check "fault.noncanonical-stack", K64
    mov     rax, 0x0000800000000000
    mov     rsp, rax
    push    rax
    done
check "fault.noncanonical-rbp", K64
    mov     rbp, 0x0000800000000000
    mov     eax, [rbp]
    done
check "fault.noncanonical-jump", K64
    mov     rax, 0x0000800000000000
    jmp     rax
check "fault.noncanonical-ret", K64
    mov     rax, 0x0000800000000000
    push    rax
    ret
check "fault.noncanonical-iret", K64
    push    KDS
    push    KSTACK_TOP
    push    2
    push    KCS64
    mov     rax, 0x0000800000000000
    push    rax
    iretq
check "fault.null-selector-ss", K64
    xor     eax, eax
    mov     ss, eax
    nop
    done
check "fault.null-selector-ss.u64", U64
    xor     eax, eax
    mov     ss, eax
    done
check "fault.int-dpl", U64
    int     0x50
    done
check "fault.int-beyond-limit", K64
    sub     rsp, 16
    mov     word [rsp], 16 * 0x90 - 1
    mov     qword [rsp + 2], IDT64
    lidt    [rsp]
    int     0xA0
    done
check "fault.int-absent-gate", K64
    set_gate 0x50, 4, 0x0E00
    int     0x50
    done
check "fault.int-wrong-type", K64
    set_gate 0x50, 4, 0x8500
    int     0x50
    done
check "fault.int-32-bit-target", K64
    set_gate 0x50, 0, KCS32 << 16
    int     0x50
    done
check "fault.int-null-target", K64
    set_gate 0x50, 0, 0
    int     0x50
    done
check "fault.int-data-target", K64
    set_gate 0x50, 0, KDS << 16
    int     0x50
    done
check "fault.int-target-beyond-gdt", K64
    set_gate 0x50, 0, 0x1230 << 16
    int     0x50
    done
check "fault.exception-absent-gate", K64        ; the error code's EXT bit
    set_gate 6, 4, 0x0E00
    ud2
    done
check "fault.divide-absent-gate", K64           ; two contributory exceptions: #DF
    set_gate 0, 4, 0x0E00
    xor     ecx, ecx
    div     ecx
    done
check "fault.page-fault-absent-gate", K64       ; #PF, then #NP: #DF
    set_gate 14, 4, 0x0E00
    mov     eax, TESTPAGE(17)
    mov     ebx, [rax]
    done
check "fault.gp-absent-gate", K64
    set_gate 13, 4, 0x0E00
    mov     rax, 0x0000800000000000
    mov     ebx, [rax]
    done
check "fault.cpuid-gp-absent-gate", K64         ; an injected #GP, then #NP: #DF
    set_gate 13, 4, 0x0E00
    mov     ecx, 0x40000100
    rdmsr
    done
check "fault.vmcall-absent-gate", K64           ; an injected #UD is benign: #NP
    set_gate 6, 4, 0x0E00
    vmcall
    done
check "fault.page-fault-on-fault-stack", K64    ; the stack of a handler is absent: #PF during delivery
    mov     eax, TSS64 + 0x34
    mov     dword [rax], TESTPAGE(17) + 0x800
    mov     dword [rax + 4], 0
    set_stack 6
    ud2
    done
check "fault.page-fault-twice", K64             ; #PF whose stack is absent: #DF
    mov     eax, TSS64 + 0x34
    mov     dword [rax], TESTPAGE(17) + 0x800
    mov     dword [rax + 4], 0
    set_stack 14
    mov     eax, TESTPAGE(17)
    mov     ebx, [rax]
    done
check "fault.injected-gp-on-absent-stack", K64  ; #GP by HvKernel's hand, whose delivery faults
    mov     eax, TSS64 + 0x34
    mov     dword [rax], TESTPAGE(17) + 0x800
    mov     dword [rax + 4], 0
    set_stack 13
    mov     ecx, 0x40000100
    rdmsr
    done
check "fault.noncanonical-fault-stack", K64
    mov     eax, TSS64 + 0x34
    mov     dword [rax], 0
    mov     dword [rax + 4], 0x00008000
    set_stack 6
    ud2
    done
check "fault.tss-limit", U64
    ud2
    done
check "fault.lock-prefix", K64
    mov     eax, DATA
    db      0xF0, 0x8B, 0x18
    done
check "fault.fetch-crosses-page", K64           ; the second page of an instruction is absent
    mov     eax, TESTPAGE(16) + 0xFFE
    mov     word [rax], 0x80C7
    mov     rbx, PTE(16)
    btr     qword [rbx], 63
    invlpg  [rax]
    jmp     rax
check "fault.cpuid-crosses-page", K64
    mov     ebx, TESTPAGE(16) + 0xFFF
    mov     byte [rbx], 0x0F
    mov     rcx, PTE(16)
    btr     qword [rcx], 63
    invlpg  [rbx]
    jmp     rbx
check "fault.cpuid-at-page-end", K64            ; the next instruction is on an absent page
    mov     ebx, TESTPAGE(16) + 0xFFE
    mov     word [rbx], 0xA20F
    mov     rcx, PTE(16)
    btr     qword [rcx], 63
    invlpg  [rbx]
    xor     eax, eax
    jmp     rbx
