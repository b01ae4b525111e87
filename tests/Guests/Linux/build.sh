#!/bin/sh
# Builds the Linux test guest's initramfs: build.sh OUTPUT. The same sources and tools give the same bytes.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
output=${1:?which file to write}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
tree=$work/tree
mkdir -p "$tree/bin" "$tree/sbin" "$tree/usr/bin" "$tree/usr/sbin" "$tree/dev" "$tree/proc" "$tree/sys" "$tree/tmp"

flags="-std=gnu17 -O2 -Wall -Wextra -Werror -static -no-pie -fno-pie -ffile-prefix-map=$here=. -Wl,--build-id=none -s"
# shellcheck disable=SC2086
gcc $flags -o "$tree/bin/hvk" "$here"/src/main.c "$here"/src/counts.c "$here"/src/watched.c "$here"/src/pidreuse.c \
    "$here"/src/poweroff.c "$here"/src/threads.c "$here"/src/offline.c "$here"/src/load.c "$here"/src/team.c \
    "$here"/src/clock.c "$here"/src/reset.c "$here"/src/dmesg.c
# shellcheck disable=SC2086
gcc $flags -nostdlib -ffreestanding -fno-stack-protector -o "$tree/bin/counted" "$here/src/counted.c"
cp "$(command -v busybox)" "$tree/bin/busybox"
install -m 755 "$here/init" "$tree/init"

find "$tree" -exec touch -h -d @0 {} +
mkdir -p "$(dirname "$output")"
(cd "$tree" && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0) >"$work/initrd"
mv -f "$work/initrd" "$output"
