; Control registers: which values are taken, and what is read back.
%include "check.inc"

%macro cr0_change 3         ; name, or/and/xor, value: answers the new value in rcx
check {"cr0.", %1}, K64
    mov     rax, cr0
    mov     rcx, %3
    %2      rax, rcx
    mov     cr0, rax
    mov     rcx, cr0
    xor     eax, eax
    done
%endmacro
%macro cr4_bit 2            ; name, bit: set, read back
check {"cr4.", %1}, K64
    mov     rax, cr4
    bts     rax, %2
    mov     cr4, rax
    mov     rcx, cr4
    xor     eax, eax
    done
%endmacro
%macro cr4_clear 2
check {"cr4.clear-", %1}, K64
    mov     rax, cr4
    btr     rax, %2
    mov     cr4, rax
    mov     rcx, cr4
    xor     eax, eax
    done
%endmacro

cr0_change "same", or, 0
cr0_change "pe-clear", and, ~1
cr0_change "pg-clear", and, ~0x80000000
cr0_change "pg-and-pe-clear", and, ~0x80000001
cr0_change "mp", xor, 2
cr0_change "em", or, 4
cr0_change "ts", or, 8
cr0_change "et-clear", and, ~0x10
cr0_change "ne-clear", and, ~0x20
cr0_change "wp-clear", and, ~0x10000
cr0_change "am", or, 0x40000
cr0_change "nw-alone", or, 0x20000000
cr0_change "cd", or, 0x40000000
cr0_change "cd-and-nw", or, 0x60000000
cr0_change "reserved-low", or, 0x1FFAFFC0
cr0_change "bit-6", or, 0x40
cr0_change "bit-28", or, 0x10000000
cr0_change "bit-32", or, 0x100000000
cr0_change "bit-63", or, 0x8000000000000000
cr0_change "ne-clear-and-ts", xor, 0x28
check "cr0.cd-then-nothing-lost", K64
    mov     ebx, DATA
    mov     dword [rbx], 0x1234
    mov     rax, cr0
    mov     rcx, rax
    or      eax, 0x40000000
    mov     cr0, rax
    wbinvd
    mov     edx, [rbx]
    mov     cr0, rcx
    mov     ebx, [rbx]
    xor     eax, eax
    xor     ecx, ecx
    done
check "cr0.ne-shadow-with-clts-and-lmsw", K64
    mov     rax, cr0
    and     eax, ~0x20
    mov     cr0, rax
    mov     ebx, 0xE
    lmsw    bx
    mov     rcx, cr0
    clts
    mov     rdx, cr0
    smsw    rsi
    xor     eax, eax
    done
%assign n 0
%rep 33
%assign bit n
%if n = 32
%assign bit 63
%endif
%defstr NAME bit
cr4_bit {"set-", NAME}, bit
%assign n n + 1
%endrep
cr4_clear "pae", 5
cr4_clear "pge", 7
cr4_clear "osfxsr", 9
cr4_clear "osxsave", 18
cr4_clear "vmxe", 13
check "cr4.high-bits", K64
    mov     rax, cr4
    bts     rax, 40
    mov     cr4, rax
    done
check "cr4.vmxe-read", K64
    mov     rax, cr4
    shr     eax, 13
    and     eax, 1
    done
check "cr4.cet", K64
    mov     rax, cr4
    bts     rax, 23
    mov     cr4, rax
    done
check "cr4.cet-without-wp", K64
    mov     rax, cr0
    btr     rax, 16
    mov     cr0, rax
    mov     rax, cr4
    bts     rax, 23
    mov     cr4, rax
    done
check "cr4.fred", K64
    mov     rax, cr4
    bts     rax, 32
    mov     cr4, rax
    done
check "cr4.la57-in-long-mode", K64
    mov     rax, cr4
    bts     rax, 12
    mov     cr4, rax
    done
check "cr4.several-illegal", K64
    mov     rax, cr4
    mov     rcx, 0xFFFFFFFFFFFFFFFF
    mov     cr4, rcx
    done
check "cr4.zero", K64
    xor     eax, eax
    mov     cr4, rax
    done
check "cr.mov-from-cr1", K64
    db      0x0F, 0x20, 0xC8
    done
check "cr.mov-to-cr1", K64
    db      0x0F, 0x22, 0xC8
    done
check "cr.mov-to-cr5", K64
    db      0x0F, 0x22, 0xE8
    done
check "cr.mov-cr0-from-rsp", K64
    mov     rbx, rsp
    mov     rsp, cr0
    mov     cr0, rsp
    mov     rcx, rsp
    mov     rsp, rbx
    xor     ebx, ebx
    done
check "cr.mov-cr4-from-rsp", K64
    mov     rbx, rsp
    mov     rsp, cr4
    mov     cr4, rsp
    mov     rsp, rbx
    xor     ebx, ebx
    done
