; Debug registers, and single-step traps across everything that may exit.
%include "check.inc"

%macro step 2+              ; name, the instructions to step over: the line lists where each trap stood
check {"step.", %1}, K64
    pushfq
    or      dword [rsp], 0x100
    popfq
    nop
    %2
    nop
    pushfq
    and     dword [rsp], ~0x100
    popfq
    nop
    xor     eax, eax
    xor     ebx, ebx
    xor     ecx, ecx
    xor     edx, edx
    xor     esi, esi
    xor     edi, edi
    done
%endmacro
%macro m_cpuid 0
    xor     eax, eax
    cpuid
%endmacro
%macro m_rdmsr 0
    mov     ecx, 0x1B
    rdmsr
%endmacro
%macro m_rdmsr_emulated 0
    mov     ecx, 0x3A
    rdmsr
%endmacro
%macro m_wrmsr_emulated 0
    mov     ecx, 0x8B
    xor     eax, eax
    xor     edx, edx
    wrmsr
%endmacro
%macro m_in 0
    mov     edx, 0x4F8
    in      al, dx
%endmacro
%macro m_in_hidden 0
    mov     edx, 0x2FF
    in      al, dx
%endmacro
%macro m_out_hidden 0
    mov     edx, 0x2FF
    xor     eax, eax
    out     dx, al
%endmacro
%macro m_ins_hidden 0
    mov     edx, 0x2FF
    mov     edi, DATA
    mov     ecx, 3
    rep insb
%endmacro
%macro m_cr0 0
    mov     rax, cr0
    mov     cr0, rax
    xor     eax, 0x20
    mov     cr0, rax
    xor     eax, 0x20
    mov     cr0, rax
%endmacro
%macro m_cr3 0
    mov     rax, cr3
    mov     cr3, rax
%endmacro
%macro m_cr4 0
    mov     rax, cr4
    mov     cr4, rax
%endmacro
%macro m_clts 0
    clts
%endmacro
%macro m_clts_ne 0
    mov     rax, cr0
    and     eax, ~0x20
    or      eax, 8
    mov     cr0, rax
    clts
%endmacro
%macro m_xsetbv 0
    xor     ecx, ecx
    xgetbv
    xsetbv
%endmacro
%macro m_wbinvd 0
    wbinvd
%endmacro
%macro m_invd 0
    invd
%endmacro
%macro m_iret 0
    mov     rax, rsp
    push    KDS
    push    rax
    pushfq
    push    KCS64
    lea     rax, [rel %%here]
    push    rax
    iretq
%%here:
%endmacro
%macro m_mov_ss 0
    mov     eax, ss
    mov     ss, eax
    xor     eax, eax
    cpuid
%endmacro
%macro m_mov_ss_nop 0
    mov     eax, ss
    mov     ss, eax
    nop
%endmacro
%macro m_sti 0
    sti
    xor     eax, eax
    cli
%endmacro
%macro m_sti_cpuid 0
    xor     eax, eax
    sti
    cpuid
    cli
%endmacro
%macro m_popf 0
    pushfq
    popfq
%endmacro
%macro m_rep_movs 0
    mov     esi, DATA
    mov     edi, DATA + 256
    mov     ecx, 4
    rep movsb
%endmacro
%macro m_syscall_free 0
    rdtsc
    rdtscp
%endmacro
%macro m_call 0
    call    %%sub
    jmp     %%over
%%sub:
    xor     eax, eax
    cpuid
    ret
%%over:
%endmacro
step "nop", nop
step "cpuid", m_cpuid
step "rdmsr", m_rdmsr
step "rdmsr-emulated", m_rdmsr_emulated
step "wrmsr", m_wrmsr_emulated
step "in", m_in
step "in-2ff", m_in_hidden
step "out-2ff", m_out_hidden
step "rep-insb-2ff", m_ins_hidden
step "mov-cr0", m_cr0
step "mov-cr3", m_cr3
step "mov-cr4", m_cr4
step "clts", m_clts
step "clts-ne-clear", m_clts_ne
step "xsetbv", m_xsetbv
step "wbinvd", m_wbinvd
step "invd", m_invd
step "iret", m_iret
step "mov-ss-cpuid", m_mov_ss
step "mov-ss-nop", m_mov_ss_nop
step "sti", m_sti
step "sti-cpuid", m_sti_cpuid
step "popf", m_popf
step "rep-movsb", m_rep_movs
step "rdtsc", m_syscall_free
step "call-cpuid", m_call
check "step.ring-3-cpuid", U64
    pushfq
    or      dword [rsp], 0x100
    popfq
    nop
    xor     eax, eax
    cpuid
    nop
    pushfq
    and     dword [rsp], ~0x100
    popfq
    xor     eax, eax
    done
