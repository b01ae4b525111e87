/* counted COUNT FILE: what the scenario `exec` executes. Makes open, mmap and COUNT getppid, says so through the shared
   page, and spins. Without a C library, so that there is no other system call and no start-up code. */
#include "raw.h"
#include "shared.h"

enum { OPEN = 2, MMAP = 9, EXIT = 60, O_RDWR_ = 2, PROT_READ_WRITE = 3, MAP_SHARED_FIXED_POPULATE = 0x8011 };

__attribute__((used)) static void counted(char **stack)
{
    long count = 0;
    for (const char *digit = stack[2]; *digit >= '0' && *digit <= '9'; digit++)
        count = count * 10 + (*digit - '0');

    long file = raw_syscall(OPEN, (long)stack[3], O_RDWR_, 0, 0, 0, 0);
    long page = raw_syscall(MMAP, (long)SHARED_ADDRESS, SHARED_BYTES, PROT_READ_WRITE, MAP_SHARED_FIXED_POPULATE, file, 0);
    if (file < 0 || page != (long)SHARED_ADDRESS)
        raw_syscall(EXIT, 1, 0, 0, 0, 0, 0);

    uint64_t start = ticks_now();
    make_system_calls(count);
    SHARED->ticks = ticks_now() - start;
    SHARED->done = 1;
    for (;;)
        relax();
}

/* On entry the stack holds argc, then the argument pointers. */
__asm__(".globl _start\n"
        "_start:\n"
        "    mov %rsp, %rdi\n"
        "    and $-16, %rsp\n"
        "    call counted\n");
