/* The page that a scenario's controller and the program under observation share, always at the same address. */
#ifndef HVK_SHARED_H
#define HVK_SHARED_H

#include <stdint.h>

#define SHARED_ADDRESS 0x10000000UL
#define SHARED_BYTES 4096UL

struct shared {
    volatile uint8_t release;   /* at SHARED_ADDRESS: `eb 10000000 1` in the debugger lets the program go on */
    volatile uint8_t ready;     /* the program has done its last own system call, and spins on `release` */
    volatile uint8_t done;      /* the counted system calls are made; the program spins until it is stopped */
    volatile uint64_t ticks;    /* TSC difference over the counted system calls */
};

#define SHARED ((struct shared *)SHARED_ADDRESS)

#endif
