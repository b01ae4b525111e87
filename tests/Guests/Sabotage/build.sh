#!/bin/sh
# Builds out/sabotage.efi as tests/Guests/Lab/build.sh builds the lab guest. Reproducible: the same sources give the same bytes.
set -eu
cd "$(dirname "$0")/../../.."
sabotage=tests/Guests/Sabotage
out=out
objects=$out/obj/sabotage
managed=$out/obj/sabotage-managed
mkdir -p "$objects"

dotnet build $sabotage/HvKernel.Guests.Sabotage.csproj -c Release -nologo -v quiet --tl:off -nodeReuse:false -m:1 -o "$managed"
ilc=$(cat "$managed/ilc-path")/tools/ilc
"$ilc" "$managed/HvKernel.Guests.Sabotage.dll" -r "$managed/HvKernel.Runtime.dll" \
    --systemmodule:HvKernel.Runtime --targetos:windows --targetarch:x64 --nativelib -O --noscan -g -o "$objects/managed.obj"

set -- "$objects/managed.obj"
for source in boot/asm/compiler.asm boot/asm/firmware.asm tests/Guests/Sabotage/asm/*.asm; do
    object=$objects/$(basename "$source" .asm).obj
    nasm -f win64 -Worphan-labels -Werror -o "$object" "$source"
    set -- "$@" "$object"
done

lld-link /nologo /subsystem:efi_application /entry:SabotageMain /nodefaultlib /machine:x64 /opt:ref /opt:icf /Brepro \
    /alternatename:RhpReversePInvoke=HvkRuntimeFailure /alternatename:RhpReversePInvokeReturn=HvkRuntimeFailure \
    /merge:.managed=.text /merge:.modules=.rdata /merge:.fixup=.rdata /lldmap:"$objects/sabotage.map" \
    /out:"$objects/sabotage.efi" "$@"
sh boot/check-map.sh "$objects/sabotage.map"

# Moved into its place at the end: a boot that runs meanwhile finds the old program or the new one, whole.
mv -f "$objects/sabotage.efi" "$out/sabotage.efi"
echo "sabotage: $out/sabotage.efi, $(wc -c < "$out/sabotage.efi") bytes"
