; Segments, gates, descriptor tables, task register, privilege changes.
%include "check.inc"

%macro load_seg 3           ; name, register, selector
check {"seg.", %1}, K64
    mov     eax, %3
    mov     %2, eax
    mov     ebx, %2
    xor     eax, eax
    done
%endmacro
load_seg "ds-null", ds, 0
load_seg "ds-data", ds, KDS
load_seg "ds-user", ds, UDS
load_seg "ds-absent", ds, SEL_ABSENT
load_seg "ds-execute-only", ds, SEL_EXECONLY
load_seg "ds-read-only", ds, SEL_READONLY
load_seg "ds-code", ds, KCS64
load_seg "ds-system", ds, SEL_TSS64
load_seg "ds-no-type", ds, SEL_NOTYPE
load_seg "ds-beyond-gdt", ds, 0x1000
load_seg "ds-ldt-without-ldt", ds, 0xC
load_seg "ss-absent", ss, SEL_ABSENT
load_seg "ss-read-only", ss, SEL_READONLY
load_seg "ss-user-dpl", ss, 0x20
load_seg "ss-rpl-3", ss, UDS
load_seg "ss-code", ss, KCS64
load_seg "ss-null", ss, 0
check "seg.ds-kernel.u64", U64
    mov     eax, KDS
    mov     ds, eax
    done
check "seg.fs-base-by-msr", K64
    mov     ecx, 0xC0000100
    mov     eax, DATA
    xor     edx, edx
    wrmsr
    mov     dword [rax + 8], 0x77
    mov     ebx, [fs:8]
    xor     eax, eax
    done
check "seg.gs-swap", K64
    mov     ecx, 0xC0000102
    mov     eax, DATA
    xor     edx, edx
    wrmsr
    swapgs
    rdmsr
    mov     ebx, eax
    mov     dword [gs:8], 0x78
    mov     eax, [gs:8]
    swapgs
    done
check "seg.fs-noncanonical", K64
    mov     ecx, 0xC0000100
    xor     eax, eax
    mov     edx, 0x8000
    wrmsr
    done
check "seg.fsgsbase", K64
    mov     rax, cr4
    bts     rax, 16
    mov     cr4, rax
    mov     eax, DATA
    wrgsbase rax
    rdgsbase rbx
    wrfsbase rax
    rdfsbase rcx
    done
check "seg.wrfsbase-noncanonical", K64
    mov     rax, cr4
    bts     rax, 16
    mov     cr4, rax
    mov     rax, 0x0000800000000000
    wrfsbase rax
    done
check "seg.limit-of-compat", K32
    mov     eax, SEL_DOWN
    mov     fs, eax
    mov     ebx, [fs:0x1000]
    mov     ebx, [fs:0xFFF]
    done
check "seg.read-only-write", K32
    mov     eax, SEL_READONLY
    mov     fs, eax
    mov     dword [fs:DATA], 1
    done
check "seg.execute-only-read", K32
    mov     eax, [cs:DATA]
    done
check "seg.null-use", K32
    xor     eax, eax
    mov     fs, eax
    mov     ebx, [fs:DATA]
    done

check "lar.all", K64
    mov     eax, KCS64
    lar     ebx, eax
    mov     eax, UDS
    lar     ecx, eax
    mov     eax, SEL_TSS64
    lar     edx, eax
    mov     eax, SEL_GATE
    lar     esi, eax
    mov     eax, SEL_ABSENT
    lar     edi, eax
    mov     eax, 0x1000
    lar     ebp, eax
    done
check "lsl.all", K64
    mov     eax, KCS64
    lsl     ebx, eax
    mov     eax, SEL_DOWN
    lsl     ecx, eax
    mov     eax, SEL_TSS64
    lsl     edx, eax
    mov     eax, SEL_GATE
    lsl     esi, eax
    mov     eax, SEL_LDT
    lsl     edi, eax
    done
check "verr", K64
    mov     eax, SEL_EXECONLY
    verr    ax
    setz    bl
    mov     eax, SEL_READONLY
    verr    ax
    setz    bh
    verw    ax
    setz    cl
    mov     eax, UDS
    verw    ax
    setz    ch
    done
check "verr.absent-memory", K64
    mov     ebx, TESTPAGE(17)
    verr    [rbx]
    done
check "arpl.k32", K32
    mov     eax, 8
    mov     ebx, 3
    arpl    ax, bx
    done

check "table.sgdt", K64
    mov     ebx, DATA
    sgdt    [rbx]
    mov     rax, [rbx]
    mov     rcx, [rbx + 8]
    done
check "table.sidt", K64
    mov     ebx, DATA
    sidt    [rbx]
    mov     rax, [rbx]
    mov     rcx, [rbx + 8]
    done
