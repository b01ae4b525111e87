/* Resets the machine in the way that is named, power-off by the kernel, and kexec. What boots after a reset finds the same command
   line: a mark in the clock chip's memory tells the scenario that it is the second one. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "guest.h"

/* A byte of the clock chip's memory that neither the firmware nor the kernel uses. */
enum { CLOCK_INDEX = 0x70, CLOCK_DATA = 0x71, MARK_AT = 0x5E, MARK = 0xA7 };

static void clock_write(unsigned char value)
{
    outb(MARK_AT, CLOCK_INDEX);
    outb(value, CLOCK_DATA);
}

static unsigned char clock_read(void)
{
    outb(MARK_AT, CLOCK_INDEX);
    return inb(CLOCK_DATA);
}

static bool write_text(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool good = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
    if (file >= 0)
        close(file);
    return good;
}

int scenario_reset(const char *way)
{
    if (iopl(3) < 0) {
        line("reset error: no I/O ports");
        return 1;
    }
    if (clock_read() == MARK) {
        clock_write(0);
        line("reset %s: the machine came back", way);
        return 0;
    }
    /* acpi, pci (port 0xCF9), kbd, triple, efi: Documentation/ABI/testing/sysfs-kernel-reboot */
    if (!write_text("/sys/kernel/reboot/type", way)) {
        line("reset error: the kernel knows no way \"%s\"", way);
        return 1;
    }
    clock_write(MARK);
    line("reset %s now", way);
    reboot(RB_AUTOBOOT);
    line("reset error: the kernel came back");
    return 1;
}

/* By ACPI, without the emulator's port. */
int scenario_acpi_off(void)
{
    line("off now");
    reboot(RB_POWER_OFF);
    line("off error: the kernel came back");
    return 1;
}

int scenario_kexec(void)
{
    char text[1024] = "";
    int kernel = open("/kexec/kernel", O_RDONLY | O_CLOEXEC), initrd = open("/kexec/initrd", O_RDONLY | O_CLOEXEC);
    int file = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t bytes = file < 0 ? -1 : read(file, text, sizeof text - 32);
    if (file >= 0)
        close(file);
    if (bytes > 0 && strstr(text, "hvk.boot=2")) {
        line("kexec: the second kernel runs");
        return 0;
    }
    if (kernel < 0 || initrd < 0) {
        line("kexec error: no /kexec/kernel and /kexec/initrd (kexec.sh makes them)");
        return 1;
    }
    text[bytes > 0 ? strcspn(text, "\n") : 0] = 0;
    strcat(text, " hvk.boot=2");
    if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(text) + 1, text, 0UL) < 0) {
        line("kexec error: kexec_file_load: %m");
        return 1;
    }
    line("kexec now");
    reboot(RB_KEXEC);
    line("kexec error: the kernel came back");
    return 1;
}
