/* The clock chip: its memory, which a reset leaves alone, and its time, which is the emulator's own. The kernel's clock is none to measure
   a load by: it counts the processor's ticks and believes what CPUID says of their frequency, which an emulator's processor is far from. */
#include <sys/io.h>
#include "guest.h"

enum { CLOCK_INDEX = 0x70, CLOCK_DATA = 0x71, SECONDS = 0, MINUTES = 2, HOURS = 4, STATUS_A = 0x0A, UPDATING = 0x80 };

bool clock_open(void) { return iopl(3) == 0; }

unsigned char clock_read(unsigned char at)
{
    outb(at, CLOCK_INDEX);
    return inb(CLOCK_DATA);
}

void clock_write(unsigned char at, unsigned char value)
{
    outb(at, CLOCK_INDEX);
    outb(value, CLOCK_DATA);
}

/* The chip counts in decimal digits. */
static long digits(unsigned char at)
{
    unsigned char value = clock_read(at);
    return (value >> 4) * 10 + (value & 15);
}

static long time_of_day(void)
{
    while (clock_read(STATUS_A) & UPDATING)
        ;
    return digits(HOURS) * 3600 + digits(MINUTES) * 60 + digits(SECONDS);
}

long clock_seconds(void)
{
    long now = time_of_day(), before;
    do {
        before = now;
        now = time_of_day();
    } while (now != before);
    return now;
}

long clock_since(long start) { return (clock_seconds() - start + SECONDS_A_DAY) % SECONDS_A_DAY; }