check "step.compat-cpuid", K32
    pushf
    or      dword [esp], 0x100
    popf
    nop
    xor     eax, eax
    cpuid
    pushf
    and     dword [esp], ~0x100
    popf
    xor     eax, eax
    done
check "step.fault-in-stepped", K64          ; the #UD comes, no trap for it
    pushfq
    or      dword [rsp], 0x100
    popfq
    vmcall
    done
check "step.gp-of-rdmsr", K64
    mov     ecx, 0x40000100
    pushfq
    or      dword [rsp], 0x100
    popfq
    rdmsr
    done
check "step.branches-only", K64             ; DEBUGCTL.BTF: traps at branches alone
    mov     ecx, 0x1D9
    mov     eax, 2
    xor     edx, edx
    wrmsr
    pushfq
    or      dword [rsp], 0x100
    popfq
    nop
    xor     eax, eax
    cpuid
    jmp     .next
.next:
    nop
    xor     eax, eax
    xor     edx, edx
    mov     ecx, 0x1D9
    wrmsr
    pushfq
    and     dword [rsp], ~0x100
    popfq
    done
check "step.icebp", K64
    pushfq
    or      dword [rsp], 0x100
    popfq
    db      0xF1
    pushfq
    and     dword [rsp], ~0x100
    popfq
    done
; Not here: HLT. Bochs delivers the trap when the preemption timer expires during HLT, and then leaves the processor halted in the handler.

; Breakpoints.
%macro dr7_is 1
    mov     eax, %1
    mov     dr7, rax
%endmacro
check "dr.read-reset", K64
    mov     rax, dr0
    mov     rbx, dr1
    mov     rcx, dr2
    mov     rdx, dr3
    mov     rsi, dr6
    mov     rdi, dr7
    done
check "dr.values", K64
    mov     rax, 0x123456789ABC
    mov     dr0, rax
    mov     dr3, rax
    xor     eax, eax
    cpuid
    mov     rbx, dr0
    mov     rcx, dr3
    xor     eax, eax
    xor     edx, edx
    done
check "dr.dr6-write", K64
    xor     eax, eax
    mov     dr6, rax
    mov     rbx, dr6
    mov     eax, -1
    mov     dr6, rax
    mov     rcx, dr6
    done
check "dr.dr6-kept-over-exits", K64
    mov     eax, 0xFFFF4FF5
    mov     dr6, rax
    xor     eax, eax
    cpuid
    mov     rbx, dr6
    xor     eax, eax
    xor     ecx, ecx
    xor     edx, edx
    done
check "dr.dr6-high", K64
    mov     rax, 0x100000000
    mov     dr6, rax
    done
check "dr.dr7-high", K64
    mov     rax, 0x100000400
    mov     dr7, rax
    done
check "dr.dr7-fixed-bits", K64
    xor     eax, eax
    mov     dr7, rax
    mov     rbx, dr7
    mov     eax, 0xFFFFDFFF & ~0xFFFF00FF   ; no enabled breakpoint
    mov     dr7, rax
    mov     rcx, dr7
    xor     eax, eax
    mov     dr7, rax
    done
check "dr.dr4-is-dr6", K64
    db      0x0F, 0x21, 0xE0
    shr     rax, 32
    done
check "dr.dr4-with-de", K64
    mov     rax, cr4
    or      eax, 8
    mov     cr4, rax
    db      0x0F, 0x21, 0xE0
    done
check "dr.dr5-write", K64
    mov     eax, 0x400
    db      0x0F, 0x23, 0xE8
    done
check "dr.dr8", K64
    db      0x44, 0x0F, 0x21, 0xC0
    done
