; Address of the function that firmware calls on each further processor; C# function pointers will not do (docs/decisions.md).
default rel
section .text

extern HvkOnProcessor

global HvkOnProcessorAddress
HvkOnProcessorAddress:
    lea     rax, [HvkOnProcessor]
    ret
