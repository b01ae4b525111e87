; Single instructions, where they are allowed and where not.
%include "check.inc"

%macro s_cpuid_upper 0
    mov     eax, 1
    xor     ecx, ecx
    cpuid
    and     ebx, 0xFFFF
%endmacro
%macro s_cpuid_huge 0
    mov     eax, 0xFFFFFFFF
    mov     ecx, 0xFFFFFFFF
    cpuid
%endmacro
%macro s_cpuid_lock 0
    xor     eax, eax
    db      0xF0, 0x0F, 0xA2
%endmacro
%macro s_cpuid_rep 0
    xor     eax, eax
    db      0xF3, 0x0F, 0xA2
%endmacro
%macro s_cpuid_66 0
    xor     eax, eax
    db      0x66, 0x0F, 0xA2
%endmacro
%macro s_rdmsr_efer 0
    mov     ecx, 0xC0000080
    rdmsr
%endmacro
%macro s_rdmsr_outside 0
    mov     ecx, 0x40000100
    rdmsr
%endmacro
%macro s_wrmsr_outside 0
    mov     ecx, 0x40000100
    xor     eax, eax
    xor     edx, edx
    wrmsr
%endmacro
%macro s_rdmsr_vmx 0
    mov     ecx, 0x480
    rdmsr
%endmacro
%macro s_feature_control 0
    mov     ecx, 0x3A
    xor     eax, eax
    xor     edx, edx
    wrmsr
%endmacro
%macro s_bios_trigger 0
    mov     ecx, 0x79
    rdmsr
%endmacro
%macro s_vmcall 0
    vmcall
%endmacro
%macro s_vmfunc 0
    xor     eax, eax
    db      0x0F, 0x01, 0xD4
%endmacro
%macro s_vmlaunch 0
    vmlaunch
%endmacro
%macro s_vmresume 0
    vmresume
%endmacro
%macro s_vmxoff 0
    vmxoff
%endmacro
%macro s_vmread 0
    db      0x0F, 0x78, 0xC8
%endmacro
%macro s_vmwrite 0
    db      0x0F, 0x79, 0xC8
%endmacro
%macro s_vmxon 0
    mov     ebx, UDATA
    db      0xF3, 0x0F, 0xC7, 0x33
%endmacro
%macro s_vmptrld 0
    mov     ebx, UDATA
    db      0x0F, 0xC7, 0x33
%endmacro
%macro s_vmptrst 0
    mov     ebx, UDATA
    db      0x0F, 0xC7, 0x3B
%endmacro
%macro s_vmclear 0
    mov     ebx, UDATA
    db      0x66, 0x0F, 0xC7, 0x33
%endmacro
%macro s_invept 0
    mov     ebx, UDATA
    db      0x66, 0x0F, 0x38, 0x80, 0x0B
%endmacro
%macro s_invvpid 0
    mov     ebx, UDATA
    db      0x66, 0x0F, 0x38, 0x81, 0x0B
%endmacro
%macro s_vmxon_bad_address 0
    mov     ebx, 0x7FFFFFF0
    add     ebx, ebx
    db      0xF3, 0x0F, 0xC7, 0x33
%endmacro
%macro s_vmmcall 0
    db      0x0F, 0x01, 0xD9
%endmacro
%macro s_getsec 0
    xor     eax, eax
    xor     ebx, ebx
    db      0x0F, 0x37
%endmacro
%macro s_rsm 0
    rsm
%endmacro
%macro s_invd 0
    invd
%endmacro
%macro s_wbinvd 0
    wbinvd
%endmacro
%macro s_wbnoinvd 0
    db      0xF3, 0x0F, 0x09
%endmacro
%macro s_monitor 0
    mov     eax, UDATA
    xor     ecx, ecx
    xor     edx, edx
    monitor
%endmacro
%macro s_monitor_ecx 0
    mov     eax, UDATA
    mov     ecx, 1
    xor     edx, edx
    monitor
%endmacro
%macro s_mwait_hint 0
    xor     eax, eax
    mov     ecx, 0x80000000
    mwait
%endmacro
%macro s_rdpmc_0 0
    xor     ecx, ecx
    rdpmc
    xor     eax, eax
    xor     edx, edx
