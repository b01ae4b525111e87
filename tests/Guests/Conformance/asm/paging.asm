; Page faults by error code, and every bit of a translation that a processor looks at.
%include "check.inc"

%macro absent_read 3        ; name, mode, address
check %1, %2
    mov     eax, %3
    mov     ebx, [eax]
    done
%endmacro
%macro a_write 3
check %1, %2
    mov     eax, %3
    mov     dword [eax], 5
    done
%endmacro
%macro change 3             ; number of a page of TEST, bts or btr, bit
    mov     ebx, PTE(%1)
    %2      qword [rbx], %3
    mov     ebx, TESTPAGE(%1)
    invlpg  [rbx]
%endmacro
%macro cr4_set 1            ; bit
    mov     rax, cr4
    bts     rax, %1
    mov     cr4, rax
%endmacro

absent_read "page.absent-read.k64", K64, TESTPAGE(17)
absent_read "page.absent-read.u64", U64, TESTPAGE(17)
absent_read "page.absent-read.k32", K32, TESTPAGE(17)
absent_read "page.absent-read.u32", U32, TESTPAGE(17)
a_write "page.absent-write.k64", K64, TESTPAGE(17)
a_write "page.absent-write.u64", U64, TESTPAGE(17)
absent_read "page.supervisor-read.u64", U64, DATA
a_write "page.supervisor-write.u64", U64, DATA
absent_read "page.user-read.k64", K64, UDATA
absent_read "page.crossing-read.k64", K64, TESTPAGE(17) - 2
a_write "page.crossing-write.u64", U64, UDATA + 0xFFFE
check "page.absent-fetch.k64", K64
    mov     eax, TESTPAGE(17)
    jmp     rax
check "page.absent-fetch.u64", U64
    mov     eax, TESTPAGE(17)
    jmp     rax
check "page.supervisor-fetch.u64", U64
    mov     eax, CODE_S
    jmp     rax
check "page.nx-fetch.k64", K64
    mov     eax, DATA
    jmp     rax
check "page.nx-fetch.u64", U64
    mov     eax, UDATA
    jmp     rax
check "page.nx-without-nxe", K64            ; bit 63 is reserved then
    mov     ecx, 0xC0000080
    rdmsr
    btr     eax, 11
    wrmsr
    mov     eax, TESTPAGE(0)
    mov     ebx, [rax]
    done
check "page.read-only-write-wp.k64", K64
    change  0, btr, 1
    mov     dword [rbx], 1
    done
check "page.read-only-write-no-wp.k64", K64
    change  0, btr, 1
    mov     rax, cr0
    btr     rax, 16
    mov     cr0, rax
    mov     dword [rbx], 1
    xor     eax, eax
    done
check "page.reserved-bit-read", K64
    change  0, bts, 51
    mov     eax, [rbx]
    done
check "page.reserved-bit-write", K64
    change  0, bts, 50
    mov     dword [rbx], 1
    done
check "page.ignored-bits", K64
    change  0, bts, 52
    change  0, bts, 58
    change  0, bts, 9
    mov     eax, [rbx]
    done
check "page.accessed-and-dirty", K64
    change  0, btr, 5
    change  0, btr, 6
    mov     eax, PTE(0)
    mov     esi, [rax]
    mov     ecx, [rbx]
    mov     edi, [rax]
    mov     dword [rbx], 1
    mov     edx, [rax]
    and     esi, 0xFFF
    and     edi, 0xFFF
    and     edx, 0xFFF
    xor     ecx, ecx
    done
check "page.dirty-not-set-by-fault", K64
    change  0, btr, 1
    change  0, btr, 6
    lea     rcx, [rel .after]
    mov     dword [rbx], 1
.after:
    done
check "page.large-reserved", K64            ; bits 20:13 of a 2-MiB page
    mov     ebx, TESTPDE
    mov     rax, [rbx]
    or      rax, 0x80 | (1 << 14)
    mov     [rbx], rax
    mov     rax, cr3
    mov     cr3, rax
    mov     eax, TESTPAGE(0)
    mov     ecx, [rax]
    done
check "page.supervisor-by-upper-entry", U64
    mov     eax, TESTPAGE(0)
    mov     ebx, [rax]
    done
check "page.user-by-upper-entry", U64
    mov     eax, TESTPAGE(8)
    mov     ebx, [rax]
    done
