#!/bin/sh
# Boots a guest under HvKernel in an emulator. The one launcher, for tests and people.
#
#   boot.sh [--with bochs|qemu|auto] [--cpus N] [--cpu MODEL] [--memory MIB]
#           [--guest linux|lab|PATH.efi] [--kernel BZIMAGE] [--initrd FILE] [--append TEXT]
#           [--esp DIR] [--config FILE] [--no-hypervisor] [--acpi]
#           [--debug tcp:HOST:PORT|unix:PATH] [--console FILE|stdio] [--timeout SECONDS]
#
#   --with     where (default auto): QEMU with KVM where that offers nested VT-x with MBEC, else Bochs. qemu is
#              software emulation, without VT-x, where KVM does not offer it.
#   --cpus     processors (1); --cpu the emulator's name of a model; --memory MiB (1024)
#   --guest    linux (default: stock Debian with our test initramfs), lab (out/labguest.efi), or any EFI program
#   --kernel, --initrd, --append   instead of the stock Linux guest's own; --append also gives other guests their arguments
#   --esp      this folder's content goes into the EFI system partition as well, over ours
#   --config   this file instead of the generated \EFI\hvkernel\hvkernel.cfg
#   --no-hypervisor   the same disk with `virtualize = no`: our loader hands over at once
#   --acpi     out/acpi.efi is started before the guest, and gives it ACPI tables where the firmware has none (under Bochs;
#              with a --config of your own, its `next` names \EFI\acpi\acpi.efi). Linux and lab guests on more than one
#              processor of Bochs get it without being told: they would know of one processor only
#   --debug    where consoles connect to the debug line (COM2), any number of times, one at a time; with port 0 a free
#              one is taken. The address is printed on stdout: `debug tcp:127.0.0.1:40001`
#   --console  the guest's first serial port: into a file, or here, in both directions
#   --timeout  give up after this time, in seconds
#
# Exit status: 0 the guest powered off; 124 timeout; 2 a bad option; 1, 3, 4, ... otherwise, with a reason on stderr.
# Environment, for debugging: HVK_EFI (image to boot instead of out/hvkernel.efi; "none": the firmware's shell starts the
# guest, nothing of ours runs), HVK_BOCHS_LOG (keep Bochs' log in this file), HVK_BOCHS_OPTIONS (lines added to its
# configuration), HVK_QEMU_OPTIONS (words added to QEMU's command line), HVK_MASK (features that HvKernel is to do without:
# the key `mask` of hvkernel.cfg).
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/qemu/common.sh"
. "$root/qemu/esp.sh"
. "$root/qemu/bochs.sh"
. "$root/qemu/qemu.sh"

with=auto cpus=1 cpu= memory=1024 guest=linux kernel= initrd= append= append_given=0 esp= config= hypervisor=1 acpi=0
debug= console= timeout=0

bad() { die 2 "$1: expected $2, got \"$3\""; }
is_number() { case $1 in '' | *[!0-9]* | ??????????*) return 1 ;; esac; }
number_between() { is_number "$2" && [ "$2" -ge "$3" ] && [ "$2" -le "$4" ] || bad "$1" "a number from $3 to $4" "$2"; }
existing_file() { [ -f "$2" ] && [ -r "$2" ] || bad "$1" "a readable file" "$2"; }

