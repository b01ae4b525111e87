/* hvk SCENARIO [NUMBER]: one test scenario of the Linux guest. With HVK_RELEASE set, nobody needs to write the flag. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "guest.h"
#include "raw.h"

enum { DEFAULT_COUNT = 10000 };

static int watch(const char *name, long count, enum how how)
{
    char done[32];
    snprintf(done, sizeof done, "%s done", name);
    return watched_run(name, done, watched_start(count, how), count, how) ? 0 : 1;
}

static int idle(long seconds)
{
    line("idle ready");
    if (seconds)
        sleep((unsigned)seconds);
    else
        for (;;)
            pause();
    line("idle done");
    return 0;
}

static _Noreturn void busy(void)
{
    prctl(PR_SET_NAME, "busy");
    line("busy pid=%d ready", getpid());
    for (;;)
        make_system_calls(1000);
}

/* Prints the guest's own clock once a second, so that a stopped guest shows. */
static int guest_clock(long seconds)
{
    prctl(PR_SET_NAME, "clock");
    line("clock pid=%d ready", getpid());
    for (long i = 0; seconds == 0 || i < seconds; i++) {
        char text[64] = "";
        int file = open("/proc/uptime", O_RDONLY | O_CLOEXEC);
        ssize_t bytes = file < 0 ? 0 : read(file, text, sizeof text - 1);
        if (file >= 0)
            close(file);
        text[bytes > 0 ? strcspn(text, " ") : 0] = 0;
        line("clock %s", text);
        sleep(1);
    }
    return 0;
}

static int kernel_panic(void)
{
    line("panic now");
    int file = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, "c", 1) != 1)
        line("panic error: no sysrq here");
    return 1;
}

int main(int count, char **words)
{
    const char *name = count > 1 ? words[1] : "";
    long number = count > 2 ? strtol(words[2], NULL, 10) : 0;
    long calls = number > 0 ? number : DEFAULT_COUNT;

    if (!strcmp(name, "idle"))
        return idle(number);
    if (!strcmp(name, "busy"))
        busy();
    if (!strcmp(name, "clock"))
        return guest_clock(number);
    if (!strcmp(name, "panic"))
        return kernel_panic();
    if (!strcmp(name, "poweroff"))
        return scenario_poweroff();
    if (!strcmp(name, "offline"))
        return scenario_offline(number > 0 ? number : 10);
    if (!strcmp(name, "load"))
        return scenario_load(number > 0 ? number : 10);
    if (!strcmp(name, "states"))
        return scenario_states();
    if (!strcmp(name, "suspend"))
        return scenario_suspend();
    if (!strcmp(name, "reset"))
        return scenario_reset(count > 2 ? words[2] : "acpi");
    if (!strcmp(name, "off"))
        return scenario_acpi_off();
    if (!strcmp(name, "kexec"))
        return scenario_kexec();
    if (!strcmp(name, "dmesg"))
        return scenario_dmesg();
    shared_open();
    if (!strcmp(name, "team"))
        return scenario_team(number > 0 ? number : 10);
    if (!strcmp(name, "pinned"))
        return watch(name, calls * processors_online(), HOW_PINNED);
    if (!strcmp(name, "migrating"))
        return watch(name, calls * processors_online(), HOW_MIGRATING);
    if (!strcmp(name, "syscalls"))
        return watch(name, calls, HOW_STAY);
    if (!strcmp(name, "numbers"))
        return watch(name, calls, HOW_NUMBERS);
    if (!strcmp(name, "exec"))
        return watch(name, calls, HOW_EXEC);
    if (!strcmp(name, "exit"))
        return watch(name, calls, HOW_EXIT);
    if (!strcmp(name, "pidreuse"))
        return scenario_pidreuse(calls);
    line("guest error: unknown scenario %s", name);
    return 2;
}
