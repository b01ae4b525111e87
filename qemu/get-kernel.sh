#!/bin/sh
# Prints the path of a stock Debian kernel (a bzImage), fetching it into the cache the first time.
#
#   get-kernel.sh [SUITE [PACKAGE]]     default: this machine's release, linux-image-cloud-amd64
#
# The package is downloaded and unpacked, not installed. Its version stands beside the kernel, in the file `version`;
# remove the folder to get a newer one. Exit status: 0, or 4 when it is not to be had.
set -eu
umask 022
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/qemu/common.sh"
. "$root/qemu/apt.sh"

suite=${1:-$(release_codename)}
package=${2:-linux-image-cloud-amd64}
folder=$cache/kernels/$suite/$package
[ ! -s "$folder/vmlinuz" ] || { printf '%s\n' "$folder/vmlinuz"; exit 0; }

[ -n "$suite" ] || die 4 "this machine's release has no code name; say which suite"
mkdir -p "$cache/kernels"
work=$(mktemp -d "$cache/kernels/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# The machine's own configuration for its own release (its security archive has the newest kernel), a private one otherwise.
if [ "$suite" = "$(release_codename)" ]; then
    client() { "$@"; }
    if [ -z "$(apt-cache depends "$package" 2>/dev/null)" ]; then as_root apt-get update -q >/dev/null 2>&1 || true; fi
else
    apt_private_open "$work/apt" deb "$suite" || die 4 "suite $suite: ${apt_error:-no index}"
    client() { apt_private "$work/apt" "$@"; }
fi

# first_dependency PACKAGE PREFIX: the package that a meta package stands for.
first_dependency() { client apt-cache depends "$1" 2>/dev/null | sed -n "s/^ *Depends: \($2[^ ]*\)\$/\1/p" | head -n 1; }

# unpack_kernel PACKAGE: leaves $work/vmlinuz and $work/version if that package carries a kernel.
unpack_kernel() {
    (cd "$work" && client apt-get download -q "$1") >"$work/log" 2>&1 || die 4 "$suite: $1: $(apt_reason "$work/log")"
    deb=$(find "$work" -maxdepth 1 -name "$1"_\*.deb)
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work" --wildcards './boot/vmlinuz-*' './usr/lib/modules/*/vmlinuz' 2>/dev/null || true
    found=$(find "$work/boot" "$work/usr" -name 'vmlinuz*' -type f 2>/dev/null | head -n 1)
    [ -n "$found" ] || return 1
    mv "$found" "$work/vmlinuz"
    dpkg-deb --show --showformat='${Package} ${Version}\n' "$deb" >"$work/version"
}

image=$(first_dependency "$package" linux-image-)
[ -n "$image" ] || image=$package
say "fetching $image ($suite)"
if ! unpack_kernel "$image"; then
    # Since 7.2 the image package is empty, and depends on the one that has the file.
    binary=$(first_dependency "$image" linux-binary-)
    [ -n "$binary" ] && unpack_kernel "$binary" || die 4 "$suite: $image holds no kernel"
fi
mkdir -p "$folder"
mv "$work/version" "$folder/version"
mv "$work/vmlinuz" "$folder/vmlinuz"
printf '%s\n' "$folder/vmlinuz"
