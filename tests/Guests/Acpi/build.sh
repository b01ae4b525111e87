#!/bin/sh
# Builds out/acpi.efi as tests/Guests/Lab/build.sh builds the lab guest. Reproducible: the same sources give the same bytes.
set -eu
cd "$(dirname "$0")/../../.."
acpi=tests/Guests/Acpi
out=out
objects=$out/obj/acpi
managed=$out/obj/acpi-managed
mkdir -p "$objects"

dotnet build $acpi/HvKernel.Guests.Acpi.csproj -c Release -nologo -v quiet --tl:off -nodeReuse:false -m:1 -o "$managed"
ilc=$(cat "$managed/ilc-path")/tools/ilc
"$ilc" "$managed/HvKernel.Guests.Acpi.dll" -r "$managed/HvKernel.Runtime.dll" \
    --systemmodule:HvKernel.Runtime --targetos:windows --targetarch:x64 --nativelib -O --noscan -g -o "$objects/managed.obj"

set -- "$objects/managed.obj"
for source in boot/asm/compiler.asm boot/asm/firmware.asm; do
    object=$objects/$(basename "$source" .asm).obj
    nasm -f win64 -Worphan-labels -Werror -o "$object" "$source"
    set -- "$@" "$object"
done

lld-link /nologo /subsystem:efi_application /entry:AcpiMain /nodefaultlib /machine:x64 /opt:ref /opt:icf /Brepro \
    /alternatename:RhpReversePInvoke=HvkRuntimeFailure /alternatename:RhpReversePInvokeReturn=HvkRuntimeFailure \
    /merge:.managed=.text /merge:.modules=.rdata /merge:.fixup=.rdata /lldmap:"$objects/acpi.map" \
    /out:"$objects/acpi.efi" "$@"
sh boot/check-map.sh "$objects/acpi.map"

# Moved into its place at the end: a boot that runs meanwhile finds the old program or the new one, whole.
mv -f "$objects/acpi.efi" "$out/acpi.efi"
echo "ACPI tables: $out/acpi.efi, $(wc -c < "$out/acpi.efi") bytes"
