#!/bin/sh
# run.sh [OPTION OF boot.sh]...: boots stock Debian under HvKernel in the background and opens the console here, attached.
# Leaving the console ends the emulator. The guest's own console goes to out/guest.log, the launcher's words to out/run.log.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/qemu/common.sh"
work=$(mktemp -d)
boot_pid=
cleanup() {
    trap '' INT TERM HUP
    [ -z "$boot_pid" ] || kill -TERM "$boot_pid" 2>/dev/null || true
    [ -z "$boot_pid" ] || wait "$boot_pid" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 143' TERM HUP
# Ctrl+C belongs to the console: there it breaks into the guest. (Caught, not ignored: an ignored signal would be inherited.)
trap : INT

# In a session of its own, where the terminal's Ctrl+C does not reach it.
setsid "$root/qemu/boot.sh" --debug "unix:$work/debug" --console "$out/guest.log" \
    --append "console=ttyS0,115200 quiet hvk.run=clock" "$@" </dev/null >"$out/run.log" 2>&1 &
boot_pid=$!
until grep -q '^debug ' "$out/run.log"; do
    if ! kill -0 "$boot_pid" 2>/dev/null; then
        status=0
        wait "$boot_pid" || status=$?
        boot_pid=
        cat "$out/run.log" >&2
        exit "$status"
    fi
    sleep 0.1
done
status=0
"$out/hvdbg" "unix:$work/debug" || status=$?
exit "$status"