check "page.invlpg-not-yet", K64            ; a translation that may stay: only that nothing breaks
    mov     eax, TESTPAGE(0)
    mov     ebx, [rax]
    change  0, btr, 0
    mov     eax, [rbx]
    done
check "page.made-present-without-invlpg", K64
    change  0, btr, 0
    mov     ecx, PTE(0)
    bts     qword [rcx], 0
    mov     eax, [rbx]
    xor     eax, eax
    done
check "page.invlpg-noncanonical", K64
    mov     rax, 0x0000800000000000
    invlpg  [rax]
    done
check "page.cr2-after-fault", K64
    mov     rax, 0x1234567000
    mov     cr2, rax
    mov     rbx, cr2
    done
check "page.string-across", K64             ; REP STOSB into an absent page: registers stand at the byte that faulted
    mov     edi, TESTPAGE(17) - 5
    mov     ecx, 20
    mov     al, 0x33
    rep stosb
    done
check "page.ins-across", K64
    mov     edi, TESTPAGE(17) - 5
    mov     ecx, 20
    mov     edx, 0x4F8
    rep insb
    done
check "page.outs-across", K64
    mov     esi, TESTPAGE(17) - 5
    mov     ecx, 20
    mov     edx, 0x4F8
    rep outsb
    done
check "page.ins-dword-across", K64
    mov     edi, TESTPAGE(17) - 2
    mov     edx, 0x4F8
    insd
    done
check "page.ins-read-only", K64
    change  0, btr, 1
    mov     edi, TESTPAGE(0)
    mov     edx, 0x4F8
    insb
    done
check "page.push-absent", K64
    mov     esp, TESTPAGE(18)
    push    rax
    done
check "page.cmpxchg16b", K64
    mov     esi, TESTPAGE(17)
    cmpxchg16b [rsi]
    done

; SMEP, SMAP and protection keys.
check "smep.user-fetch", K64
    cr4_set 20
    mov     eax, CODE_U
    jmp     rax
check "smep.off-user-fetch", K64
    lea     rax, [rel .there]
    add     rax, CODE_U - CODE_S
    jmp     rax
.there:
    done
check "smap.user-read", K64
    cr4_set 21
    mov     eax, UDATA
    mov     ebx, [rax]
    done
check "smap.user-write", K64
    cr4_set 21
    mov     eax, UDATA
    mov     dword [rax], 1
    done
check "smap.stac", K64
    cr4_set 21
    stac
    mov     eax, UDATA
    mov     ebx, [rax]
    done
check "smap.clac-again", K64
    cr4_set 21
    stac
    clac
    mov     eax, UDATA
    mov     ebx, [rax]
    done
check "smap.implicit-access-with-ac", K64   ; descriptor tables are read by the system, AC or not
    cr4_set 21
    stac
    mov     ebx, GDT + SEL_LDT
    mov     dword [rbx], ((UDATA & 0xFFFF) << 16) | 0x3F
    mov     dword [rbx + 4], (UDATA & 0xFF000000) | 0x8200 | ((UDATA >> 16) & 0xFF)
    mov     eax, SEL_LDT
    lldt    ax
    mov     eax, 0xC
    mov     fs, eax
    done
check "smap.cpuid-keeps-ac", K64
    cr4_set 21
    stac
    xor     eax, eax
    cpuid
    mov     eax, UDATA
    mov     ebx, [rax]
    done
%macro key 4                ; name, PKRU, mode of access: mov operands
check {"pku.", %1}, K64
    cr4_set 22
    xor     ecx, ecx
    xor     edx, edx
    mov     eax, %2
    wrpkru
    change  8, bts, 59
    mov     eax, TESTPAGE(8)
    mov     %3, %4
    done
%endmacro
key "read-allowed", 0, ebx, [rax]
key "read-denied", 4, ebx, [rax]
key "write-denied", 8, dword [rax], 1
key "read-while-write-denied", 8, ebx, [rax]
check "pku.supervisor-page", K64
    cr4_set 22
    xor     ecx, ecx
    xor     edx, edx
    mov     eax, 0xFFFFFFFF
    wrpkru
    change  0, bts, 59
    mov     eax, TESTPAGE(0)
    mov     ebx, [rax]
    done
check "pku.fetch-is-free", K64
    cr4_set 22
    xor     ecx, ecx
    xor     edx, edx
    mov     eax, 0xFFFFFFFC
    wrpkru
    lea     rax, [rel .there]
    add     rax, CODE_U - CODE_S
    jmp     rax
.there:
    done
