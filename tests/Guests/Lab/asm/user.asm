; Programs of ring 3. This section is copied to a page of each process, so it refers to nothing outside itself.
; At the start: rdi is how often to do it. Each ends with the system call exit, one entry into the kernel more.
default rel
%include "layout.inc"

section .user code align=4096

global LabUserStart
LabUserStart:

global LabUserSyscall
LabUserSyscall:
    mov     eax, CALL_NOTHING
    syscall
    dec     rdi
    jnz     LabUserSyscall
    jmp     exit

global LabUserInterrupt
LabUserInterrupt:
    int     VECTOR_INT
    dec     rdi
    jnz     LabUserInterrupt
    jmp     exit

; Touches pages that are not there yet.
global LabUserPageFault
LabUserPageFault:
    mov     rbx, USER_LAZY
.next:
    mov     byte [rbx], 1
    add     rbx, 4096
    dec     rdi
    jnz     .next
    jmp     exit

; The kernel skips the two bytes.
global LabUserInvalidOpcode
LabUserInvalidOpcode:
    ud2
    dec     rdi
    jnz     LabUserInvalidOpcode
    jmp     exit

; Starts the local APIC's one-shot timer by itself, so that each tick is taken here and none on the way from the kernel, where an
; interrupt that is already pending would be delivered after IRET and before any instruction of ring 3. The kernel counts at USER_DATA.
global LabUserTimer
LabUserTimer:
    mov     rbx, USER_DATA
    mov     rsi, USER_APIC
.next:
    mov     rdx, [rbx]
    mov     dword [rsi + APIC_INITIAL_COUNT], 500
.wait:
    cmp     [rbx], rdx
    je      .wait
    dec     rdi
    jnz     .next
    jmp     exit

global LabUserYield
LabUserYield:
    mov     eax, CALL_YIELD
    syscall
    dec     rdi
    jnz     LabUserYield
    jmp     exit

; Calls the kernel's allocation routine.
global LabUserAllocate
LabUserAllocate:
    mov     eax, CALL_ALLOCATE
    syscall
    dec     rdi
    jnz     LabUserAllocate
    jmp     exit

; Carries the tag in r8 on its way into the kernel, where the allocation routine gets it from there.
global LabUserTagged
LabUserTagged:
    mov     eax, CALL_TAGGED
    mov     r8d, 'HDBG'
    syscall
    dec     rdi
    jnz     LabUserTagged
    jmp     exit

; System calls 0 to 9 by turns.
global LabUserNumbers
LabUserNumbers:
    xor     esi, esi
    xor     ebx, ebx
.next:
    mov     eax, ebx
    syscall
    inc     ebx
    cmp     ebx, 10
    cmove   ebx, esi
    dec     rdi
    jnz     .next
    mov     eax, CALL_LEAVE
    syscall
    ud2

; Holds patterns in all x87, SSE and AVX registers, and compares them with what was loaded after each system call. rsi: the components
; for XRSTOR and XSAVE, or 0 where the processor has none of them and FXRSTOR and FXSAVE serve.
%macro vectors 2
    test    r12, r12
    jz      %%legacy
    mov     eax, r12d
    xor     edx, edx
    x%1     [rbx + %2]
    jmp     %%done
%%legacy:
    fx%1    [rbx + %2]
%%done:
%endmacro

global LabUserVectors
LabUserVectors:
    mov     ebx, USER_DATA
    mov     r12, rsi
    mov     r13, rdi
    mov     r14d, IMAGE_LEGACY_BYTES / 8
    mov     ecx, IMAGE_BYTES / 8
    test    r12, r12
    cmovnz  r14, rcx

    ; The first words as the processor keeps them: the mask of MXCSR is its own, and emulators forget the last x87 instruction.
    vectors rstor64, DATA_WANTED
    vectors save64, DATA_FOUND
    lea     rsi, [rbx + DATA_FOUND]
    lea     rdi, [rbx + DATA_WANTED]
    mov     ecx, IMAGE_CONTROL_BYTES / 8
    rep movsq
.load:
    vectors rstor64, DATA_WANTED