%endmacro
%macro s_rdpmc_bad 0
    mov     ecx, 0x1234
    rdpmc
%endmacro
%macro s_rdtscp 0
    rdtscp
    xor     eax, eax
    xor     edx, edx
%endmacro
%macro s_rdpid 0
    db      0xF3, 0x0F, 0xC7, 0xF8
%endmacro
%macro s_rdrand 0
    rdrand  eax
    setc    cl
    xor     eax, eax
%endmacro
%macro s_rdseed 0
    rdseed  eax
    xor     eax, eax
%endmacro
%macro s_xabort 0
    db      0xC6, 0xF8, 0x12
%endmacro
%macro s_xbegin 0
    db      0xC7, 0xF8, 0, 0, 0, 0
%endmacro
%macro s_xend 0
    db      0x0F, 0x01, 0xD5
%endmacro
%macro s_xtest 0
    db      0x0F, 0x01, 0xD6
%endmacro
%macro s_umonitor 0
    mov     eax, UDATA
    db      0xF3, 0x0F, 0xAE, 0xF0
%endmacro
%macro s_tpause 0
    xor     eax, eax
    xor     edx, edx
    xor     ecx, ecx
    db      0x66, 0x0F, 0xAE, 0xF1
%endmacro
%macro s_encls 0
    xor     eax, eax
    db      0x0F, 0x01, 0xCF
%endmacro
%macro s_enclu 0
    xor     eax, eax
    db      0x0F, 0x01, 0xD7
%endmacro
%macro s_pconfig 0
    xor     eax, eax
    db      0x0F, 0x01, 0xC5
%endmacro
%macro s_clac 0
    clac
%endmacro
%macro s_stac 0
    stac
%endmacro
%macro s_swapgs 0
    db      0x0F, 0x01, 0xF8
    db      0x0F, 0x01, 0xF8
%endmacro
%macro s_syscall_off 0
    db      0x0F, 0x05
%endmacro
%macro s_sysenter 0
    db      0x0F, 0x34
%endmacro
%macro s_sysexit 0
    xor     ecx, ecx
    xor     edx, edx
    db      0x0F, 0x35
%endmacro
%macro s_clflush 0
    mov     eax, UDATA
    clflush [eax]
%endmacro
%macro s_clflush_absent 0
    mov     eax, TESTPAGE(17)
    clflush [eax]
%endmacro
%macro s_clwb 0
    mov     eax, UDATA
    db      0x66, 0x0F, 0xAE, 0x30
%endmacro
%macro s_cldemote 0
    mov     eax, UDATA
    db      0x0F, 0x1C, 0x00
%endmacro
%macro s_serialize 0
    db      0x0F, 0x01, 0xE8
%endmacro
%macro s_wrpkru 0
    xor     ecx, ecx
    xor     eax, eax
    xor     edx, edx
    db      0x0F, 0x01, 0xEF
%endmacro
%macro s_rdfsbase 0
    db      0xF3, 0x0F, 0xAE, 0xC0
%endmacro
%macro s_ud0 0
    db      0x0F, 0xFF, 0xC0
%endmacro
%macro s_ud1 0
    db      0x0F, 0xB9, 0xC0
%endmacro
%macro s_lock_nop 0
    db      0xF0, 0x90
%endmacro
%macro s_salc 0
    db      0xD6
%endmacro
%macro s_in 0
    mov     dx, 0x4F8
    in      al, dx
%endmacro
%macro s_out 0
    mov     dx, 0x4F8
    out     dx, al
%endmacro
%macro s_cli 0
    cli
%endmacro
%macro s_invlpg 0
    mov     eax, UDATA
    invlpg  [eax]
%endmacro
%macro s_mov_dr 0
%if __BITS__ = 64
    mov     rax, dr7
%else
    mov     eax, dr7
%endif
%endmacro