check "cr.mov-cr4-illegal-from-rsp", K64
    mov     rbx, rsp
    mov     rsp, -1
    mov     cr4, rsp
    done
check "cr.mov-cr3-from-rsp", K64
    mov     rbx, rsp
    mov     rsp, cr3
    mov     cr3, rsp
    mov     rsp, rbx
    xor     ebx, ebx
    done
check "cr.mov-r15", K64
    mov     r15, cr4
    mov     cr4, r15
    mov     r14, cr0
    mov     cr0, r14
    xor     r15d, r15d
    xor     r14d, r14d
    done
check "cr.cr8", K64
    mov     eax, 9
    mov     cr8, rax
    mov     rbx, cr8
    done
check "cr.cr8-reserved", K64
    mov     eax, 0x10
    mov     cr8, rax
    done
check "cr.ring3-mov-from-cr0", U64
    mov     rax, cr0
    done
check "cr.ring3-mov-to-cr4", U64
    mov     cr4, rax
    done
check "cr.ring3-clts", U64
    clts
    done
check "cr.ring3-lmsw", U64
    lmsw    ax
    done
check "cr.ring3-smsw", U64
    smsw    rax
    done
check "cr.lmsw-cannot-clear-pe", K64
    xor     eax, eax
    lmsw    ax
    mov     rcx, cr0
    done
check "cr.lmsw-memory", K64
    mov     ebx, DATA
    mov     word [rbx], 0xFFFF
    lmsw    [rbx]
    mov     rcx, cr0
    xor     ebx, ebx
    done
check "cr.lmsw-absent-memory", K64
    mov     ebx, TESTPAGE(17)
    lmsw    [rbx]
    done
check "cr.clts", K64
    mov     rax, cr0
    or      eax, 8
    mov     cr0, rax
    clts
    mov     rcx, cr0
    xor     eax, eax
    done
check "cr.clts-with-ne-clear", K64
    mov     rax, cr0
    and     eax, ~0x20
    or      eax, 8
    mov     cr0, rax
    clts
    mov     rcx, cr0
    xor     eax, eax
    done
check "cr0.pg-clear-from-64-bit", K64
    mov     rax, cr0
    btr     rax, 31
    mov     cr0, rax
    done
check "efer.lme-clear", K64
    mov     ecx, 0xC0000080
    rdmsr
    btr     eax, 8
    wrmsr
    done
check "efer.lma-clear", K64
    mov     ecx, 0xC0000080
    rdmsr
    btr     eax, 10
    wrmsr
    rdmsr
    done
check "efer.reserved", K64
    mov     ecx, 0xC0000080
    rdmsr
    bts     eax, 1
    wrmsr
    done
check "efer.bit-32", K64
    mov     ecx, 0xC0000080
    rdmsr
    bts     edx, 0
    wrmsr
    done
check "efer.svme", K64
    mov     ecx, 0xC0000080
    rdmsr
    bts     eax, 12
    wrmsr
    done
check "efer.sce", K64
    mov     ecx, 0xC0000080
    rdmsr
    btc     eax, 0
    wrmsr
    rdmsr
    done
check "xcr0.read", K64
    xor     ecx, ecx
    xgetbv
    done
check "xcr0.index-1", K64
    mov     ecx, 1
    xgetbv
    done
check "xcr0.index-7", K64
    mov     ecx, 7
    xgetbv
    done
check "xcr0.read-ring-3", U64
    xor     ecx, ecx
    xgetbv
    done
check "xcr0.write-ring-3", U64
    xor     ecx, ecx
    mov     eax, 1
    xor     edx, edx
    xsetbv
    done
check "xcr0.without-osxsave", K64
    mov     rax, cr4
    btr     rax, 18
    mov     cr4, rax
    xor     ecx, ecx
    mov     eax, 1
    xor     edx, edx
    xsetbv
    done
check "xgetbv.without-osxsave", K64
    mov     rax, cr4
    btr     rax, 18
    mov     cr4, rax
    xor     ecx, ecx
    xgetbv
    done
%macro xcr0_value 4         ; name, index, high, low
check {"xcr0.", %1}, K64
    mov     ecx, %2
    mov     edx, %3
    mov     eax, %4
    xsetbv
    xor     ecx, ecx
    xgetbv
    done