check "pku.rdpkru-ecx", K64
    cr4_set 22
    mov     ecx, 1
    rdpkru
    done
check "pku.wrpkru-edx", K64
    cr4_set 22
    xor     ecx, ecx
    xor     eax, eax
    mov     edx, 1
    wrpkru
    done
check "pks.cr4-bit", K64
    cr4_set 24
    done
%macro umip 2+
check {"umip.", %1}, K64
    cr4_set 11
    push    UDS
    push    USTACK_TOP
    push    2
    push    UCS64
    lea     rax, [rel .user]
    add     rax, CODE_U - CODE_S
    push    rax
    iretq
.user:
    %2
    done
%endmacro
umip "smsw", smsw eax
umip "sidt", sidt [rsp - 32]
umip "str", str eax

; PCID.
%macro pcid 0
    mov     rax, cr3
    and     rax, ~0xFFF
    mov     cr3, rax
    cr4_set 17
%endmacro
check "pcid.set-with-low-bits", K64
    mov     rax, cr3
    or      rax, 0x18
    mov     cr3, rax
    cr4_set 17
    done
check "pcid.set", K64
    pcid
    xor     eax, eax
    done
check "pcid.no-flush-bit-reads-zero", K64
    pcid
    mov     rax, cr3
    or      rax, 5
    bts     rax, 63
    mov     cr3, rax
    mov     rbx, cr3
    shr     rbx, 63
    mov     rcx, cr3
    and     ecx, 0xFFF
    xor     eax, eax
    done
check "pcid.no-flush-without-pcide", K64
    mov     rax, cr3
    bts     rax, 63
    xor     ecx, ecx
    mov     cr3, rax
    done
check "pcid.cr3-bit-62", K64
    pcid
    mov     rax, cr3
    bts     rax, 62
    mov     cr3, rax
    done
check "pcid.cr3-above-width", K64
    mov     rax, 1 << 51
    mov     cr3, rax
    done
check "pcid.paging-off", K32
    mov     eax, cr4
    or      eax, 0x20000
    mov     cr4, eax
    mov     eax, cr0
    and     eax, 0x7FFFFFFF
    mov     cr0, eax
    done
check "pcid.translations-per-id", K64       ; with no-flush an identifier keeps its translations, or loses them: the values must be right
    pcid
    mov     r8, cr3
    mov     eax, TESTPAGE(0)
    mov     dword [rax], 0x11
    mov     ecx, [rax]
    lea     rdx, [r8 + 7]
    mov     cr3, rdx
    mov     esi, [rax]
    mov     dword [rax], 0x22
    bts     r8, 63
    mov     cr3, r8
    mov     edi, [rax]
    xor     r8d, r8d
    xor     edx, edx
    done
check "pcid.clear-pcide", K64
    pcid
    mov     rax, cr4
    btr     rax, 17
    mov     cr4, rax
    xor     eax, eax
    done
%macro invalidate 4+        ; name, type, descriptor's first word, its second
check {"invpcid.", %1}, K64
    pcid
    mov     ebx, DATA
    mov     rax, %3
    mov     [rbx], rax
    mov     rax, %4
    mov     [rbx + 8], rax
    mov     ecx, %2
    db      0x66, 0x0F, 0x38, 0x82, 0x0B        ; invpcid rcx, [rbx]
    xor     eax, eax
    done
%endmacro
invalidate "address", 0, 1, TESTPAGE(0)
invalidate "address-noncanonical", 0, 1, 0x0000800000000000
invalidate "single", 1, 1, 0
invalidate "all-with-globals", 2, 0, 0
invalidate "all-but-globals", 3, 0, 0
invalidate "type-4", 4, 0, 0
invalidate "type-huge", -1, 0, 0
invalidate "reserved-bits", 1, 0x1000, 0
invalidate "reserved-bits-type-2", 2, 0x1000, 0
check "invpcid.without-pcide", K64
    mov     ebx, DATA
    xor     ecx, ecx
    mov     qword [rbx], 0
    mov     qword [rbx + 8], TESTPAGE(0)
    db      0x66, 0x0F, 0x38, 0x82, 0x0B
    done
check "invpcid.pcid-without-pcide", K64
    mov     ebx, DATA
    xor     ecx, ecx
    mov     qword [rbx], 5
    mov     qword [rbx + 8], TESTPAGE(0)
    db      0x66, 0x0F, 0x38, 0x82, 0x0B
    done
check "invpcid.u64", U64
    mov     ebx, UDATA
    xor     ecx, ecx
    db      0x66, 0x0F, 0x38, 0x82, 0x0B
    done