everywhere "cpuid.1", s_cpuid_upper
everywhere "cpuid.huge", s_cpuid_huge
everywhere "cpuid.lock", s_cpuid_lock
everywhere "cpuid.rep", s_cpuid_rep
everywhere "cpuid.66", s_cpuid_66
everywhere "rdmsr.efer", s_rdmsr_efer
everywhere "rdmsr.outside", s_rdmsr_outside
everywhere "wrmsr.outside", s_wrmsr_outside
everywhere "rdmsr.vmx-basic", s_rdmsr_vmx
everywhere "wrmsr.feature-control", s_feature_control
everywhere "rdmsr.bios-updt-trig", s_bios_trigger
everywhere "vmx.vmcall", s_vmcall
everywhere "vmx.vmfunc", s_vmfunc
everywhere "vmx.vmlaunch", s_vmlaunch
everywhere "vmx.vmresume", s_vmresume
everywhere "vmx.vmxoff", s_vmxoff
everywhere "vmx.vmread", s_vmread
everywhere "vmx.vmwrite", s_vmwrite
everywhere "vmx.vmxon", s_vmxon
everywhere "vmx.vmptrld", s_vmptrld
everywhere "vmx.vmptrst", s_vmptrst
everywhere "vmx.vmclear", s_vmclear
everywhere "vmx.invept", s_invept
everywhere "vmx.invvpid", s_invvpid
everywhere "vmx.vmxon-bad-address", s_vmxon_bad_address
everywhere "vmx.vmmcall", s_vmmcall
everywhere "getsec", s_getsec
everywhere "rsm", s_rsm
everywhere "invd", s_invd
everywhere "wbinvd", s_wbinvd
everywhere "wbnoinvd", s_wbnoinvd
everywhere "monitor", s_monitor
everywhere "monitor.ecx", s_monitor_ecx
everywhere "mwait.hint", s_mwait_hint
everywhere "rdpmc.0", s_rdpmc_0
everywhere "rdpmc.bad", s_rdpmc_bad
everywhere "rdtscp", s_rdtscp
everywhere "rdpid", s_rdpid
everywhere "rdrand", s_rdrand
everywhere "rdseed", s_rdseed
everywhere "xabort", s_xabort
everywhere "xbegin", s_xbegin
everywhere "xend", s_xend
everywhere "xtest", s_xtest
everywhere "umonitor", s_umonitor
everywhere "tpause", s_tpause
everywhere "encls", s_encls
everywhere "enclu", s_enclu
everywhere "pconfig", s_pconfig
everywhere "clac", s_clac
everywhere "stac", s_stac
everywhere "swapgs", s_swapgs
everywhere "syscall.off", s_syscall_off
everywhere "sysenter.no-cs", s_sysenter
everywhere "sysexit.no-cs", s_sysexit
everywhere "clflush", s_clflush
everywhere "clflush.absent", s_clflush_absent
everywhere "clwb", s_clwb
everywhere "cldemote", s_cldemote
everywhere "serialize", s_serialize
everywhere "wrpkru.off", s_wrpkru
everywhere "rdfsbase.off", s_rdfsbase
everywhere "ud0", s_ud0
everywhere "ud1", s_ud1
everywhere "lock-nop", s_lock_nop
everywhere "salc", s_salc
everywhere "in", s_in
everywhere "out", s_out
everywhere "cli", s_cli
everywhere "invlpg", s_invlpg
everywhere "mov-from-dr7", s_mov_dr

check "cpuid.upper-halves", K64
    mov     rax, 0xFFFFFFFF00000000
    mov     rcx, 0xEEEEEEEE00000000
    cpuid
    done
check "cpuid.osxsave-follows-cr4", K64
    mov     rbx, cr4
    mov     rdi, rbx
    and     rbx, ~(1 << 18)
    mov     cr4, rbx
    mov     eax, 1
    cpuid
    mov     esi, ecx
    mov     cr4, rdi
    mov     eax, 1
    cpuid
    xor     ebx, ebx
    xor     edi, edi
    done
check "cpuid.ospke-follows-cr4", K64
    mov     rdi, cr4
    mov     rbx, rdi
    or      rbx, 1 << 22
    mov     cr4, rbx
    mov     eax, 7
    xor     ecx, ecx
    cpuid
    done
check "cpuid.size-follows-xcr0", K64
    xor     ecx, ecx
    mov     eax, 1
    xor     edx, edx
    xsetbv
    mov     eax, 0xD
    xor     ecx, ecx
    cpuid
    done
check "rdmsr.fault-leaves-registers", K64
    mov     rax, 0x1122334455667788
    mov     rdx, 0x99AABBCCDDEEFF00
    mov     ecx, 0x40000100
    rdmsr
    done
