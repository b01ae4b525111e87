/* A program whose every entry into the kernel is accounted for, and the controller that tells when and reports.
   While it waits it spins, and when it is done it is stopped: from "ready" to "done" it makes the counted system calls,
   takes interrupts and page faults, and nothing else. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "guest.h"
#include "raw.h"
#include "shared.h"

enum { RELEASE_SECONDS = 120, EXIT_STATUS = 7 };

static char file_name[64];

const char *shared_file(void) { return file_name; }

void line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
    tcdrain(STDOUT_FILENO);
}

void nap_milliseconds(long milliseconds)
{
    struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
    nanosleep(&time, NULL);
}

void shared_open(void)
{
    snprintf(file_name, sizeof file_name, "/shared-%d", getpid());
    int file = open(file_name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, SHARED_BYTES) < 0 ||
        mmap((void *)SHARED_ADDRESS, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, file, 0) ==
            MAP_FAILED) {
        line("guest error: no shared page");
        exit(1);
    }
    close(file);
    memset(SHARED, 0, sizeof *SHARED);
}

static void watched(long count, enum how how)
{
    static const char *const names[] = { [HOW_STAY] = "watched-stay", [HOW_EXEC] = "watched-exec", [HOW_EXIT] = "watched-exit",
                                        [HOW_NUMBERS] = "watched-numbers", [HOW_PINNED] = "watched-pinned",
                                        [HOW_MIGRATING] = "watched-moving" };
    char number[32];
    snprintf(number, sizeof number, "%ld", count);
    char *arguments[] = { "/bin/counted", number, file_name, NULL };

    prctl(PR_SET_NAME, names[how]);
    if (how == HOW_PINNED || how == HOW_MIGRATING)
        threads_run(count, how == HOW_MIGRATING);
    mlockall(MCL_CURRENT);
    SHARED->ready = 1;
    while (!SHARED->release)
        relax();

    if (how == HOW_EXEC) {
        execv(arguments[0], arguments);
        _exit(1);
    }
    uint64_t start = ticks_now();
    if (how == HOW_NUMBERS)
        make_numbered_calls(count);
    else
        make_system_calls(count);
    SHARED->ticks = ticks_now() - start;
    if (how == HOW_EXIT)
        raw_syscall(231 /* exit_group */, EXIT_STATUS, 0, 0, 0, 0, 0);
    SHARED->done = 1;
    for (;;)
        relax();
}

pid_t watched_start(long count, enum how how)
{
    memset(SHARED, 0, sizeof *SHARED);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        watched(count, how);
    return pid;
}

uint64_t seconds_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec;
}

/* False when the program died or the time is over. */
static bool wait_for(const volatile uint8_t *flag, pid_t pid, long nap)
{
    for (uint64_t end = seconds_now() + RELEASE_SECONDS; seconds_now() < end; nap_milliseconds(nap)) {
        siginfo_t state = { 0 };
        if (*flag)
            return true;
        waitid(P_PID, pid, &state, WEXITED | WNOHANG | WNOWAIT);
        if (state.si_pid)
            return false;
    }
    return false;
}

bool watched_run(const char *label, const char *done, pid_t pid, long count, enum how how)
{
    static const int extra[] = { [HOW_EXEC] = 3 /* execve, open, mmap */, [HOW_EXIT] = 1 /* exit_group */, [HOW_MIGRATING] = 0 };
    struct rusage usage = { 0 };
    int status = 0;

    if (pid < 0 || !wait_for(&SHARED->ready, pid, 1)) {
        line("%s error: the program did not start", label);
        return false;
    }
    struct counts before = counts_now(pid), after;
    line("%s pid=%d n=%ld flag=0x%lx ready", label, pid, count, SHARED_ADDRESS);
    if (getenv("HVK_RELEASE"))
        SHARED->release = 1;
    if (!wait_for(&SHARED->release, pid, 1)) {
        line("%s timeout: the flag was not written within %d s", label, RELEASE_SECONDS);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return false;
    }

    if (how == HOW_EXIT) {
        wait4(pid, &status, 0, &usage);
        after = counts_now(0);
        after.faults = (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt;
        after.switches = (uint64_t)usage.ru_nvcsw + (uint64_t)usage.ru_nivcsw;
    } else {
        bool finished = wait_for(&SHARED->done, pid, 1);
        kill(pid, SIGSTOP);
        waitpid(pid, &status, WUNTRACED);
        if (!finished) {
            line("%s error: the program did not finish", label);
            return false;
        }
        after = counts_now(pid);
    }
    if (how == HOW_PINNED)
        for (int i = 0; i < processors_online(); i++)
            line("%s processor=%d syscalls=%ld interrupts=%llu", label, i, count / processors_online(),
                 (unsigned long long)(after.interrupts_of[i] - before.interrupts_of[i]));
    line("%s pid=%d n=%ld syscalls=%ld interrupts=%llu loc=%llu faults=%llu switches=%llu ticks=%llu status=%d", done, pid,
         count, count + extra[how], (unsigned long long)(after.interrupts - before.interrupts),
         (unsigned long long)(after.timer - before.timer), (unsigned long long)(after.faults - before.faults),
         (unsigned long long)(after.switches - before.switches), (unsigned long long)SHARED->ticks,
         WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    if (how != HOW_EXIT) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    return true;
}
