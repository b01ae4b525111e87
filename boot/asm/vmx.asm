; The VMX instructions, one function each, Microsoft x64 convention.
; Those that can fail answer 0 for success, 1 for VMfailInvalid, 2 for VMfailValid (SDM vol. 3C, "VMX Instruction Reference": Conventions).
default rel
section .text

%macro vmx_status 0
    mov     eax, 0
    mov     edx, 1
    cmovc   eax, edx
    mov     edx, 2
    cmovz   eax, edx
    ret
%endmacro

global HvkVmxon             ; rcx: address of the region's physical address
HvkVmxon:
    vmxon   [rcx]
    vmx_status

global HvkVmxoff
HvkVmxoff:
    vmxoff
    ret

global HvkVmclear
HvkVmclear:
    vmclear [rcx]
    vmx_status

global HvkVmptrld
HvkVmptrld:
    vmptrld [rcx]
    vmx_status

global HvkVmread            ; rcx: field; a field that does not exist reads as 0
HvkVmread:
    xor     eax, eax
    vmread  rax, rcx
    ret

global HvkVmwrite           ; rcx: field, rdx: value
HvkVmwrite:
    vmwrite rcx, rdx
    vmx_status

global HvkInvept            ; rcx: type, rdx: descriptor
HvkInvept:
    invept  rcx, [rdx]
    vmx_status

global HvkInvvpid           ; rcx: type, rdx: descriptor
HvkInvvpid:
    invvpid rcx, [rdx]
    vmx_status
