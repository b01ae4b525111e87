; What might hurt a hypervisor that shares the machine. C# puts the hidden range at TARGET.
%include "check.inc"

%define TARGET      0x30A00             ; its start, and behind it its end: in the GDT's page, which nothing clears

%macro target 0
    mov     ebx, TARGET
    mov     rdi, [rbx]
    mov     rsi, [rbx + 8]
%endmacro
%macro quiet 0              ; addresses are another in each boot
    xor     eax, eax
    xor     ebx, ebx
    xor     ecx, ecx
    xor     edx, edx
    xor     esi, esi
    xor     edi, edi
    cpuid
    done
%endmacro

check "attack.rep-stosq", K64
    target
    mov     rcx, rsi
    sub     rcx, rdi
    shr     rcx, 3
    mov     rax, -1
    rep stosq
    quiet
check "attack.rep-movsq", K64               ; over itself, and back
    target
    mov     rcx, rsi
    sub     rcx, rdi
    shr     rcx, 4
    lea     rsi, [rdi + 8]
    rep movsq
    quiet
check "attack.rep-insb", K64                ; from a port of nothing
    target
    mov     ecx, 4096
    mov     edx, 0x4F8
    rep insb
    quiet
check "attack.hidden-insb", K64             ; from the hidden port into the hidden range
    target
    mov     ecx, 4096
    mov     edx, 0x2FD
    rep insb
    quiet
check "attack.hidden-outsb", K64
    target
    mov     rsi, rdi
    mov     ecx, 4096
    mov     edx, 0x2FB
    rep outsb
    quiet
check "attack.stack-in-hidden", K64
    target
    lea     rsp, [rdi + 0x800]
    push    rax
    pop     rax
    xor     eax, eax
    cpuid
    mov     esp, KSTACK_TOP
    quiet
check "attack.code-in-hidden", K64
    target
    mov     rax, 0xC3A20FC031
    mov     [rdi], rax
    call    rdi
    quiet
check "attack.idt-in-hidden", K64
    target
    mov     r8, rdi
    mov     esi, IDT64
    mov     ecx, 512
    rep movsq
    mov     ebx, DATA
    mov     word [rbx], 0xFFF
    mov     [rbx + 2], r8
    lidt    [rbx]
    xor     r8d, r8d
    xor     ebx, ebx
    xor     esi, esi
    xor     edi, edi
    vmcall
check "attack.gdt-in-hidden", K64
    target
    mov     r8, rdi
    mov     esi, GDT
    mov     ecx, 256
    rep movsq
    mov     ebx, DATA
    mov     word [rbx], GDT_LIMIT
    mov     [rbx + 2], r8
    lgdt    [rbx]
    mov     eax, KDS
    mov     fs, eax
    xor     r8d, r8d
    quiet
check "attack.table-in-hidden", K64         ; a page table there, through which the range maps itself
    target
    mov     rax, rdi
    or      rax, 0x63
    mov     edx, 512
    mov     rcx, rdi
.fill:
    mov     [rcx], rax
    add     rcx, 8
    dec     edx
    jnz     .fill
    mov     ebx, TESTPDE
    mov     [rbx], rax
    mov     rax, cr3
    mov     cr3, rax
    mov     eax, TESTPAGE(3)
    mov     rcx, [rax]
    mov     qword [rax], 0
    mov     ebx, TESTPAGE(4)
    mov     rcx, [rbx]
    quiet
check "attack.root-in-hidden", K64          ; CR3 there: the dummy page holds a root that works
    target
    mov     r8, cr3
    mov     rsi, r8
    mov     r9, rdi
    mov     ecx, 512
    rep movsq
    mov     cr3, r9
    xor     eax, eax
    cpuid
    mov     cr3, r8
    xor     r8d, r8d
    xor     r9d, r9d
    quiet
check "attack.vmcs-in-hidden", K64
    target
    db      0x0F, 0xC7, 0x33                ; vmptrld [rbx]
    quiet
check "attack.vmxon-in-hidden", K64
    target
    db      0xF3, 0x0F, 0xC7, 0x33
    quiet
check "attack.xsave-in-hidden", K64
    target
    mov     eax, -1
    mov     edx, -1
    xsave   [rdi]
    fxsave  [rdi + 0x1000]
    quiet
check "attack.locked-in-hidden", K64
    target
    lock xadd [rdi], rax
    lock cmpxchg16b [rdi]
    lock bts qword [rdi], 5
    clflush [rdi]
    prefetcht0 [rdi]
    mov     rax, rdi
    xor     ecx, ecx
    xor     edx, edx
    monitor
    quiet
check "attack.invd", K64
    target
    mov     qword [rdi], 5
    invd
    quiet
check "attack.nothing-there", K64           ; memory-mapped I/O of nothing
    mov     eax, 0xFD000000
    mov     rcx, [rax]
    mov     [rax], rcx
    mov     eax, 0xE0000000
    mov     rcx, [rax]
    mov     [rax], rcx
    quiet
check "attack.ports-of-uart", K64           ; all eight, of every size, in and out
    mov     edx, 0x2F8
.next:
    in      al, dx
    in      ax, dx
    in      eax, dx
    mov     eax, 0xFFFFFFFF
    out     dx, al
    out     dx, ax
    out     dx, eax
    xor     eax, eax
    out     dx, al
    inc     edx
    cmp     edx, 0x300
    jb      .next
    mov     edx, 0x2F5                      ; from before it into it
    in      eax, dx
    mov     esi, eax
    mov     edx, 0x2FF
    in      eax, dx
    quiet
check "attack.pending-tf-vmx", K64
    pushfq
    or      dword [rsp], 0x100
    popfq
    vmlaunch
    done
check "attack.xcr0-all", K64
    xor     ecx, ecx
    mov     eax, -1
    mov     edx, -1
    xsetbv
    done
check "attack.cr4-all", K64
    mov     rax, -1
    mov     cr4, rax
    done
check "attack.cr0-all", K64
    mov     rax, -1
    mov     cr0, rax
    done
check "attack.tsc-far-future", K64          ; and back: the debugger's beat must not wait for it
    mov     ecx, 0x3B
    rdmsr
    mov     esi, eax
    mov     edi, edx
    mov     edx, 0x7FFF0000
    wrmsr
    xor     eax, eax
    cpuid
    mov     ecx, 0x3B
    mov     eax, esi
    mov     edx, edi
    wrmsr
    quiet

[section .text]
bits 64
global CnfTripleFault
CnfTripleFault:
    push    0
    push    0
    lidt    [rsp]
    int3
global CnfInit              ; INIT to the processor itself, by its number
CnfInit:
    mov     eax, APIC
    mov     ecx, [rax + 0x20]
    mov     [rax + 0x310], ecx
    mov     dword [rax + 0x300], 0x4500
.wait:
    pause
    jmp     .wait
