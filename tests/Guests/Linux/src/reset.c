/* Resets the machine in the way that is named, power-off by the kernel, suspend, and kexec. What boots after a reset finds the same command
   line: a mark in the clock chip's memory tells which of the ways have been gone already. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "guest.h"

/* A byte of the clock chip's memory that neither the firmware nor the kernel uses. */
enum { MARK_AT = 0x5E, MARK = 0xA0, MARK_BITS = 0xF0 };

/* Documentation/ABI/testing/sysfs-kernel-reboot; pci is port 0xCF9. The numbers stand in the mark. */
static const char *const ways[] = { NULL, "acpi", "pci", "kbd", "efi", "triple" };
enum { WAYS = sizeof ways / sizeof *ways };

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
    int number = 1;
    while (number < WAYS && strcmp(way, ways[number]))
        number++;
    if (number == WAYS) {
        line("reset error: there is no way \"%s\"", way);
        return 1;
    }
    if (!clock_open()) {
        line("reset error: no I/O ports");
        return 1;
    }
    unsigned char mark = clock_read(MARK_AT);
    int gone = (mark & MARK_BITS) == MARK ? mark & ~MARK_BITS : 0;
    if (gone == number)
        line("reset %s: the machine came back", way);
    if (gone >= number)
        return 0;
    if (!write_text("/sys/kernel/reboot/type", way)) {
        line("reset error: the kernel knows no way \"%s\"", way);
        return 1;
    }
    clock_write(MARK_AT, (unsigned char)(MARK | number));
    line("reset %s now", way);
    reboot(RB_AUTOBOOT);
    line("reset error: the kernel came back");
    return 1;
}

static void show(const char *path)
{
    char text[256] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = file < 0 ? 0 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    text[bytes > 0 ? strcspn(text, "\n") : 0] = 0;
    line("states %s: %s", path, text);
}

int scenario_states(void)
{
    show("/sys/power/state");
    show("/sys/power/mem_sleep");
    return 0;
}

/* Suspend to RAM, where the kernel offers it. */
int scenario_suspend(void)
{
    bool slept = write_text("/sys/power/mem_sleep", "deep") && write_text("/sys/power/state", "mem");
    line("suspend %s", slept ? "came back" : "refused");
    return 0;
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
