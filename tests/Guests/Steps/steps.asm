; The guest of the stepping tests: one processor, 64-bit, ring 0, the firmware's timer interrupts on. It prints where everything is on COM1 and
; waits for orders of the debugger in the byte `order`; each is carried out and answered with a line of figures.
;   1 walk: one of each kind of instruction at which a step could go wrong
;   2 count: calls `leaf` `amount` times, the sum of the code page before and behind
;   3 recurse: `recurse(amount)`
;   4 modify: changes the code page between calls of `answer`
;   5 fault: a division that faults `amount` times and is executed anew behind each
;   6 power-off
default rel
%define COM1 0x3F8
%define HIDDEN_UART 0x2F8

section .text

%macro say 1
    lea     rsi, [%%text]
    call    print_text
    jmp     %%behind
%%text: db %1, 0
%%behind:
%endmacro

%macro say_place 2
    say     %1
    lea     rax, [%2]
    call    print_number
%endmacro

%macro say_value 2
    say     %1
    mov     rax, [%2]
    call    print_number
%endmacro

%macro gate 2
    lea     rax, [%2]
    lea     rdi, [idt + %1 * 16]
    mov     [rdi], ax
    mov     dx, cs
    mov     [rdi + 2], dx
    mov     word [rdi + 4], 0x8E00
    shr     rax, 16
    mov     [rdi + 6], ax
    shr     rax, 16
    mov     [rdi + 8], eax
    mov     dword [rdi + 12], 0
%endmacro

global EfiMain
EfiMain:
    sub     rsp, 40
    cli
    ; The firmware's handlers, its timer's among them, but for the vectors that are ours.
    sidt    [idt_register]
    mov     rsi, [idt_register + 2]
    lea     rdi, [idt]
    mov     ecx, 512
    rep movsq
    gate    0, divide_handler
    gate    1, debug_handler
    gate    3, breakpoint_handler
    gate    6, undefined_handler
    gate    13, protection_handler
    gate    0x80, call_handler
    mov     word [idt_register], 4095
    lea     rax, [idt]
    mov     [idt_register + 2], rax
    lidt    [idt_register]

    ; SYSCALL: to `system_call` with interrupts off.
    mov     ecx, 0xC0000080
    rdmsr
    or      eax, 1
    wrmsr
    mov     ecx, 0xC0000081
    xor     eax, eax
    mov     dx, cs
    wrmsr
    mov     ecx, 0xC0000082
    lea     rax, [system_call]
    mov     rdx, rax
    shr     rdx, 32
    wrmsr
    mov     ecx, 0xC0000084
    mov     eax, 0x200
    xor     edx, edx
    wrmsr
    sti

    say_place "STEPS order=0x", order
    say_place " amount=0x", amount
    say_place " wait=0x", wait_for_order
    say_place " waitend=0x", wait_end
    say_place " walk=0x", walk
    say_place " walkend=0x", walk_end
    say_place " leaf=0x", leaf
    say_place " caller=0x", caller
    say_place " callerend=0x", caller_end
    say_place " recurse=0x", recurse
    say_place " recursecall=0x", recurse_call
    say_place " recurseend=0x", recurse_end
    say_place " recursereturn=0x", recurse_return
    say_place " answer=0x", answer
    say_place " answerend=0x", answer_end
    say_place " division=0x", division
    say_place " de=0x", divide_handler
    say_place " db=0x", debug_handler
    say_place " bp=0x", breakpoint_handler
    say_place " ud=0x", undefined_handler
    say_place " gp=0x", protection_handler
    say_place " i80=0x", call_handler
    say_place " syscall=0x", system_call
    call    print_end

wait_for_order:
    pause
    cmp     byte [order], 0
    je      wait_for_order
wait_end:
    movzx   eax, byte [order]
    mov     byte [order], 0
    mov     qword [divides], 0
    mov     qword [debugs], 0
    mov     qword [breakpoints], 0
    mov     qword [undefineds], 0
    mov     qword [protections], 0
    mov     qword [calls], 0
    mov     qword [leaves], 0
    cmp     eax, 1
    je      order_walk
    cmp     eax, 2
    je      order_count
    cmp     eax, 3
    je      order_recurse
    cmp     eax, 4
    je      order_modify
    cmp     eax, 5
    je      order_fault
    lea     rsi, [shutdown]
    mov     edx, 0x8900
    mov     ecx, 8
    rep outsb
    cli
    hlt

order_walk:
    call    walk
    say_value "STEPS walk db=0x", debugs
    say_value " bp=0x", breakpoints
    say_value " ud=0x", undefineds
    say_value " gp=0x", protections
    say_value " i80=0x", calls
    call    print_end
    jmp     wait_for_order

order_count:
    call    sum_page
    mov     [sum_before], rax
    call    caller
    call    sum_page
    mov     [sum_behind], rax
    say_value "STEPS count leaves=0x", leaves
    say_value " before=0x", sum_before
    say_value " behind=0x", sum_behind
    call    print_end
    jmp     wait_for_order

order_recurse:
    mov     rcx, [amount]
    call    recurse
    mov     [result], rax
    say_value "STEPS recurse result=0x", result
    call    print_end
    jmp     wait_for_order

order_modify:
    call    answer
    mov     [result], rax
    mov     byte [answer + 1], 0x22
    call    answer
    shl     rax, 8
    or      [result], rax
    ; The instruction at the breakpoint itself becomes another one: mov ecx, 0x33.
    mov     byte [answer], 0xB9
    xor     ecx, ecx
    call    answer
    shl     rcx, 16
    or      [result], rcx
    mov     byte [answer], 0xB8
    mov     byte [answer + 1], 0x11
    say_value "STEPS modify result=0x", result
    call    print_end
    jmp     wait_for_order

