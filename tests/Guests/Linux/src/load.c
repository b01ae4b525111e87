/* A parallel load that knows its own results: one worker a processor and one more, each the same rounds of checksums, forks,
   page faults, pipes, timers and signals. For a number of rounds, or for a time of the clock chip beside a process of many threads. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "guest.h"

enum { BLOCK = 32 * 1024, PAGES = 24, PAGE = 4096, MESSAGES = 20, CHECKS = 5, WORKERS = MAXIMUM_PROCESSORS + 1, MAXIMUM_ROUNDS = 100000 };

struct board {
    atomic_ulong checks;
    atomic_ulong rounds;                    /* of all workers */
    atomic_bool stop;
    atomic_ulong sums[MAXIMUM_ROUNDS];      /* of each round: the first worker's, which the others must have as well */
};

static struct board *board;
static volatile sig_atomic_t signals, alarms;

static void on_signal(int number) { number == SIGALRM ? alarms++ : signals++; }

static uint64_t checksum(const void *bytes, size_t count, uint64_t sum)
{
    for (size_t i = 0; i < count; i++)
        sum = (sum ^ ((const uint8_t *)bytes)[i]) * 0x100000001B3;
    return sum;
}

static bool same_sums(long round)
{
    static uint8_t block[BLOCK];
    for (size_t i = 0; i < BLOCK; i++)
        block[i] = (uint8_t)(i * 31 + (size_t)round * 17 + i / 251);
    uint64_t sum = checksum(block, BLOCK, 0xCBF29CE484222325), first = 0;
    return atomic_compare_exchange_strong(&board->sums[round], &first, sum) || first == sum;
}

static bool pages_keep(long round)
{
    uint8_t *pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return false;
    bool good = true;
    for (int i = 0; i < PAGES; i++) {
        good &= pages[i * PAGE + 7] == 0;
        memset(pages + i * PAGE, (int)(round + i), PAGE);
    }
    good &= mprotect(pages, PAGES * PAGE, PROT_READ) == 0;
    for (int i = 0; i < PAGES; i++)
        good &= pages[i * PAGE] == (uint8_t)(round + i) && pages[i * PAGE + PAGE - 1] == (uint8_t)(round + i);
    return munmap(pages, PAGES * PAGE) == 0 && good;
}

/* A child that answers by two pipes, and copies-on-write a page of ours. */
static bool child_answers(long round)
{
    static volatile uint64_t ours;
    int there[2], back[2], status = -1;
    ours = (uint64_t)round;
    if (pipe(there) < 0)
        return false;
    if (pipe(back) < 0)
        return close(there[0]), close(there[1]), false;
    pid_t child = fork();
    if (child == 0) {
        uint64_t value;
        close(there[1]);
        close(back[0]);
        while (read(there[0], &value, sizeof value) == sizeof value) {
            ours += value;
            value = ours;
            if (write(back[1], &value, sizeof value) != sizeof value)
                _exit(1);
        }
        _exit((int)(round % 100));
    }
    close(there[0]);
    close(back[1]);
    bool good = child > 0;
    uint64_t expected = ours, answer;
    for (uint64_t i = 1; good && i <= MESSAGES; i++) {
        expected += i;
        good = write(there[1], &i, sizeof i) == sizeof i && read(back[0], &answer, sizeof answer) == sizeof answer && answer == expected;
    }
    close(there[1]);
    close(back[0]);
    if (child > 0)
        waitpid(child, &status, 0);
    return good && ours == (uint64_t)round && WIFEXITED(status) && WEXITSTATUS(status) == (int)(round % 100);
}

static bool signals_come(void)
{
    int before = signals;
    for (int i = 0; i < MESSAGES; i++)
        kill(getpid(), SIGUSR1);
    return signals == before + MESSAGES;
}

static bool timer_comes(void)
{
    sigset_t blocked, old;
    int before = alarms;
    const struct itimerval once = { .it_value.tv_usec = 1000 };
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    sigprocmask(SIG_BLOCK, &blocked, &old);
    setitimer(ITIMER_REAL, &once, NULL);
    while (alarms == before)
        sigsuspend(&old);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return alarms == before + 1;
}

static const char *round_fails(long round)
{
    const char *wrong = !same_sums(round) ? "checksum"
        : !pages_keep(round) ? "pages"
        : !child_answers(round) ? "child"
        : !signals_come() ? "signals"
        : !timer_comes() ? "timer" : NULL;
    atomic_fetch_add(&board->checks, wrong ? 0 : CHECKS);
    return wrong;
}

static _Noreturn void work(int worker, long rounds)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    for (long round = 0; round < rounds && !atomic_load(&board->stop); round++) {
        const char *wrong = round_fails(round);
        if (wrong) {
            line("load: WRONG %s worker=%d round=%ld", wrong, worker, round);
            _exit(1);
        }
        atomic_fetch_add(&board->rounds, 1);
    }
    _exit(0);
}

/* So many rounds, or less where `seconds` is not 0 and so much time is over. */
static bool load(long rounds, long seconds)
{
    int workers = processors_online() + 1;
    bool good = true;
    pid_t pids[WORKERS];

    board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED || rounds > MAXIMUM_ROUNDS) {
        line("load: WRONG no memory, or more than %d rounds", MAXIMUM_ROUNDS);
        return false;
    }
    for (int i = 0; i < workers; i++)
        if ((pids[i] = fork()) == 0)
            work(i, rounds);
    for (long start = seconds ? clock_seconds() : 0; seconds && clock_since(start) < seconds;)
        nap_milliseconds(1);
    atomic_store(&board->stop, seconds != 0);
    for (int i = 0; i < workers; i++) {
        int status = -1;
        if (pids[i] < 0 || waitpid(pids[i], &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            line("load: WRONG worker %d ended with status 0x%x", i, (unsigned)status);
            good = false;
        }
    }
    unsigned long checks = atomic_load(&board->checks), made = atomic_load(&board->rounds);
    if (good && (checks != CHECKS * made || (!seconds && made != (unsigned long)(workers * rounds)))) {
        line("load: WRONG %lu checks in %lu rounds", checks, made);
        good = false;
    }
    if (good)
        line("load: OK %lu", checks);
    return good;
}

int scenario_load(long rounds)
{
    line("load rounds=%ld workers=%d ready", rounds, processors_online() + 1);
    return load(rounds, 0) ? 0 : 1;
}

int scenario_team(long seconds)
{
    if (!clock_open() || !team_start())
        return 1;
    long start = clock_seconds();
    bool good = load(MAXIMUM_ROUNDS, seconds);
    good &= team_end(clock_since(start));
    return good ? 0 : 1;
}
