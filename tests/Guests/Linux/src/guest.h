/* What the scenarios of the Linux test guest share. */
#ifndef HVK_GUEST_H
#define HVK_GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* How a watched program makes its system calls. */
enum how { HOW_STAY, HOW_EXEC, HOW_EXIT, HOW_NUMBERS, HOW_PINNED, HOW_MIGRATING };

enum { MAXIMUM_PROCESSORS = 64 };

/* What the guest itself counted; the difference of two says what happened between them. */
struct counts {
    uint64_t interrupts;    /* all rows of /proc/interrupts, all processors */
    uint64_t timer;         /* its LOC row */
    uint64_t faults;        /* minor and major page faults of the process */
    uint64_t switches;      /* context switches of the process */
    uint64_t interrupts_of[MAXIMUM_PROCESSORS];
};

struct counts counts_now(pid_t pid);

/* The file behind the shared page, and its mapping at SHARED_ADDRESS. */
void shared_open(void);
const char *shared_file(void);

/* Starts a program that makes `count` system calls in that manner once its flag is written; returns its pid. */
pid_t watched_start(long count, enum how how);

/* Prints "LABEL pid=… n=… flag=… ready", waits for the flag, lets the program finish, prints "DONE pid=… …" with what
   the guest counted meanwhile. False after 120 s without the flag, which is said as well. */
bool watched_run(const char *label, const char *done, pid_t pid, long count, enum how how);

/* A line on the guest console, out before the call returns. */
__attribute__((format(printf, 1, 2))) void line(const char *format, ...);

void nap_milliseconds(long milliseconds);

int scenario_pidreuse(long count);
int scenario_poweroff(void);
int scenario_offline(long count);
int scenario_load(long rounds);
int scenario_team(long seconds);
int scenario_reset(const char *way);
int scenario_acpi_off(void);
int scenario_states(void);
int scenario_suspend(void);
int scenario_kexec(void);
int scenario_dmesg(void);

/* Threads on all processors that make `calls` system calls together. */
_Noreturn void threads_run(long calls, bool migrates);
int processors_online(void);

/* Of the guest's own clock. */
uint64_t seconds_now(void);

/* Starts the process of many threads, prints "team pid=… … ready" and waits for its flag; false when that failed, which is said. */
bool team_start(void);

/* Stops it, and prints what its threads did in so many seconds; false when a result of theirs was wrong. */
bool team_end(long seconds);

/* The clock chip. False when its ports are not to be had. */
enum { SECONDS_A_DAY = 86400 };
bool clock_open(void);
unsigned char clock_read(unsigned char at);
void clock_write(unsigned char at, unsigned char value);

/* Its time of day, and how long ago that was, both in seconds. */
long clock_seconds(void);
long clock_since(long start);

#endif
