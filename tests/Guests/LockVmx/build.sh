#!/bin/sh
# Makes an ESP folder that locks VMX off before HvKernel starts: build.sh FOLDER, then boot.sh --esp FOLDER with HVK_EFI=none.
# The firmware's shell runs the two programs one after the other.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=$here/../../..
folder=${1:?usage: build.sh FOLDER}
mkdir -p "$folder/EFI/lock"
nasm -f win64 -o "$folder/lock.obj" "$here/lock.asm"
lld-link /nologo /subsystem:efi_application /entry:EfiMain /nodefaultlib /machine:x64 /Brepro \
    /out:"$folder/EFI/lock/lock.efi" "$folder/lock.obj"
rm "$folder/lock.obj"
cp "$root/out/hvkernel.efi" "$folder/EFI/lock/hvkernel.efi"
printf 'fs0:\r\n\\EFI\\lock\\lock.efi\r\n\\EFI\\lock\\hvkernel.efi\r\n' >"$folder/startup.nsh"
