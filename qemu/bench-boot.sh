#!/bin/sh
# What HvKernel costs when nobody debugs: executed instructions from power-on to user space and power-off, with and
# without it, on the same disk (stock kernel, one processor, Bochs). An emulator tick is one instruction, or ten ticks' worth
# of waiting in HLT; the figures repeat exactly.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/qemu/common.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# ticks_of OPTION...: the tick at which the guest switched the machine off.
ticks_of() {
    HVK_BOCHS_LOG=$work/log "$root/qemu/boot.sh" --with bochs --timeout 600 --console "$work/console" \
        --append "console=ttyS0,115200 quiet hvk.run=poweroff" "$@" || exit 1
    grep -q 'guest ready' "$work/console" || die 1 "the guest did not come to user space"
    sed -n 's/^0*\([0-9]*\)p.*shutdown requested.*/\1/p' "$work/log" | tail -n 1
}

plain=$(ticks_of --no-hypervisor)
under=$(ticks_of)
awk -v plain="$plain" -v under="$under" 'BEGIN {
    printf "boot of the stock kernel to user space and power-off, executed instructions\n"
    printf "  %-20s %15.0f\n  %-20s %15.0f   %+.2f %%\n", "--no-hypervisor", plain, "under HvKernel", under, (under - plain) * 100 / plain
}'
