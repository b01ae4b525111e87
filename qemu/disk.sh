#!/bin/sh
# disk.sh IMAGE FOLDER: makes IMAGE, a raw disk with one EFI system partition (MBR, type EF, at 1 MiB, FAT32) that holds
# what is in FOLDER. The same content gives the same bytes: serial number, disk signature, times and order are fixed,
# because results measured in an emulator move with the disk (where a file lies, when it was written).
set -eu
image=${1:?which image to write}
folder=${2:?which folder to copy}

# FAT32 wants at least 65,525 clusters: 64 MiB with 512-byte ones. Then what the content needs, in steps of 16 MiB.
content=$(du -s --apparent-size -B 1048576 -L "$folder" | cut -f 1)
size=$(((content * 9 / 8 + 8 + 15) / 16 * 16))
[ "$size" -ge 272 ] || size=272
sectors=$((size * 2048))

rm -f "$image"
truncate -s $((size + 1))M "$image"

# byte, then a little-endian 32-bit number, as printf escapes
bytes_of() { printf '\\%03o\\%03o\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)); }
# disk signature; then the partition entry: not active, CHS of a disk too large for it, type EF, first sector, sectors
printf '\120\126\110\061' | dd of="$image" bs=1 seek=440 conv=notrunc status=none
printf "\\000\\376\\377\\377\\357\\376\\377\\377$(bytes_of 2048)$(bytes_of $sectors)" |
    dd of="$image" bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of="$image" bs=1 seek=510 conv=notrunc status=none

export SOURCE_DATE_EPOCH=1700000000 TZ=UTC MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1
mformat -i "$image@@1M" -F -c 8 -h 255 -s 63 -H 2048 -T "$sectors" -N 48564b31 -v HVKERNEL ::
(cd "$folder" && find -L . -mindepth 1 -printf '%y %P\n') | LC_ALL=C sort -k 2 | while read -r kind path; do
    case $kind in
        d) mmd -i "$image@@1M" "::/$path" ;;
        f) mcopy -i "$image@@1M" "$folder/$path" "::/$path" ;;
        *) printf 'disk: error: %s: neither a file nor a folder\n' "$path" >&2; exit 1 ;;
    esac </dev/null
done
