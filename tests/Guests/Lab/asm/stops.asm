; Places where a processor stays: what a debugger must be able to break into.
default rel
section .text

global LabSpin              ; for ever, interrupts off; a debugger gets out by setting RIP to LabSpinNext
global LabSpinHere
global LabSpinNext
LabSpin:
    cli
LabSpinHere:
    jmp     LabSpinHere
LabSpinNext:
    ret

global LabHalt              ; rcx: sleeps, woken by interrupts, until the value there is not 0
global LabHaltEnd
LabHalt:
    sti
.again:
    hlt
    cmp     qword [rcx], 0
    je      .again
LabHaltEnd:
    cli
    ret

global LabDead              ; nothing will ever wake it
global LabDeadEnd
LabDead:
    cli
.again:
    hlt
    jmp     .again
LabDeadEnd:

global LabHaltCounting      ; rcx: counts what woke it; rdx: ends it; r8: counts up before each HLT. Interrupts are off: only NMIs wake it.
global LabHaltInstruction
LabHaltCounting:
    inc     qword [r8]
LabHaltInstruction:
    hlt
    inc     qword [rcx]
    cmp     qword [rdx], 0
    je      LabHaltCounting
    ret
