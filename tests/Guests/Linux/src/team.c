/* A process with a thread on each processor and one more, which move from processor to processor, make system calls, map and unmap pages
   (each unmapping interrupts the other processors) and count under a lock, until they are told to stop. It knows its own results too. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "guest.h"
#include "raw.h"
#include "shared.h"

enum { CALLS = 50, PAGES = 4, PAGE = 4096, ROUNDS_A_STOP = 8, MEMBERS = MAXIMUM_PROCESSORS + 1, RELEASE_SECONDS = 120 };

/* What one round enters the kernel with for certain: the calls, mmap, a fault a page, munmap. */
enum { ENTRIES_A_ROUND = CALLS + 1 + PAGES + 1 };

static struct board {
    atomic_bool stop, wrong;
    atomic_ulong rounds;
    unsigned long guarded;      /* the same number, but made under the lock */
} *board;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t team;

static bool pages_keep(unsigned long mark)
{
    uint8_t *pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool good = pages != MAP_FAILED;
    if (!good)
        return false;
    for (int i = 0; i < PAGES; i++)
        memset(pages + i * PAGE, (int)(mark + (unsigned long)i), PAGE);
    for (int i = 0; i < PAGES; i++)
        good &= pages[i * PAGE] == (uint8_t)(mark + (unsigned long)i) && pages[i * PAGE + PAGE - 1] == pages[i * PAGE];
    return munmap(pages, PAGES * PAGE) == 0 && good;
}

static void move_to(int processor)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    sched_setaffinity(0, sizeof one, &one);
}

static void *work(void *argument)
{
    int processor = *(const int *)argument, processors = processors_online();
    for (unsigned long round = 0; !atomic_load(&board->stop); round++) {
        if (round % ROUNDS_A_STOP == 0)
            move_to(processor = (processor + 1) % processors);
        make_system_calls(CALLS);
        if (!pages_keep(round + (unsigned long)processor))
            atomic_store(&board->wrong, true);
        pthread_mutex_lock(&lock);
        board->guarded++;
        pthread_mutex_unlock(&lock);
        atomic_fetch_add(&board->rounds, 1);
    }
    return NULL;
}

static _Noreturn void team_run(void)
{
    static int numbers[MEMBERS];
    pthread_t threads[MEMBERS];
    int members = processors_online() + 1;

    prctl(PR_SET_NAME, "team");
    SHARED->ready = 1;
    while (!SHARED->release)
        relax();
    for (int i = 0; i < members; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, work, &numbers[i]) != 0)
            _exit(1);
    }
    for (int i = 0; i < members; i++)
        pthread_join(threads[i], NULL);
    _exit(0);
}

/* False after RELEASE_SECONDS of the guest's clock. */
static bool wait_for(const volatile uint8_t *flag)
{
    for (uint64_t end = seconds_now() + RELEASE_SECONDS; seconds_now() < end; nap_milliseconds(1))
        if (*flag)
            return true;
    return false;
}

bool team_start(void)
{
    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED || (team = fork()) < 0) {
        line("team: WRONG no memory");
        return false;
    }
    if (team == 0)
        team_run();
    bool good = wait_for(&SHARED->ready);
    if (good) {
        line("team pid=%d n=%d flag=0x%lx ready", team, processors_online() + 1, SHARED_ADDRESS);
        if (getenv("HVK_RELEASE"))
            SHARED->release = 1;
        good = wait_for(&SHARED->release);
    }
    if (!good) {
        line("team timeout: the flag was not written within %d s", RELEASE_SECONDS);
        kill(team, SIGKILL);
        waitpid(team, NULL, 0);
    }
    return good;
}

bool team_end(long seconds)
{
    int status = -1;
    atomic_store(&board->stop, true);
    bool good = waitpid(team, &status, 0) == team && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    unsigned long rounds = atomic_load(&board->rounds);
    good &= !atomic_load(&board->wrong) && board->guarded == rounds && rounds > 0;
    line("team: %s rounds=%lu guarded=%lu entries=%lu seconds=%ld status=0x%x", good ? "OK" : "WRONG", rounds, board->guarded,
         rounds * ENTRIES_A_ROUND, seconds, (unsigned)status);
    return good;
}