%endmacro
xcr0_value "zero", 0, 0, 0
xcr0_value "x87", 0, 0, 1
xcr0_value "sse-alone", 0, 0, 2
xcr0_value "avx-without-sse", 0, 0, 5
xcr0_value "avx", 0, 0, 7
xcr0_value "bndregs-alone", 0, 0, 0xB
xcr0_value "bnd", 0, 0, 0x1B
xcr0_value "opmask-alone", 0, 0, 0x27
xcr0_value "avx512", 0, 0, 0xE7
xcr0_value "avx512-without-avx", 0, 0, 0xE3
xcr0_value "pt", 0, 0, 0x103
xcr0_value "pkru", 0, 0, 0x207
xcr0_value "bit-62", 0, 0x40000000, 7
xcr0_value "bit-63", 0, 0x80000000, 7
xcr0_value "all", 0, 0xFFFFFFFF, 0xFFFFFFFF
xcr0_value "write-index-1", 1, 0, 1
xcr0_value "write-index-huge", 0xFFFFFFFF, 0, 1
check "xcr0.upper-rcx", K64
    mov     rcx, 0x100000000
    mov     eax, 3
    xor     edx, edx
    xsetbv
    xor     ecx, ecx
    xgetbv
    done

; XSAVE and its kin. The area is DATA.
check "xsave.compacted-without-support", K64
    mov     ebx, DATA
    mov     eax, 7
    xor     edx, edx
    xsavec  [rbx]
    mov     rsi, [rbx + 512]
    mov     rdi, [rbx + 520]
    done
check "xsave.header", K64
    mov     ebx, DATA
    mov     eax, -1
    mov     edx, -1
    vpcmpeqb ymm1, ymm1, ymm1
    xsave   [rbx]
    mov     rsi, [rbx + 512]
    mov     rdi, [rbx + 520]
    mov     rcx, [rbx + 576 + 16]
    vzeroall
    done
check "xsave.init-optimisation", K64
    mov     ebx, DATA
    mov     eax, -1
    mov     edx, -1
    vzeroall
    xsaveopt [rbx]
    mov     rsi, [rbx + 512]
    done
check "xsave.unaligned", K64
    mov     ebx, DATA + 8
    mov     eax, 3
    xor     edx, edx
    xsave   [rbx]
    done
check "xrstor.reserved-xstate", K64
    mov     ebx, DATA
    mov     eax, 7
    xor     edx, edx
    mov     qword [rbx + 512], 0x100
    xrstor  [rbx]
    done
check "xrstor.reserved-header", K64
    mov     ebx, DATA
    mov     eax, 7
    xor     edx, edx
    mov     qword [rbx + 528], 1
    xrstor  [rbx]
    done
check "xrstor.bad-mxcsr", K64
    mov     ebx, DATA
    mov     eax, 7
    xor     edx, edx
    mov     dword [rbx + 24], 0xFFFFFFFF
    mov     qword [rbx + 512], 3
    xrstor  [rbx]
    done
check "xrstor.values", K64
    mov     ebx, DATA
    mov     eax, 7
    xor     edx, edx
    mov     dword [rbx + 24], 0x1F80
    mov     qword [rbx + 512], 6
    mov     dword [rbx + 160], 0x12345678
    mov     dword [rbx + 576], 0x9ABCDEF0
    xrstor  [rbx]
    xor     eax, eax
    cpuid                                   ; an exit between
    vmovd   eax, xmm0
    vextractf128 xmm1, ymm0, 1
    vmovd   ecx, xmm1
    xor     ebx, ebx
    xor     edx, edx
    done
check "xsaves", K64
    mov     ebx, DATA
    mov     eax, -1
    mov     edx, -1
    xsaves  [rbx]
    mov     rsi, [rbx + 520]
    done
check "xsaves.ring-3", U64
    mov     ebx, UDATA
    mov     eax, -1
    mov     edx, -1
    xsaves  [rbx]
    done
check "xrstors.not-compacted", K64
    mov     ebx, DATA
    mov     eax, 3
    xor     edx, edx
    mov     qword [rbx + 512], 1
    xrstors [rbx]
    done
check "xss.zero", K64
    mov     ecx, 0xDA0
    xor     eax, eax
    xor     edx, edx
    wrmsr
    rdmsr
    done
check "xss.all", K64
    mov     ecx, 0xDA0
    mov     eax, -1
    mov     edx, -1
    wrmsr
    done
check "xss.pt", K64
    mov     ecx, 0xDA0
    mov     eax, 0x100
    xor     edx, edx
    wrmsr
    rdmsr
    mov     eax, 0xD
    mov     ecx, 1
    cpuid
    done
check "avx.disabled", K64
    xor     ecx, ecx
    xor     edx, edx
    mov     eax, 3
    xsetbv
    vzeroall
    done
check "avx.enabled-in-ring-3", U64
    vzeroall
    done
check "fxsave.values", K64
    mov     ebx, DATA
    fninit
    fld1
    push    0x5F80
    ldmxcsr [rsp]
    fxsave  [rbx]
    mov     eax, [rbx]
    mov     ecx, [rbx + 24]
    mov     rdx, [rbx + 32]
    movzx   esi, word [rbx + 40]
    add     rsp, 8
    done