while [ $# -gt 0 ]; do
    case $1 in
        --no-hypervisor) hypervisor=0; shift; continue ;;
        --acpi) acpi=1; shift; continue ;;
        --help | -h) sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//;p;}' "$0"; exit 0 ;;
        --with | --cpus | --cpu | --memory | --guest | --kernel | --initrd | --append | --esp | --config | --debug | --console | --timeout)
            [ $# -ge 2 ] || die 2 "$1: a value is missing" ;;
        *) die 2 "$1: no such option (boot.sh --help lists them)" ;;
    esac
    case $1 in
        --with) case $2 in bochs | qemu | auto) with=$2 ;; *) bad "$1" "bochs, qemu or auto" "$2" ;; esac ;;
        --cpus) number_between "$1" "$2" 1 64; cpus=$2 ;;
        --cpu) case $2 in '' | *[!A-Za-z0-9_,.=+-]*) bad "$1" "an emulator's name of a model" "$2" ;; esac; cpu=$2 ;;
        --memory) number_between "$1" "$2" 128 65536; memory=$2 ;;
        --guest)
            case $2 in
                linux | lab) guest=$2 ;;
                *.efi | *.EFI) existing_file "$1" "$2"; guest=$(absolute "$2") ;;
                *) bad "$1" "linux, lab or a path that ends in .efi" "$2" ;;
            esac ;;
        --kernel) existing_file "$1" "$2"; kernel=$(absolute "$2") ;;
        --initrd) existing_file "$1" "$2"; initrd=$(absolute "$2") ;;
        --append) append=$2; append_given=1 ;;
        --esp) [ -d "$2" ] || bad "$1" "a folder" "$2"; esp=$(absolute "$2") ;;
        --config) existing_file "$1" "$2"; config=$(absolute "$2") ;;
        --debug)
            case $2 in
                unix:?*) debug=unix:$(absolute "${2#unix:}") ;;
                tcp:?*:*) is_number "${2##*:}" && [ "${2##*:}" -le 65535 ] || bad "$1" "a port up to 65535" "$2"; debug=$2 ;;
                *) bad "$1" "tcp:HOST:PORT or unix:PATH" "$2" ;;
            esac ;;
        --console)
            case $2 in
                stdio) console=stdio ;;
                *) (: >"$2") 2>/dev/null || bad "$1" "stdio or a file that can be written" "$2"; console=$(absolute "$2") ;;
            esac ;;
        --timeout) number_between "$1" "$2" 1 999999; timeout=$2 ;;
    esac
    shift 2
done
[ "$guest" = linux ] || [ -z "$kernel$initrd" ] || die 2 "--kernel and --initrd: only with --guest linux"

"$root/qemu/setup.sh" --quiet

case $with in
    auto) if nested=$("$cache/bin/kvm-mbec"); then emulator=qemu; else emulator=bochs; fi ;;
    *) emulator=$with ;;
esac

work=$(mktemp -d "${TMPDIR:-/tmp}/hvk-boot.XXXXXX")
emulator_pid= relay_pid= terminal=
cleanup() {
    trap '' INT TERM HUP
    [ -z "$emulator_pid" ] || kill -TERM "$emulator_pid" 2>/dev/null || true
    [ -z "$emulator_pid" ] || wait "$emulator_pid" 2>/dev/null || true
    [ -z "$relay_pid" ] || kill -TERM "$relay_pid" 2>/dev/null || true
    [ -z "$relay_pid" ] || wait "$relay_pid" 2>/dev/null || true
    [ -z "$terminal" ] || stty "$terminal" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# ---- the disk ----
esp_fill "$work/esp"
"$root/qemu/disk.sh" "$work/disk.img" "$work/esp" || die 3 "the disk could not be made"

# ---- the serial lines: a file is the emulator's own business, the rest goes through the relay ----
com1=null com2=null
lines=
case $console in
    '') ;;
    stdio) lines="--line stdio" ;;
    *) ln -s "$console" "$work/console"; com1=file:$work/console ;;
esac
if [ -n "$lines$debug" ]; then
    relay_ensure
    if [ "$console" = stdio ] && [ -t 0 ]; then
        terminal=$(stty -g)
        stty -icanon -echo
    fi
    mkfifo "$work/announce"
    exec 4<&0
    # shellcheck disable=SC2086
    setpriv --pdeathsig TERM "$out/relay/SerialRelay" --announce /dev/fd/3 $lines ${debug:+--line "$debug"} \
        <&4 3>"$work/announce" &
    relay_pid=$!
    exec 5<"$work/announce"
    # The end of the file: the relay failed, and has said why.
    announced() { IFS=' ' read -r port address <&5 || exit 1; }
    if [ "$console" = stdio ]; then
        announced
        com1=tcp:127.0.0.1:$port
    fi
    if [ -n "$debug" ]; then
        announced
        com2=tcp:127.0.0.1:$port
        printf 'debug %s\n' "$address"
    fi
    exec 5<&-
fi

# ---- the machine ----
"${emulator}_start"
status=0
wait "$emulator_pid" || status=$?
emulator_pid=
# The relay ends by itself once the emulator has closed its lines, when all is delivered.
[ -z "$relay_pid" ] || wait "$relay_pid" || true
relay_pid=
if [ "$timeout" -gt 0 ] && { [ "$status" = 124 ] || [ "$status" = 137 ]; }; then
    die 124 "the guest still ran after $timeout s"
fi
"${emulator}_verdict" "$status"
