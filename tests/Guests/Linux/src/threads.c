/* A watched program with a thread for each processor: pinned, or going round by sched_setaffinity. As the others it enters the
   kernel between "ready" and "done" by its counted system calls, by interrupts and by page faults only. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "guest.h"
#include "raw.h"
#include "shared.h"

enum { STACK_BYTES = 64 * 1024, CALLS_A_STOP = 10 };

struct team {
    long calls;             /* of each thread */
    int processors;
    bool migrates;
    atomic_int started, finished;
};

struct member {
    struct team *team;
    int number;
};

static void move_to(int processor)
{
    unsigned long mask[MAXIMUM_PROCESSORS / 64 + 1] = { 0 };
    mask[processor / 64] = 1UL << processor % 64;
    raw_syscall(SYS_sched_setaffinity, 0, sizeof mask, (long)mask, 0, 0, 0);
}

/* Every tenth call moves the thread to the next processor, where it migrates. */
static void make_calls(const struct team *team, int number)
{
    if (!team->migrates) {
        make_system_calls(team->calls);
        return;
    }
    int processor = number;
    for (long i = 1; i <= team->calls; i++)
        if (i % CALLS_A_STOP == 0)
            move_to(processor = (processor + 1) % team->processors);
        else
            make_system_calls(1);
}

static _Noreturn void *work(void *argument)
{
    const struct member *self = argument;
    struct team *team = self->team;

    move_to(self->number);
    atomic_fetch_add(&team->started, 1);
    while (!SHARED->release)
        relax();
    make_calls(team, self->number);
    if (atomic_fetch_add(&team->finished, 1) + 1 == team->processors)
        SHARED->done = 1;
    for (;;)
        relax();
}

_Noreturn void threads_run(long calls, bool migrates)
{
    static struct member members[MAXIMUM_PROCESSORS];
    static struct team team;
    pthread_attr_t attributes;
    pthread_t thread;

    team.processors = processors_online();
    team.calls = calls / team.processors;
    team.migrates = migrates;
    mlockall(MCL_CURRENT | MCL_FUTURE);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    for (int i = 0; i < team.processors; i++)
        members[i] = (struct member){ &team, i };
    for (int i = 1; i < team.processors; i++)
        if (pthread_create(&thread, &attributes, work, &members[i]) != 0)
            _exit(1);
    while (atomic_load(&team.started) < team.processors - 1)
        sched_yield();
    SHARED->ready = 1;
    work(&members[0]);
}

int processors_online(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > MAXIMUM_PROCESSORS ? MAXIMUM_PROCESSORS : (int)count;
}