check "invpcid.absent-operand", K64
    mov     ebx, TESTPAGE(17)
    xor     ecx, ecx
    db      0x66, 0x0F, 0x38, 0x82, 0x0B
    done

; Global translations survive a load of CR3, and nothing else.
%macro global_page 2+       ; name, what is done between
check {"global.", %1}, K64
    change  0, bts, 8
    mov     eax, TESTPAGE(0)
    mov     ebx, PTE(0)
    mov     ecx, [rax]
    btr     qword [rbx], 0
    %2
    mov     ecx, [rax]
    xor     ecx, ecx
    done
%endmacro
%macro load_cr3 0
    mov     rdx, cr3
    mov     cr3, rdx
    xor     edx, edx
%endmacro
%macro toggle_pge 0
    mov     rdx, cr4
    mov     rsi, rdx
    btr     rdx, 7
    mov     cr4, rdx
    mov     cr4, rsi
    xor     edx, edx
    xor     esi, esi
%endmacro
%macro toggle_pg_wp 0
    mov     rdx, cr0
    mov     rsi, rdx
    btr     rdx, 16
    mov     cr0, rdx
    mov     cr0, rsi
    xor     edx, edx
    xor     esi, esi
%endmacro
%macro invalidate_it 0
    invlpg  [rax]
%endmacro
global_page "survives-cr3", load_cr3
global_page "ends-with-pge", toggle_pge
global_page "ends-with-invlpg", invalidate_it
check "global.plain-ends-with-cr3", K64
    mov     eax, TESTPAGE(0)
    mov     ebx, PTE(0)
    mov     ecx, [rax]
    btr     qword [rbx], 0
    load_cr3
    mov     ecx, [rax]
    done
check "page.five-levels-off", K64
    mov     rax, 0x0100000000000000
    mov     ebx, [rax]
    done
check "page.gigabyte-reserved", K64
    mov     rax, cr3
    and     rax, ~0xFFF
    mov     rax, [rax]                      ; the identity map reaches the tables
    and     rax, ~0xFFF
    mov     rbx, [rax + 8 * 3]
    mov     rcx, rbx
    or      rcx, 0x80 | (1 << 20)
    mov     [rax + 8 * 3], rcx
    mov     rdx, cr3
    mov     cr3, rdx
    mov     edx, 0xFEE00030
    xor     eax, eax
    xor     ebx, ebx
    xor     ecx, ecx
    mov     edx, [rdx]
    done

; The same at a port that HvKernel hides (the scratch register of the second serial port): the exit comes first, the fault must come all the same.
check "page.ins-2ff-across", K64
    mov     edi, TESTPAGE(17) - 5
    mov     ecx, 20
    mov     edx, 0x2FF
    rep insb
    done
check "page.ins-2ff-word-across", K64
    mov     edi, TESTPAGE(17) - 1
    mov     edx, 0x2FE
    insw
    done
check "page.outs-2ff-across", K64
    mov     esi, TESTPAGE(17) - 5
    mov     ecx, 20
    mov     edx, 0x2FF
    rep outsb
    done
check "page.ins-2ff-backwards", K64
    mov     edi, TESTPAGE(18) + 2
    mov     ecx, 20
    mov     edx, 0x2FF
    std
    rep insb
    done
check "page.ins-2ff-read-only", K64
    change  0, btr, 1
    mov     edi, TESTPAGE(0)
    mov     edx, 0x2FF
    insb
    done
check "page.ins-2ff-read-only-without-wp", K64
    change  0, btr, 1
    mov     rax, cr0
    btr     rax, 16
    mov     cr0, rax
    mov     edi, TESTPAGE(0)
    mov     edx, 0x2FF
    insb
    xor     eax, eax
    done
check "page.ins-2ff-reserved-bit", K64
    change  0, bts, 51
    mov     edi, TESTPAGE(0)
    mov     edx, 0x2FF
    insb
    done
check "page.ins-2ff-smap", K64
    cr4_set 21
    mov     edi, UDATA
    mov     edx, 0x2FF
    insb
    done
check "page.ins-2ff-ring-3", K64
    push    UDS
    push    USTACK_TOP
    push    0x3002
    push    UCS64
    lea     rax, [rel .user]
    add     rax, CODE_U - CODE_S
    push    rax
    iretq
.user:
    mov     edi, DATA
    mov     edx, 0x2FF
    insb
    done
