; An EFI program that does what firmware with "Intel Virtualization Technology: disabled" does: IA32_FEATURE_CONTROL is locked with
; "enable VMX outside SMX operation" clear. Nothing happens where the register is locked already.
default rel
section .text

%define IA32_FEATURE_CONTROL 0x3A
%define LOCKED 1
%define VMX_OUTSIDE_SMX 4

global EfiMain
EfiMain:
    mov     ecx, IA32_FEATURE_CONTROL
    rdmsr
    test    eax, LOCKED
    jnz     .done
    and     eax, ~VMX_OUTSIDE_SMX
    or      eax, LOCKED
    wrmsr
.done:
    xor     eax, eax
    ret
