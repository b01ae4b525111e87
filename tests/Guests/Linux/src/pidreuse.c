/* A watched program ends, and the next one gets its pid at once. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "guest.h"

static bool write_number(const char *path, long number)
{
    FILE *file = fopen(path, "w");
    bool good = file && fprintf(file, "%ld", number) > 0;
    if (file && fclose(file) != 0)
        good = false;
    return good;
}

int scenario_pidreuse(long count)
{
    pid_t first = watched_start(count, HOW_EXIT);
    if (!watched_run("pidreuse", "pidreuse first", first, count, HOW_EXIT))
        return 1;

    /* Exact with ns_last_pid; a kernel without it gets there by going round a small range of pids. */
    bool exact = write_number("/proc/sys/kernel/ns_last_pid", first - 1);
    if (!exact)
        write_number("/proc/sys/kernel/pid_max", first + 400);
    for (int i = 0; i < 4000; i++) {
        pid_t second = watched_start(count, HOW_STAY);
        if (second == first)
            return watched_run("pidreuse second", "pidreuse done", second, count, HOW_STAY) ? 0 : 1;
        if (second > 0) {
            kill(second, SIGKILL);
            waitpid(second, NULL, 0);
        }
    }
    line("pidreuse error: pid %d did not come again", first);
    return 1;
}
