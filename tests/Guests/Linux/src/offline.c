/* Takes processors off- and online by turns, all but the first, and runs on each that came back. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>
#include "guest.h"

static bool set_online(int processor, char state)
{
    char path[64], now = 0;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", processor);
    int file = open(path, O_RDWR | O_CLOEXEC);
    bool good = file >= 0 && write(file, &state, 1) == 1 && pread(file, &now, 1, 0) == 1 && now == state;
    if (file >= 0)
        close(file);
    return good;
}

static bool runs_on(int processor)
{
    cpu_set_t all, one;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    bool good = sched_getaffinity(0, sizeof all, &all) == 0 && sched_setaffinity(0, sizeof one, &one) == 0 &&
                sched_getcpu() == processor;
    sched_setaffinity(0, sizeof all, &all);
    return good;
}

int scenario_offline(long count)
{
    int processors = processors_online();
    long good = 0;

    if (processors < 2) {
        line("offline error: there is one processor only");
        return 1;
    }
    line("offline n=%ld processors=%d ready", count, processors);
    for (long i = 0; i < count; i++) {
        int processor = 1 + (int)(i % (processors - 1));
        bool off = set_online(processor, '0') && !runs_on(processor);
        bool on = set_online(processor, '1') && runs_on(processor);
        good += off && on;
        if (!off || !on)
            line("offline error: round %ld, processor %d: %s", i, processor, off ? "did not come back" : "did not go");
    }
    line("offline done n=%ld succeeded=%ld online=%d", count, good, processors_online());
    return good == count ? 0 : 1;
}
