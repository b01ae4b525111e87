/* The kernel's messages of level warning and above, without their times, so that two boots can be compared. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "guest.h"

enum { LEVEL_WARNING = 4, LEVEL_BITS = 7 };

int scenario_dmesg(void)
{
    char record[8192];
    unsigned count = 0, priority;
    int file = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (file < 0) {
        line("dmesg error: no /dev/kmsg");
        return 1;
    }
    for (;;) {
        /* One read is one record: "priority,sequence,time,flags;text", its further lines behind a blank each. */
        ssize_t bytes = read(file, record, sizeof record - 1);
        if (bytes < 0 && errno == EPIPE)
            continue;
        if (bytes <= 0)
            break;
        record[bytes] = 0;
        char *text = strchr(record, ';');
        if (!text || sscanf(record, "%u", &priority) != 1 || (priority & LEVEL_BITS) > LEVEL_WARNING)
            continue;
        text[1 + strcspn(text + 1, "\n")] = 0;
        line("dmesg: <%u> %s", priority & LEVEL_BITS, text + 1);
        count++;
    }
    close(file);
    line("dmesg done n=%u", count);
    return 0;
}