order_fault:
    mov     rax, 100
    xor     edx, edx
    xor     ecx, ecx
    mov     rbx, [amount]
division:
    div     ecx
    mov     [result], rax
    say_value "STEPS fault result=0x", result
    say_value " de=0x", divides
    call    print_end
    jmp     wait_for_order

; Sum of all bytes of the page with the code under test.
sum_page:
    lea     rsi, [tested]
    xor     eax, eax
    mov     ecx, 4096
.next:
    movzx   edx, byte [rsi]
    rol     rax, 1
    add     rax, rdx
    inc     rsi
    dec     ecx
    jnz     .next
    ret

divide_handler:
    inc     qword [divides]
    ; Right once it has been wrong often enough.
    cmp     [divides], rbx
    jb      .again
    mov     ecx, 10
.again:
    iretq
debug_handler:
    inc     qword [debugs]
    iretq
breakpoint_handler:
    inc     qword [breakpoints]
    iretq
undefined_handler:
    inc     qword [undefineds]
    push    rax
    mov     rax, [rsp + 8]
    ; UD2 has two bytes, VMCALL three.
    cmp     byte [rax + 1], 0x0B
    je      .two
    add     qword [rsp + 8], 1
.two:
    add     qword [rsp + 8], 2
    pop     rax
    iretq
protection_handler:
    inc     qword [protections]
    add     rsp, 8
    add     qword [rsp], 2
    iretq
call_handler:
    inc     qword [calls]
    iretq

print_text:
    lodsb
    test    al, al
    jz      .end
    call    print_letter
    jmp     print_text
.end:
    ret
print_end:
    mov     al, 10
print_letter:
    push    rax
    mov     dx, COM1 + 5
.busy:
    in      al, dx
    test    al, 0x20
    jz      .busy
    pop     rax
    mov     dx, COM1
    out     dx, al
    ret
print_number:
    mov     rbx, rax
    mov     ecx, 16
.digit:
    rol     rbx, 4
    mov     al, bl
    and     al, 15
    add     al, '0'
    cmp     al, '9'
    jbe     .print
    add     al, 'a' - '9' - 1
.print:
    push    rcx
    call    print_letter
    pop     rcx
    loop    .digit
    ret

    align   4096, db 0xF4
tested:
walk:
    nop
    push    rbx
    xor     eax, eax
    cpuid
    mov     ecx, 0x3A
    rdmsr
    mov     ecx, 0x40000000
    rdmsr
    mov     rax, cr0
    mov     cr0, rax
    mov     rax, cr3
    mov     cr3, rax
    mov     rax, cr4
    mov     cr4, rax
    cli
    nop
    sti
    nop
    mov     ax, ss
    mov     ss, ax
    nop
    mov     ss, ax
    cpuid
    pushfq
    popfq
    lea     rsi, [scratch]
    lea     rdi, [scratch + 16]
    mov     ecx, 3
    rep movsb
    xor     ecx, ecx
    rep stosb
    mov     ecx, 2
    rep stosq
    movsb
    call    leaf
    call    [leaf_pointer]
    lea     rax, [leaf]
    call    rax
    int     0x80
    int3
    ud2
    vmcall
    hlt
    nop
    wbinvd
    invd
    mov     dx, HIDDEN_UART + 5
    in      al, dx
    mov     dx, COM1 + 5
    in      al, dx
    rdtsc
    pause
    mov     ecx, 2
.again:
    loop    .again
    xor     eax, eax
    jnz     .never
    jz      .taken
.never:
    ud2
.taken:
    jmp     .behind
    ud2
.behind:
    lea     rax, [.indirect]
    jmp     rax
    ud2
.indirect:
    syscall
    nop
    ; A far return and an interrupt return to the next instruction.
    mov     rax, cs
    push    rax
    lea     rcx, [.far]
    push    rcx
    retfq
.far:
    mov     rcx, rsp
    mov     rax, ss
    push    rax
    push    rcx
    pushfq
    mov     rax, cs
    push    rax
    lea     rcx, [.interrupted]
    push    rcx
    iretq
.interrupted:
    ; The guest's own trap flag, over instructions that exit too. Interrupts are off: a step does not hold them back where TF is set.
    cli
    pushfq
    or      qword [rsp], 0x100
    popfq
    nop
    xor     eax, eax
    cpuid
    pushfq
    and     qword [rsp], ~0x100
    popfq
    nop
    sti
    pop     rbx
walk_end:
    ret

leaf:
    inc     qword [leaves]
    ret

caller:
    push    r12
    mov     r12, [amount]
.next:
    call    leaf
    dec     r12
    jnz     .next
    pop     r12
caller_end:
    ret

; 1 + 2 + … + rcx
recurse:
    push    rbx
    mov     rbx, rcx
    xor     eax, eax
    test    rcx, rcx
    jz      recurse_end
    dec     rcx
recurse_call:
    call    recurse
recurse_return:
    add     rax, rbx
recurse_end:
    pop     rbx
    ret

answer:
    mov     eax, 0x11
answer_end:
    ret

system_call:
    mov     ax, ds
    mov     ss, ax
    push    r11
    popfq
    jmp     rcx

    align   4096, db 0xF4

section .data
    align   4096
idt:            times 512 dq 0
scratch:        times 16 dq 0x1122334455667788
leaf_pointer:   dq leaf
idt_register:   times 10 db 0
order:          db 0
shutdown:       db "Shutdown"
    align   8
amount:         dq 1000
result:         dq 0
sum_before:     dq 0
sum_behind:     dq 0
divides:        dq 0
debugs:         dq 0
breakpoints:    dq 0
undefineds:     dq 0
protections:    dq 0
calls:          dq 0
leaves:         dq 0