check "table.sidt.u64", U64
    mov     ebx, UDATA
    sidt    [rbx]
    mov     rax, [rbx]
    mov     rcx, [rbx + 8]
    done
check "table.sidt.k32", K32
    mov     ebx, DATA
    sidt    [ebx]
    mov     eax, [ebx]
    mov     ecx, [ebx + 4]
    done
check "table.lgdt-noncanonical", K64
    mov     ebx, DATA
    mov     rax, 0x0000800000000000
    mov     [rbx + 2], rax
    lgdt    [rbx]
    done
check "table.lidt-noncanonical", K64
    mov     ebx, DATA
    mov     rax, 0x0000800000000000
    mov     [rbx + 2], rax
    lidt    [rbx]
    done
check "table.lgdt.u64", U64
    mov     ebx, UDATA
    lgdt    [rbx]
    done
check "table.lidt-absent", K64
    mov     ebx, TESTPAGE(17)
    lidt    [rbx]
    done
check "table.lidt-elsewhere", K64           ; a copy of the IDT at another address serves
    mov     esi, IDT64
    mov     edi, DATA + 0x1000
    mov     ecx, 512
    rep movsq
    mov     ebx, DATA
    mov     word [rbx], 0xFFF
    mov     qword [rbx + 2], DATA + 0x1000
    lidt    [rbx]
    xor     eax, eax
    cpuid
    vmcall
    done
check "table.lldt", K64
    mov     eax, SEL_LDT
    lldt    ax
    sldt    ebx
    done
check "table.lldt-wrong-type", K64
    mov     eax, SEL_TSS64
    lldt    ax
    done
check "table.lldt-in-ldt", K64
    mov     eax, 0xC
    lldt    ax
    done
check "table.lldt-beyond", K64
    mov     eax, 0x1000
    lldt    ax
    done
check "table.lldt.u64", U64
    xor     eax, eax
    lldt    ax
    done
check "table.str", K64
    str     eax
    sldt    ebx
    done
check "table.ltr-busy", K64
    mov     eax, SEL_TSS64
    ltr     ax
    done
check "table.ltr-other", K64
    mov     eax, SEL_TSS64_OTHER
    ltr     ax
    str     ebx
    mov     ecx, GDT + SEL_TSS64_OTHER
    mov     ecx, [rcx + 4]
    and     ecx, 0xFF00
    mov     eax, SEL_TSS64
    mov     edx, GDT + SEL_TSS64
    btr     dword [rdx + 4], 9
    ltr     ax
    done
check "table.ltr-null", K64
    xor     eax, eax
    ltr     ax
    done
check "table.ltr-wrong-type", K64
    mov     eax, SEL_LDT
    ltr     ax
    done
check "table.ltr-16-bit", K64
    mov     eax, SEL_TSS16
    ltr     ax
    done
check "table.gdt-limit", K64
    mov     ebx, DATA
    mov     word [rbx], 15
    mov     qword [rbx + 2], GDT
    lgdt    [rbx]
    mov     eax, KDS
    mov     ds, eax
    done

check "far.jump-compat-and-back", K64
    lea     rax, [rel .compat]
    push    KCS32
    push    rax
    o64 retf
bits 32
.compat:
    xor     eax, eax
    cpuid
    call    .here
.here:
    pop     eax
    add     eax, .long - .here
    push    KCS64
    push    eax
    retf
bits 64
.long:
    xor     eax, eax
    xor     ebx, ebx
    xor     ecx, ecx
    xor     edx, edx
    done
check "far.call-gate", U64
    mov     ebx, UDATA
    mov     dword [rbx], 0
    mov     word [rbx + 4], SEL_GATE
    call    far dword [rbx]
    done
check "far.retf-to-ring-3", K64
    push    UDS
    push    USTACK_TOP
    push    UCS64
    lea     rax, [rel .user]
    add     rax, CODE_U - CODE_S
    push    rax
    o64 retf
.user:
    mov     ecx, cs
    done
check "far.retf-to-absent", K64
    push    SEL_ABSENT
    push    0
    o64 retf
check "far.retf-long-and-big", K64
    push    SEL_LONGANDBIG
    lea     rax, [rel .there]
    push    rax
    o64 retf
.there:
    done
check "far.retf-null", K64
    push    0
    push    0
    o64 retf
check "far.jump-tss-in-long", K64
    mov     ebx, DATA
    mov     word [rbx + 4], SEL_TSS64_OTHER
    jmp     far dword [rbx]
check "far.conforming", K64
    push    SEL_CONFORMING
    lea     rax, [rel .there]
    push    rax
    o64 retf
.there:
    mov     eax, cs
    done
