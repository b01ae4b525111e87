#!/bin/sh
# Builds the lab guest: C# by the compiler and ILC, assembly by nasm, one PE by lld-link. Leaves out/labguest.efi and its map.
# Reproducible: the same sources give the same bytes.
set -eu
cd "$(dirname "$0")/../../.."
lab=tests/Guests/Lab
out=out
objects=$out/obj/lab
managed=$out/obj/lab-managed
mkdir -p "$objects"

dotnet build $lab/HvKernel.Guests.Lab.csproj -c Release -nologo -v quiet --tl:off -nodeReuse:false -m:1 -o "$managed"
ilc=$(cat "$managed/ilc-path")/tools/ilc
"$ilc" "$managed/HvKernel.Guests.Lab.dll" -r "$managed/HvKernel.Runtime.dll" \
    --systemmodule:HvKernel.Runtime --targetos:windows --targetarch:x64 --nativelib -O --noscan -g -o "$objects/managed.obj"

set -- "$objects/managed.obj"
for source in $lab/asm/*.asm boot/asm/compiler.asm boot/asm/cpu.asm boot/asm/firmware.asm; do
    object=$objects/$(basename "$source" .asm).obj
    nasm -f win64 -I $lab/asm/ -Worphan-labels -Werror -o "$object" "$source"
    set -- "$@" "$object"
done

lld-link /nologo /subsystem:efi_application /entry:LabMain /nodefaultlib /machine:x64 /opt:ref /opt:icf /Brepro \
    /alternatename:RhpReversePInvoke=HvkRuntimeFailure /alternatename:RhpReversePInvokeReturn=HvkRuntimeFailure \
    /merge:.managed=.text /merge:.modules=.rdata /merge:.fixup=.rdata \
    /debug /pdb:"$objects/labguest.pdb" /pdbaltpath:labguest.pdb /lldmap:"$out/labguest.map" \
    /out:"$objects/labguest.efi" "$@"
sh boot/check-map.sh "$out/labguest.map"

# Moved into its place at the end: a boot that runs meanwhile finds the old guest or the new one, whole.
mv -f "$objects/labguest.efi" "$out/labguest.efi"
echo "lab guest: $out/labguest.efi, $(wc -c < "$out/labguest.efi") bytes"