check "rdmsr.upper-halves", K64
    mov     rax, -1
    mov     rdx, -1
    mov     rcx, 0xABCDEF01C0000080
    rdmsr
    done
check "rdmsr.outside-upper-rcx", K64
    mov     rcx, 0xABCDEF0140000100
    rdmsr
    done
check "prefix.16-bytes", K64
    times 15 db 0x66
    nop
    done
check "prefix.rex-cpuid", K64
    xor     eax, eax
    db      0x48, 0x0F, 0xA2
    done
check "prefix.long-cpuid", K64
    xor     eax, eax
    times 13 db 0x66
    db      0x0F, 0xA2
    done
check "rdtscp.tsc-aux", K64
    mov     ecx, 0xC0000103
    mov     eax, 0x12345678
    xor     edx, edx
    wrmsr
    rdtscp
    xor     eax, eax
    xor     edx, edx
    done
check "tsc.monotonic", K64
    rdtsc
    shl     rdx, 32
    lea     rbx, [rax + rdx]
    mov     ecx, 1000
.next:
    rdtsc
    shl     rdx, 32
    add     rax, rdx
    cmp     rax, rbx
    jb      .backwards
    mov     rbx, rax
    dec     ecx
    jnz     .next
.backwards:
    xor     eax, eax
    xor     ebx, ebx
    xor     edx, edx
    done
check "tsc.across-cpuid", K64
    mov     edi, 100
.next:
    rdtsc
    shl     rdx, 32
    lea     rsi, [rax + rdx]
    xor     eax, eax
    cpuid
    mov     ecx, 0x10
    rdmsr
    shl     rdx, 32
    add     rax, rdx
    cmp     rax, rsi
    jb      .backwards
    dec     edi
    jnz     .next
.backwards:
    xor     eax, eax
    xor     ebx, ebx
    xor     ecx, ecx
    xor     edx, edx
    xor     esi, esi
    done
check "tsc.adjust-follows-write", K64         ; a write to the counter moves TSC_ADJUST by the same amount
    mov     ecx, 0x3B
    rdmsr
    mov     esi, eax
    mov     ecx, 0x10
    rdmsr
    shl     rdx, 32
    add     rax, rdx
    mov     rdx, 1 << 40
    add     rax, rdx
    mov     rdx, rax
    shr     rdx, 32
    wrmsr
    mov     ecx, 0x3B
    rdmsr
    shr     edx, 8                          ; 2^40, and what passed between reading and writing is less
    xor     eax, eax
    xor     esi, esi
    done
check "tsc.adjust-moves-counter", K64
    rdtsc
    shl     rdx, 32
    lea     rsi, [rax + rdx]
    mov     ecx, 0x3B
    xor     eax, eax
    mov     edx, 0x100
    wrmsr
    rdmsr
    mov     edi, edx
    rdtsc
    shl     rdx, 32
    add     rax, rdx
    sub     rax, rsi
    shr     rax, 40
    xor     edx, edx
    xor     esi, esi
    done
check "tsc.tsd-ring3-allowed", U64
    rdtsc
    xor     eax, eax
    xor     edx, edx
    done
check "mwait.wakes-on-write", K64
    mov     eax, DATA
    xor     ecx, ecx
    xor     edx, edx
    monitor
    mov     dword [abs DATA], 1
    mwait
    xor     eax, eax
    done
check "syscall.from-ring-3", U64
    syscall
    done
check "smc.own-code", K64
    lea     rbx, [rel .changed]
    mov     byte [rbx + 1], 0x42
.changed:
    mov     al, 0x11
    movzx   eax, al
    xor     ebx, ebx
    done
check "smc.cpuid-becomes-nop", K64
    lea     rbx, [rel .changed]
    mov     word [rbx], 0x9090
    mov     eax, 0x77
.changed:
    cpuid
    xor     ebx, ebx
    done

; Not checks of their own: C# loads the registers.
check "probe.rdmsr", K64
    rdmsr
    done
check "probe.wrmsr", K64
    wrmsr
    done
check "probe.cpuid", K64
    cpuid
    done
check "probe.xsetbv", K64
    xsetbv
    done
check "probe.wrpkru", K64
    wrpkru
    done
check "probe.end", K64                      ; where the call gate leads
    done
