/* Ends the machine: Bochs by its shutdown port, any other by the kernel. */
#include <sys/io.h>
#include <sys/reboot.h>
#include <unistd.h>
#include "guest.h"

enum { BOCHS_SHUTDOWN_PORT = 0x8900 };

int scenario_poweroff(void)
{
    line("guest power-off");
    sync();
    if (iopl(3) == 0)
        for (const char *byte = "Shutdown"; *byte; byte++)
            outb((unsigned char)*byte, BOCHS_SHUTDOWN_PORT);
    reboot(RB_POWER_OFF);
    line("poweroff error: the kernel came back");
    return 1;
}
