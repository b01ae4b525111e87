; Addresses of code that C# cannot name.
default rel
section .text

extern LabEntryStart, LabEntryEnd, LabSyscallEntry, LabResume
extern LabUserStart, LabUserEnd, LabUserSyscall, LabUserInterrupt, LabUserPageFault, LabUserInvalidOpcode, LabUserTimer, LabUserYield
extern LabUserAllocate, LabUserSpin, LabUserBusy
extern LabUserTagged, LabUserNumbers, LabUserVectors, LabUserSteady, LabUserProgress
extern LabSpinHere, LabSpinNext, LabHalt, LabHaltEnd, LabDead, LabDeadEnd
extern LabOnTrap, LabRun, LabAllocate
extern LabUserThread, LabUserRestless, LabUserCounting, LabNmiEntry, LabOnThreadTrap, LabOnNmi, LabStartCode, LabStartData, LabStartProcessor, LabHaltInstruction

%macro give 1
    lea     rax, [%1]
    mov     [rcx], rax
    add     rcx, 8
%endmacro

global LabAddresses         ; rcx: CodeAddresses (CodeAddresses.cs), in this order
LabAddresses:
    give    LabEntryStart
    give    LabEntryEnd
    give    LabSyscallEntry
    give    LabResume
    give    LabUserStart
    give    LabUserEnd
    give    LabUserSyscall
    give    LabUserInterrupt
    give    LabUserPageFault
    give    LabUserInvalidOpcode
    give    LabUserTimer
    give    LabUserYield
    give    LabUserAllocate
    give    LabUserSpin
    give    LabUserBusy
    give    LabUserTagged
    give    LabUserNumbers
    give    LabUserVectors
    give    LabUserSteady
    give    LabUserProgress
    give    LabSpinHere
    give    LabSpinNext
    give    LabHalt
    give    LabHaltEnd
    give    LabDead
    give    LabDeadEnd
    give    LabOnTrap
    give    LabRun
    give    LabAllocate
    give    LabUserThread
    give    LabUserRestless
    give    LabUserCounting
    give    LabNmiEntry
    give    LabOnThreadTrap
    give    LabOnNmi
    give    LabStartCode
    give    LabStartData
    give    LabStartProcessor
    give    LabHaltInstruction
    ret
