#!/bin/sh
# Builds the conformance guest as the lab guest is built: C# by the compiler and ILC, assembly by nasm, one PE by lld-link.
# Leaves out/conformance.efi and its map. Reproducible: the same sources give the same bytes.
set -eu
cd "$(dirname "$0")/../../.."
guest=tests/Guests/Conformance
out=out
objects=$out/obj/conformance
managed=$out/obj/conformance-managed
mkdir -p "$objects"

dotnet build $guest/HvKernel.Guests.Conformance.csproj -c Release -nologo -v quiet --tl:off -nodeReuse:false -m:1 -o "$managed"
ilc=$(cat "$managed/ilc-path")/tools/ilc
"$ilc" "$managed/HvKernel.Guests.Conformance.dll" -r "$managed/HvKernel.Runtime.dll" \
    --systemmodule:HvKernel.Runtime --targetos:windows --targetarch:x64 --nativelib -O --noscan -g -o "$objects/managed.obj"

set -- "$objects/managed.obj"
for source in $guest/asm/*.asm tests/Guests/Lab/asm/processor.asm boot/asm/compiler.asm boot/asm/cpu.asm boot/asm/firmware.asm; do
    object=$objects/$(basename "$source" .asm).obj
    nasm -f win64 -I $guest/asm/ -Worphan-labels -Werror -o "$object" "$source"
    set -- "$@" "$object"
done

lld-link /nologo /subsystem:efi_application /entry:ConformanceMain /nodefaultlib /machine:x64 /opt:ref /opt:icf /Brepro \
    /alternatename:RhpReversePInvoke=HvkRuntimeFailure /alternatename:RhpReversePInvokeReturn=HvkRuntimeFailure \
    /merge:.managed=.text /merge:.modules=.rdata /merge:.fixup=.rdata /merge:.cnames=.rdata \
    /debug /pdb:"$objects/conformance.pdb" /pdbaltpath:conformance.pdb /lldmap:"$out/conformance.map" \
    /out:"$objects/conformance.efi" "$@"
sh boot/check-map.sh "$out/conformance.map"

# Moved into its place at the end: a boot that runs meanwhile finds the old guest or the new one, whole.
mv -f "$objects/conformance.efi" "$out/conformance.efi"
echo "conformance guest: $out/conformance.efi, $(wc -c < "$out/conformance.efi") bytes"