.next:
    mov     eax, CALL_NOTHING
    syscall
    vectors save64, DATA_FOUND
    inc     qword [rbx + DATA_CHECKS]
    lea     rsi, [rbx + DATA_WANTED]
    lea     rdi, [rbx + DATA_FOUND]
    mov     rcx, r14
    repe cmpsq
    je      .same
    inc     qword [rbx + DATA_MISMATCHES]
    cmp     qword [rbx + DATA_MISMATCHES], 1
    jne     .counted
    sub     rdi, USER_DATA + DATA_FOUND + 8
    mov     [rbx + DATA_MISMATCH_AT], rdi
.counted:
    dec     r13
    jnz     .load
    jmp     exit
.same:
    dec     r13
    jnz     .next
    jmp     exit

; System calls until something writes to USER_DATA, each with the same values in all registers, which are compared after it.
%macro steady_registers 1
    %1      rbx, USER_DATA
    %1      rbp, 0x05050505
    %1      rsp, USER_STACK_END
    %1      rsi, 0x06060606
    %1      rdi, 0x07070707
    %1      rdx, 0x02020202
    %1      r8, 0x08080808
    %1      r9, 0x09090909
    %1      r10, 0x10101010
    %1      r12, 0x12121212
    %1      r13, 0x13131313
    %1      r14, 0x14141414
    %1      r15, 0x15151515
    %1      rax, CALL_NOTHING
%endmacro
%macro must_be 2
    cmp     %1, %2
    jne     .odd
%endmacro

global LabUserSteady
LabUserSteady:
    steady_registers mov
.next:
    syscall
    steady_registers must_be
.checked:
    inc     qword [rbx + DATA_PROGRESS]
    cmp     qword [rbx], 0
    je      .next
    jmp     exit
.odd:
    steady_registers mov
    inc     qword [rbx + DATA_ODD_REGISTERS]
    jmp     .checked

; Spins until something writes to USER_DATA.
global LabUserSpin
LabUserSpin:
    mov     rbx, USER_DATA
.wait:
    pause
    cmp     qword [rbx], 0
    je      .wait

exit:
    mov     eax, CALL_EXIT
    syscall
    ud2

; A thread among several: each kind of transition whose bit stands in r12, by turns. rsi: its words, rbx: where its pages begin that are
; not there yet.
%macro kind 2
    test    r12d, %1
    jz      %2
%endmacro
%macro made_one 0
    dec     rdi
    jz      exit
%endmacro

global LabUserThread
LabUserThread:
    kind    1, .interrupt
    mov     eax, CALL_NOTHING
    syscall
    made_one
.interrupt:
    kind    2, .page_fault
    int     VECTOR_INT
    made_one
.page_fault:
    kind    4, .invalid_opcode
    mov     byte [rbx], 1
    add     rbx, 4096
    made_one
.invalid_opcode:
    kind    8, .timer
    ud2
    made_one
.timer:
    kind    16, LabUserThread
    mov     rdx, [rsi + WORDS_COUNT]
    mov     dword [abs USER_APIC + APIC_INITIAL_COUNT], 500
.wait:
    cmp     [rsi + WORDS_COUNT], rdx
    je      .wait
    made_one
    jmp     LabUserThread

; A thread of the neighbour: both ways into the kernel until something writes to USER_DATA.
global LabUserRestless
LabUserRestless:
    int     VECTOR_INT
    mov     eax, CALL_NOTHING
    syscall
    cmp     qword [abs USER_DATA], 0
    je      LabUserRestless
    jmp     exit

; Counts in ring 3 until its flag is set. rsi: its words.
global LabUserCounting
LabUserCounting:
    inc     qword [rsi + WORDS_COUNT]
    cmp     qword [rsi + WORDS_END], 0
    je      LabUserCounting
    jmp     exit

; The busy neighbour: both ways into the kernel, for ever.
global LabUserBusy
LabUserBusy:
    int     VECTOR_INT
    mov     eax, CALL_YIELD
    syscall
    jmp     LabUserBusy

; The neighbour that takes turns with steady: counts, and never enters the kernel by itself.
global LabUserProgress
LabUserProgress:
    mov     ebx, USER_DATA
.next:
    inc     qword [rbx + DATA_PROGRESS]
    jmp     .next

global LabUserEnd
LabUserEnd:
