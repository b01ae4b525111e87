#!/bin/sh
# image.sh IMAGE: the disk that boot.sh makes for the stock Linux guest, into a file: to be written to a USB stick, or
# given to another emulator.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/qemu/common.sh"
. "$root/qemu/esp.sh"
image=${1:?which image to write}
guest=linux kernel= initrd= append= append_given=0 esp= config= hypervisor=1 emulator= cpus=1 acpi=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
esp_fill "$work/esp"
"$root/qemu/disk.sh" "$work/disk.img" "$work/esp"
cp --sparse=always "$work/disk.img" "$image.new"
mv -f "$image.new" "$image"
