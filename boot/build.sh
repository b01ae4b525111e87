#!/bin/sh
# Builds the image: C# by the compiler and ILC, assembly by nasm, one PE by lld-link, then the checks of its map.
# Leaves out/hvkernel.efi, out/hvkernel.map, out/hvkernel.pdb. Reproducible: the same sources give the same bytes.
set -eu
cd "$(dirname "$0")/.."
out=out
objects=$out/obj/image
managed=$out/obj/managed
mkdir -p "$objects"

dotnet build boot/HvKernel.Boot.csproj -c Release -nologo -v quiet --tl:off -nodeReuse:false -o "$managed" >"$objects/build.log" ||
    { cat "$objects/build.log" >&2; exit 1; }
ilc=$(cat "$managed/ilc-path")/tools/ilc

# --nativelib: the exported methods are the roots, and no start-up code of a runtime is asked for.
# --noscan: the scanner of ILC 10 roots helpers of a full core library (docs/decisions.md).
"$ilc" "$managed/HvKernel.Boot.dll" "$managed/HvKernel.Kernel.dll" -r "$managed/HvKernel.Runtime.dll" \
    --systemmodule:HvKernel.Runtime --targetos:windows --targetarch:x64 --nativelib -O --noscan -g \
    -o "$objects/managed.obj"

set -- "$objects/managed.obj"
for source in boot/asm/*.asm; do
    object=$objects/$(basename "$source" .asm).obj
    nasm -f win64 -Worphan-labels -Werror -o "$object" "$source"
    set -- "$@" "$object"
done

lld-link /nologo /subsystem:efi_application /entry:EfiMain /nodefaultlib /machine:x64 /opt:ref /opt:icf /Brepro \
    /alternatename:RhpReversePInvoke=HvkRuntimeFailure /alternatename:RhpReversePInvokeReturn=HvkRuntimeFailure \
    /merge:.managed=.text /merge:.modules=.rdata /merge:.fixup=.rdata \
    /debug /pdb:"$out/hvkernel.pdb" /pdbaltpath:hvkernel.pdb /pdbsourcepath:hvkernel /lldmap:"$out/hvkernel.map" \
    /out:"$objects/hvkernel.efi" "$@"
sh boot/check-map.sh "$out/hvkernel.map"

# Moved into its place at the end: a boot that is being prepared meanwhile finds the old image or the new one, whole.
mv -f "$objects/hvkernel.efi" "$out/hvkernel.efi"
echo "image: $out/hvkernel.efi, $(wc -c < "$out/hvkernel.efi") bytes"
