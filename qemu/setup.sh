#!/bin/sh
# Installs what building, running and testing need and what is missing here; does nothing, quickly, the second time.
#
#   setup.sh [--quiet]      --quiet: not a word when there was nothing to do
#
# Packages come through apt; the emulator (Bochs with MBEC) is built and the stock kernel unpacked into
# ${XDG_CACHE_HOME:-$HOME/.cache}/hvkernel. Exit status: 0, or non-zero after one line that says what is not to be had.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/qemu/common.sh"
. "$root/qemu/apt.sh"

packages="lld nasm mtools ovmf vgabios busybox-static qemu-system-x86 gcc libc6-dev g++ make xz-utils cpio patch"
busy=0

# step NAME COMMAND...: runs it and says how long it took.
step() {
    name=$1
    shift
    busy=1
    say "$name ..."
    start=$(date +%s)
    "$@" || exit $?
    say "$name: $(($(date +%s) - start)) s"
}

missing_packages() {
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null | sed -n 's/^installed //p')
    for package in $packages; do
        printf '%s\n' "$installed" | grep -qx "$package" || printf '%s ' "$package"
    done
}

host_tools() {
    mkdir -p "$cache/bin"
    gcc -O2 -Wall -Werror -shared -fPIC -o "$cache/bin/fixed-time.so.$$" "$root/qemu/fixed-time.c"
    gcc -O2 -Wall -Werror -o "$cache/bin/kvm-mbec.$$" "$root/qemu/kvm-mbec.c"
    mv -f "$cache/bin/fixed-time.so.$$" "$cache/bin/fixed-time.so"
    mv -f "$cache/bin/kvm-mbec.$$" "$cache/bin/kvm-mbec"
}

sdk=$(dotnet --list-sdks 2>/dev/null | awk '{ split($1, v, "."); if (v[1] >= 10) { print $1; exit } }')
[ -n "$sdk" ] || die 3 "a .NET SDK 10 or newer is needed and \`dotnet --list-sdks\` shows none"
command -v apt-get >/dev/null 2>&1 || die 3 "this script knows apt only; install by hand: $packages"

# Launchers that start at the same time wait here for the one that installs.
mkdir -p "$cache"
exec 9>"$cache/.setup.lock"
flock 9

missing=$(missing_packages)
[ -z "$missing" ] || step "packages ($(printf '%s' "$missing" | wc -w) missing)" apt_install $missing
"$root/qemu/get-bochs.sh" --check || step "Bochs" "$root/qemu/get-bochs.sh"
[ -s "$cache/kernels/$(release_codename)/linux-image-cloud-amd64/vmlinuz" ] ||
    step "stock kernel" sh -c "'$root/qemu/get-kernel.sh' >/dev/null"
! stale "$cache/bin/kvm-mbec" "$root/qemu/fixed-time.c" "$root/qemu/kvm-mbec.c" || step "host tools" host_tools
[ "$busy" = 1 ] || [ "${1:-}" = --quiet ] || say "everything is there"
