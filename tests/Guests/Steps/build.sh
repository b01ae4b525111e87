#!/bin/sh
# Makes the guest of the stepping tests: build.sh FILE.efi
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
file=${1:?usage: build.sh FILE.efi}
nasm -f win64 -o "$file.obj" "$here/steps.asm"
lld-link /nologo /subsystem:efi_application /entry:EfiMain /nodefaultlib /machine:x64 /Brepro /section:.text,erw /out:"$file" "$file.obj"
rm "$file.obj"
