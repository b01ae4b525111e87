/* System calls by the instruction itself, so that the number made is the number written here, and the tick counter. */
#ifndef HVK_RAW_H
#define HVK_RAW_H

#include <stdint.h>

static inline long raw_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static inline uint64_t ticks_now(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* Exactly `count` getppid system calls. */
static inline void make_system_calls(long count)
{
    enum { GETPPID = 110 };
    for (long i = 0; i < count; i++)
        raw_syscall(GETPPID, 0, 0, 0, 0, 0, 0);
}

/* Exactly `count` system calls whose numbers go getpid, getuid, getppid, gettid, getpid, ... */
static inline void make_numbered_calls(long count)
{
    static const long numbers[] = { 39, 102, 110, 186 };
    for (long i = 0; i < count; i++)
        raw_syscall(numbers[i % 4], 0, 0, 0, 0, 0, 0);
}

static inline void relax(void) { __asm__ volatile("pause"); }

#endif