check "iret.to-compat-ring-3", K64
    push    UDS
    push    USTACK_TOP
    push    2
    push    UCS32
    lea     rax, [rel .user]
    add     rax, CODE_U - CODE_S
    push    rax
    iretq
bits 32
.user:
    mov     ecx, cs
    xor     eax, eax
    cpuid
    done
check "iret.nt", K64
    pushfq
    or      dword [rsp], 0x4000
    popfq
    iretq
check "iret.bad-ss", K64
    push    KDS
    push    USTACK_TOP
    push    2
    push    UCS64
    push    CODE_U
    iretq
check "iret.vm-bit-ignored", K64
    push    KDS
    push    KSTACK_TOP
    push    0x20002
    push    KCS64
    lea     rax, [rel .there]
    push    rax
    iretq
.there:
    done
check "iret.rf", K64
    push    KDS
    push    KSTACK_TOP
    push    0x10002
    push    KCS64
    lea     rax, [rel .there]
    push    rax
    iretq
.there:
    xor     eax, eax
    cpuid
    vmcall
check "iret.id-and-ac", K64
    push    KDS
    push    KSTACK_TOP
    push    0x240002
    push    KCS64
    lea     rax, [rel .there]
    push    rax
    iretq
.there:
    xor     eax, eax
    cpuid
    pushfq
    pop     rax
    done
check "iopl.in-without", U64
    mov     dx, 0x4F8
    in      al, dx
    done
check "iopl.in-with", K64
    push    UDS
    push    USTACK_TOP
    push    0x3002
    push    UCS64
    lea     rax, [rel .user]
    add     rax, CODE_U - CODE_S
    push    rax
    iretq
.user:
    mov     edx, 0x4F8
    in      al, dx
    mov     edx, 0x2F8 + 7
    in      eax, dx
    xor     eax, eax
    cli
    sti
    cli
    done

%macro set_msr 3            ; index, high, low
    mov     ecx, %1
    mov     edx, %2
    mov     eax, %3
    wrmsr
%endmacro
%macro enable_syscall 0
    mov     ecx, 0xC0000080
    rdmsr
    or      eax, 1
    wrmsr
    set_msr 0xC0000081, (0x18 << 16) | KCS64, 0
    lea     rax, [rel .entry]
    mov     ecx, 0xC0000082
    xor     edx, edx
    wrmsr
    set_msr 0xC0000084, 0, 0x700
%endmacro
%macro to_user 1            ; flags
    push    UDS
    push    USTACK_TOP
    push    %1
    push    UCS64
    lea     rax, [rel .user]
    add     rax, CODE_U - CODE_S
    push    rax
    iretq
%endmacro
check "syscall.and-sysret", K64
    enable_syscall
    mov     r10, rsp
    to_user 0xC02
.user:
    syscall
    mov     eax, cs
    mov     ecx, ss
    xor     r11d, r11d
    done
.entry:
    mov     ebx, cs
    mov     edx, ss
    pushfq
    pop     rsi
    xor     eax, eax
    mov     r8d, ebx
    mov     r9d, edx
    mov     r12, rcx
    mov     r13, r11
    cpuid
    mov     rcx, r12
    mov     r11, r13
    xor     ebx, ebx
    xor     edx, edx
    o64 sysret
check "syscall.sysret-noncanonical", K64
    enable_syscall
.entry:
    mov     rcx, 0x0000800000000000
    o64 sysret
check "syscall.compat", K64
    enable_syscall
    push    UDS
    push    USTACK_TOP
    push    2
    push    UCS32
    lea     rax, [rel .user]
    add     rax, CODE_U - CODE_S
    push    rax
    iretq
bits 32
.user:
    syscall
bits 64
.entry:
    done
check "sysenter.and-sysexit", K64
    set_msr 0x174, 0, 0x08
    set_msr 0x175, 0, KSTACK_TOP
    lea     rax, [rel .entry]
    mov     ecx, 0x176
    xor     edx, edx
    wrmsr
    to_user 2
.user:
    db      0x0F, 0x34
.entry:
    mov     ebx, cs
    mov     esi, ss
    xor     eax, eax
    done
check "sysenter.eip-noncanonical", K64
    set_msr 0x176, 0x8000, 0
    done
check "sysenter.msrs-read-back", K64
    set_msr 0x174, 0x1, 0x12348
    rdmsr
    mov     ebx, eax
    mov     esi, edx
    set_msr 0x175, 0x7FFF, 0x5678
    rdmsr
    done
check "lstar.noncanonical", K64
    set_msr 0xC0000082, 0x8000, 0
    done
check "star.any", K64
    set_msr 0xC0000081, 0x12345678, 0x9ABCDEF0
    rdmsr
    done
check "fmask.high", K64
    set_msr 0xC0000084, 1, 0
    rdmsr
    done
