#!/bin/sh
# kexec.sh FOLDER [KERNEL INITRD]: makes FOLDER/kexec.img, an initramfs with the kernel and the initramfs that the scenario `kexec` starts
# (default: the stock ones). For boot.sh: --esp FOLDER --append "initrd=\kexec.img ... hvk.run=kexec".
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH= cd -- "$here/../../.." && pwd)
folder=${1:?usage: kexec.sh FOLDER [KERNEL INITRD]}
kernel=${2:-$("$root/qemu/get-kernel.sh")}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$folder" "$work/tree/kexec"
if [ -n "${3:-}" ]; then cp "$3" "$work/tree/kexec/initrd"; else "$here/build.sh" "$work/tree/kexec/initrd"; fi
cp "$kernel" "$work/tree/kexec/kernel"
find "$work/tree" -exec touch -h -d @0 {} +
(cd "$work/tree" && find kexec | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0) >"$work/kexec.img"
mv -f "$work/kexec.img" "$folder/kexec.img"
