/* What the guest's kernel says about interrupts, page faults and context switches. */
#include <stdlib.h>
#include <string.h>
#include "guest.h"

static void count_interrupts(struct counts *counts)
{
    FILE *file = fopen("/proc/interrupts", "r");
    char row[1024];
    if (!file)
        return;
    while (fgets(row, sizeof row, file)) {
        char *colon = strchr(row, ':');
        if (!colon)
            continue;   /* the heading */
        uint64_t sum = 0, columns[MAXIMUM_PROCESSORS] = { 0 };
        unsigned column = 0;
        char *next = colon + 1, *end;
        for (;;) {
            uint64_t value = strtoull(next, &end, 10);
            if (end == next || (*end != ' ' && *end != '\n'))
                break;
            sum += value;
            if (column < MAXIMUM_PROCESSORS)
                columns[column++] = value;
            next = end;
        }
        *colon = 0;
        const char *name = row + strspn(row, " ");
        if (!strcmp(name, "ERR") || !strcmp(name, "MIS"))
            continue;   /* errors, not interrupts */
        counts->interrupts += sum;
        for (unsigned i = 0; i < column; i++)
            counts->interrupts_of[i] += columns[i];
        if (!strcmp(name, "LOC"))
            counts->timer = sum;
    }
    fclose(file);
}

static void count_process(struct counts *counts, pid_t pid)
{
    char path[64], text[1024];
    unsigned long long minor = 0, major = 0, value;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file && fgets(text, sizeof text, file)) {
        char *after_name = strrchr(text, ')');
        if (after_name)
            sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %llu %*u %llu", &minor, &major);
        counts->faults = minor + major;
    }
    if (file)
        fclose(file);

    snprintf(path, sizeof path, "/proc/%d/status", pid);
    file = fopen(path, "r");
    while (file && fgets(text, sizeof text, file))
        if (sscanf(text, "voluntary_ctxt_switches: %llu", &value) == 1 ||
            sscanf(text, "nonvoluntary_ctxt_switches: %llu", &value) == 1)
            counts->switches += value;
    if (file)
        fclose(file);
}

struct counts counts_now(pid_t pid)
{
    struct counts counts = { 0 };
    count_interrupts(&counts);
    if (pid)
        count_process(&counts, pid);
    return counts;
}