check "dr.ring-3", U64
    mov     rax, dr0
    done
check "dr.general-detect", K64
    dr7_is  0x2400
    mov     rbx, dr0
    done
check "dr.general-detect-over-cpuid", K64
    dr7_is  0x2400
    xor     eax, eax
    cpuid
    mov     rbx, dr7
    done
check "dr.execute", K64
    lea     rax, [rel .here]
    mov     dr0, rax
    dr7_is  0x402
    nop
.here:
    nop
    done
check "dr.execute-on-cpuid", K64            ; the fault comes before the exit
    lea     rax, [rel .here]
    mov     dr1, rax
    dr7_is  0x408
    xor     eax, eax
.here:
    cpuid
    xor     eax, eax
    xor     ebx, ebx
    xor     ecx, ecx
    xor     edx, edx
    mov     dr7, rax
    done
check "dr.execute-behind-cpuid", K64
    lea     rax, [rel .here]
    mov     dr1, rax
    dr7_is  0x408
    xor     eax, eax
    cpuid
.here:
    xor     eax, eax
    xor     ebx, ebx
    xor     ecx, ecx
    xor     edx, edx
    mov     dr7, rax
    done
check "dr.execute-on-vmcall", K64           ; RF: #UD after the breakpoint was passed
    lea     rax, [rel .here]
    mov     dr1, rax
    dr7_is  0x408
    xor     eax, eax
.here:
    vmcall
    done
check "dr.write", K64
    mov     eax, DATA
    mov     dr2, rax
    dr7_is  0x0D000420
    mov     eax, DATA
    mov     dword [rax], 1
    mov     ecx, [rax]
    done
check "dr.access-byte-2", K64
    mov     eax, DATA
    mov     dr2, rax
    dr7_is  0x0F000420
    mov     eax, DATA + 2
    movzx   ecx, byte [rax]
    done
check "dr.io", K64
    mov     rax, cr4
    or      eax, 8
    mov     cr4, rax
    mov     eax, 0x4F8
    mov     dr0, rax
    dr7_is  0x00020402
    mov     edx, 0x4F8
    in      al, dx
    nop
    done
check "dr.io-2ff", K64
    mov     rax, cr4
    or      eax, 8
    mov     cr4, rax
    mov     eax, 0x2FF
    mov     dr0, rax
    dr7_is  0x00020402
    mov     edx, 0x2FF
    in      al, dx
    nop
    xor     eax, eax
    done
check "dr.data-of-ins-2ff", K64
    mov     eax, DATA
    mov     dr0, rax
    dr7_is  0x00010402
    mov     edx, 0x2FF
    mov     edi, DATA
    insb
    nop
    done
check "dr.mov-ss-delays", K64               ; a data breakpoint at MOV SS waits for the instruction behind the next
    mov     ebx, DATA
    mov     word [rbx], KDS
    mov     dr0, rbx
    dr7_is  0x00030402
    mov     ss, [rbx]
    xor     eax, eax
    nop
    nop
    done
check "dr.mov-ss-then-cpuid", K64
    mov     ebx, DATA
    mov     word [rbx], KDS
    mov     dr0, rbx
    dr7_is  0x00030402
    xor     eax, eax
    mov     ss, [rbx]
    cpuid
    xor     eax, eax
    xor     ebx, ebx
    xor     ecx, ecx
    xor     edx, edx
    done
check "dr.mov-ss-then-vmcall", K64
    mov     ebx, DATA
    mov     word [rbx], KDS
    mov     dr0, rbx
    dr7_is  0x00030402
    mov     ss, [rbx]
    vmcall
    done
check "dr.debugctl-reserved", K64
    mov     ecx, 0x1D9
    mov     eax, -1
    mov     edx, -1
    wrmsr
    done
check "dr.execute-on-cpuid-and-behind", K64  ; RF goes with the instruction that was passed
    lea     rax, [rel .here]
    mov     dr0, rax
    lea     rax, [rel .next]
    mov     dr1, rax
    dr7_is  0x40A
    xor     eax, eax
.here:
    cpuid
.next:
    xor     eax, eax
    xor     ebx, ebx
    xor     ecx, ecx
    xor     edx, edx
    mov     dr7, rax
    done
