; Symbols that the compiler's code refers to without a word in the source.
default rel

; Stack cookie of frames with stack buffers (ILC's /GS). A constant: its purpose is to find overruns, not to keep an attacker out.
section .rdata rdata align=8
global __security_cookie
__security_cookie:
    dq      0x2B992DDFA232

section .text

; A frame's cookie was overwritten: the caller's own check failed.
extern HvkRuntimeFailure
global RhpFallbackFailFast
RhpFallbackFailFast:
    sub     rsp, 40
    xor     ecx, ecx
    call    HvkRuntimeFailure
.dead:
    hlt
    jmp     .dead
