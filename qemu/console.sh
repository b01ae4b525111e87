#!/bin/sh
# Publishes the console, tools/HvDbg, and leaves out/hvdbg, which starts it.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/qemu/common.sh"
mkdir -p "$out"
if stale "$out/console/.built" "$root/tools" "$root/kernel" "$root"/Directory.*.props; then
    log=$(dotnet publish "$root/tools/HvDbg" -c Release -o "$out/console" -m:1 -nodeReuse:false -v quiet 2>&1) ||
        die 3 "tools/HvDbg does not build: $(printf '%s\n' "$log" | grep -m1 error)"
    touch "$out/console/.built"
fi
cat >"$out/hvdbg" <<'END'
#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
for settings in "$here"/console/*.runtimeconfig.json; do
    exec dotnet "${settings%.runtimeconfig.json}.dll" "$@"
done
END
chmod +x "$out/hvdbg"
