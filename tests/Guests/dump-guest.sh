#!/bin/sh
# dump-guest.sh - boot a stock Linux kernel in QEMU, stop it, and keep its memory and what it said about itself.
#
#   dump-guest.sh [--kernel FILE | --suite SUITE] [--name NAME] [--append TEXT] [--cpu MODEL] [--force]
#
#   --kernel FILE   the kernel (a bzImage)
#   --suite SUITE   fetch the cloud kernel of this Debian suite with the package client (default: the machine's own release)
#   --name NAME     what the dump is called; default: the suite, or the kernel's file name
#   --append TEXT   more words for the kernel's command line (pti=on, nokaslr, ...)
#   --cpu MODEL     QEMU's -cpu (default: max,la57=off); cx16 is always taken out
#   --at READY|CONSOLE   when to stop: with user space up and listed (default), or at the first line on the console,
#                   when the task list holds init_task alone
#   --force         make it again although it is there
#
# The result is ${XDG_CACHE_HOME:-$HOME/.cache}/hvkernel/dumps/NAME/: memory.elf (the guest-physical memory as QEMU's ELF core,
# sparse, with each processor's registers in its notes) and guest.txt (what the guest printed of itself; format: see the bottom of
# this file). The last line on standard output is that folder. Exit status: 0 made or already there, 2 usage, 3 tools missing,
# 4 no kernel, 5 the guest did not come up or would not hold still.
set -eu
umask 022

kernel='' suite='' name='' append='' cpu=max,la57=off at=READY force=0
while [ $# -gt 0 ]; do
    case $1 in
        --kernel) kernel=${2:?}; shift ;;
        --suite)  suite=${2:?}; shift ;;
        --name)   name=${2:?}; shift ;;
        --append) append=${2:?}; shift ;;
        --cpu)    cpu=${2:?}; shift ;;
        --at)     at=${2:?}; shift ;;
        --force)  force=1 ;;
        *) sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//;p;}' "$0"; exit 2 ;;
    esac
    shift
done
say() { printf 'dump-guest: %s\n' "$*" >&2; }
die() { status=$1; shift; say "error: $*"; exit "$status"; }

cache=${XDG_CACHE_HOME:-$HOME/.cache}/hvkernel
own_suite=$(. /etc/os-release 2>/dev/null; echo "${VERSION_CODENAME:-unknown}")
[ -n "$kernel$suite" ] || suite=$own_suite
[ -n "$name" ] || name=${suite:-$(basename "$kernel")}
out=$cache/dumps/$name
want="$kernel|$suite|$append|$cpu|$at|$(cksum < "$0")"
if [ $force = 0 ] && [ -f "$out/memory.elf" ] && [ "$(cat "$out/made-from" 2>/dev/null)" = "$want" ]; then
    echo "$out"; exit 0
fi

missing=
for tool in qemu-system-x86_64 busybox dpkg-deb; do command -v $tool >/dev/null 2>&1 || missing="$missing $tool"; done
[ -z "$missing" ] || die 3 "missing:$missing (packages qemu-system-x86, busybox-static, dpkg)"

mkdir -p "$cache/dumps" "$cache/kernels"
work=$(mktemp -d "$cache/dumps/.work.XXXXXX")
qemu=''
clean_up() {
    if [ -n "$qemu" ]; then
        [ ! -s "$work/qemu.pid" ] || kill "$(cat "$work/qemu.pid")" 2>/dev/null || :
        wait "$qemu" 2>/dev/null || :
    fi
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# ---- the kernel -----------------------------------------------------------------------------------------------------------
# A suite other than the machine's own is read through a private package configuration: the mirror is the one that the machine
# itself is set up with, and its signatures are checked with the archive's keyring as always.
newest_package() {    # newest_package APT-OPTIONS: the package behind the name linux-image-cloud-amd64
    # shellcheck disable=SC2086
    apt-cache $1 depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}
fetch_kernel() {
    options=
    if [ "$suite" != "$own_suite" ]; then
        mirror=$(apt-get update --print-uris 2>/dev/null | sed -n "s,^'\(.*\)/dists/\(.*\)/InRelease'.*,\1 \2,p" |
            awk -v own="$own_suite" '$2 == own { print $1; exit }')
        [ -n "$mirror" ] || die 4 "no archive in the package configuration"
        a=$work/apt; mkdir -p "$a/lists/partial" "$a/cache/archives/partial"
        ring=/usr/share/keyrings/debian-archive-keyring.gpg
        printf 'deb [signed-by=%s] %s %s main\n' "$ring" "$mirror" "$suite" > "$a/sources.list"
        options="-o Dir::Etc::sourcelist=$a/sources.list -o Dir::Etc::sourceparts=/dev/null -o Dir::State::Lists=$a/lists
            -o Dir::Cache=$a/cache -o Dir::State::status=/dev/null -o Acquire::Languages=none -o Acquire::Retries=2"
        # shellcheck disable=SC2086
        apt-get -qq $options -o APT::Sandbox::User=root update >&2 || die 4 "the index of $suite cannot be read"
    fi
    package=$(newest_package "$options")
    if [ -z "$package" ] && [ -z "$options" ]; then
        apt-get -qq update >&2 || :        # a fresh machine has no index at all
        package=$(newest_package "")
    fi
    [ -n "$package" ] || die 4 "$suite: no package linux-image-cloud-amd64"
    release=${package#linux-image-}
    kernel=$cache/kernels/vmlinuz-$release
    [ ! -f "$kernel" ] || return 0
    # Newer releases keep the kernel itself in linux-binary-*, and linux-image-* is empty.
    for p in "linux-binary-$release" "linux-image-$release"; do
        # shellcheck disable=SC2086
        (cd "$work" && apt-get -qq $options -o APT::Sandbox::User=root download "$p" 2>/dev/null) || continue
        mkdir "$work/package"
        for deb in "$work"/*.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/package" --wildcards '*vmlinuz*'; done
        found=$(find "$work/package" -type f -name 'vmlinuz*' | head -n 1)
        [ -n "$found" ] && { mv "$found" "$kernel"; rm -rf "$work/package" "$work"/*.deb; return 0; }
    done
    die 4 "$suite: $package cannot be downloaded"
}
[ -n "$kernel" ] || fetch_kernel
[ -f "$kernel" ] || die 4 "no such file: $kernel"

# ---- the guest's file system ------------------------------------------------------------------------------------------------
root=$work/root
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev"
cp "$(command -v busybox)" "$root/bin/busybox"
for applet in sh mount stty awk md5sum sleep setsid taskset cat; do ln -s busybox "$root/bin/$applet"; done

# A program of 188 bytes with three habits, by its number of arguments: none: starts a thread, both sleep for ever;
# one: starts a thread, the first thread exits; two: runs in user mode for ever.
#   mov rbx,[rsp]; cmp bl,3; je spin; clone(VM|FS|FILES|SIGHAND|THREAD|SYSVSEM, rsp-4096); test eax,eax; jz rest;
#   cmp bl,2; jne rest; exit(0); rest: pause(); jmp rest; spin: pause; jmp spin
{
    echo 7f454c46020101000000000000000000 02003e00010000007800400000000000 40000000000000000000000000000000
    echo 00000000400038000100000000000000 01000000050000000000000000000000 00004000000000000000400000000000
    echo bc00000000000000bc00000000000000 0010000000000000
    echo 488b1c24 80fb03 7437 b838000000 bf000f0500 488db42400f0ffff 31d2 4531d2 4531c0 0f05 85c0 740e
    echo 80fb02 7509 b83c000000 31ff 0f05 b822000000 0f05 ebf7 f390 ebfc
} | tr -d ' \n' | busybox xxd -r -p > "$root/bin/threads"
chmod 755 "$root/bin/threads"
for alias in leader spinner 'fifteen letters' 'odd) (name'; do ln "$root/bin/threads" "$root/bin/$alias"; done

cat > "$root/init" <<'INIT'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
exec </dev/ttyS0 >/dev/ttyS0 2>/dev/ttyS0
stty -opost -echo

setsid threads & setsid 'fifteen letters' & setsid 'odd) (name' & setsid leader 1 &
setsid sleep 100000 & setsid sh -c 'sleep 0 & exec sleep 100001' &
taskset 2 spinner 1 2 &

# Reads /proc with the shell's own words, so that looking at the processes makes no new one.
tasks() {
    for d in /proc/[0-9]*/task/[0-9]*; do
        IFS= read -r stat < "$d/stat" || continue
        p=${d#/proc/}
        echo "$1 ${p%%/*} $stat"
    done
}
sleep 2                       # what started with the system has then come to rest
read -r line < /proc/version;  echo "version $line"
read -r line < /proc/sys/kernel/osrelease; echo "release $line"
read -r line < /proc/cmdline;  echo "cmdline $line"
read -r line < /sys/devices/system/cpu/vulnerabilities/meltdown; echo "meltdown $line"
awk '/Kernel code/ { print "code", $1 }' /proc/iomem
awk '$3 == "processor" || $1 == "processor" { n++ } END { print "processors", n }' /proc/cpuinfo
set -- $(md5sum /sys/kernel/btf/vmlinux); echo "btf $1"
awk 'BEGIN { srand() }
     /\[/ { next }
     $3 ~ /^(_text|_etext|entry_SYSCALL_64|init_task|init_mm|init_top_pgt|phys_base|page_offset_base|vmemmap_base|__per_cpu_offset|__per_cpu_start|current_task|pcpu_hot|this_cpu_off|runqueues|boot_cpu_data|linux_banner|__start_BTF|switch_mm_irqs_off|__switch_to|nr_cpu_ids)$/ { print "symbol", $0; next }
     { n++ } rand() < 0.004 { print "symbol", $0 }
     END { print "symbols", n }' /proc/kallsyms
while :; do
    tasks before
    echo ready
    read -r line              # the host writes one when it has its dump
    tasks after
    echo done
    read -r line
    sleep 1                   # not the same: kernel threads still come and go
done
INIT
chmod 755 "$root/init"
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) > "$work/initrd"

# ---- boot, stop, dump ---------------------------------------------------------------------------------------------------------
for pipe in serial.in serial.out monitor.in monitor.out; do mkfifo "$work/$pipe"; done
# cx16: QEMU 7.2's translation of CMPXCHG16B now and then leaves a part of RAX in RFLAGS; one boot in twelve died of it.
# The subshell outlives QEMU by the two lines that wake the readers below: the pipes would stay open and silent.
(
    timeout 300 qemu-system-x86_64 -accel tcg -cpu "$cpu,-cx16" -smp 2 -m 256M -nodefaults -no-user-config -display none -no-reboot \
        -kernel "$kernel" -initrd "$work/initrd" \
        -append "console=ttyS0 $([ "$at" = CONSOLE ] || echo quiet loglevel=1) panic=-1 $append" \
        -chardev pipe,id=serial,path="$work/serial" -serial chardev:serial \
        -chardev pipe,id=monitor,path="$work/monitor" -mon chardev=monitor,mode=control \
        -pidfile "$work/qemu.pid" 2>"$work/qemu.log" || :
    echo gone 1<>"$work/serial.out"
    echo '{"return": "gone"}' 1<>"$work/monitor.out"
) &
qemu=$!
exec 3<>"$work/serial.out" 4<>"$work/serial.in" 5<>"$work/monitor.out" 6<>"$work/monitor.in"

qmp() {    # qmp JSON: sends a command and prints its answer, passing over events
    printf '%s\n' "$1" >&6
    while IFS= read -r answer <&5; do
        case $answer in *'"return"'*) printf '%s\n' "$answer"; return 0 ;; *'"error"'*) die 5 "QEMU: $answer" ;; esac
    done
}
guest_lines_until() {    # guest_lines_until WORD FILE: appends what the guest prints to FILE, up to the line WORD
    while IFS= read -r text <&3; do
        case $text in
            "$1"*) return 0 ;;
            gone) die 5 "the guest ended: $(tail -qn 3 "$work/qemu.log" "$2" | tr '\r\n' '  ')" ;;
            *) printf '%s\n' "$text" >> "$2" ;;
        esac
    done
}
dump() {
    rm -f "$work/memory.elf"
    qmp '{"execute": "human-monitor-command", "arguments": {"command-line": "info registers -a"}}' > "$work/registers"
    qmp "{\"execute\": \"dump-guest-memory\", \"arguments\": {\"paging\": false, \"protocol\": \"file:$work/memory.elf\"}}" >/dev/null
}

qmp '{"execute": "qmp_capabilities"}' >/dev/null
: > "$work/guest.txt"
if [ "$at" = CONSOLE ]; then
    guest_lines_until '[' "$work/guest.txt"
    qmp '{"execute": "stop"}' >/dev/null
    dump
else
    tries=0
    while :; do
        guest_lines_until ready "$work/guest.txt"
        # Stopped with the second processor in the program that spins in user mode: the state to find one's way from.
        stops=0
        while :; do
            qmp '{"execute": "stop"}' >/dev/null
            dump
            tr -d '\\' < "$work/registers" | grep -o 'CPL=[0-3]' | sed -n 2p | grep -q 3 && break
            stops=$((stops + 1)); [ $stops -lt 20 ] || die 5 "the second processor is never in user mode"
            qmp '{"execute": "cont"}' >/dev/null
        done
        qmp '{"execute": "cont"}' >/dev/null
        echo >&4
        guest_lines_until done "$work/guest.txt"
        # Processes may come and go while the guest lists them: the dump counts if the lists before and after agree
        # in which threads there are, and in what cannot change by itself (a kworker shows what it last worked on behind its name).
        for w in before after; do
            sed -n "s/^$w \([0-9]* [0-9]* (.*) [A-Z] [0-9]*\) .*/\1/p" "$work/guest.txt" |
                sed 's/) [RSDI] /) run /; s,(\(kworker/[^-+)]*\)[-+][^)]*),(\1),' > "$work/$w"
        done
        cmp -s "$work/before" "$work/after" && break
        tries=$((tries + 1)); [ $tries -lt 30 ] || {
            diff "$work/before" "$work/after" >&2
            die 5 "the guest's process list would not stay the same for the length of a dump"
        }
        sed -i '/^before /d; /^after /d' "$work/guest.txt"
        echo >&4
    done
fi
qmp '{"execute": "quit"}' >/dev/null
wait "$qemu" 2>/dev/null || :
qemu=

sed -i 's/\r$//; /^after /d' "$work/guest.txt"
printf 'registers %s\n' "$(cat "$work/registers")" >> "$work/guest.txt"
printf '%s' "$want" > "$work/made-from"
cp --sparse=always "$work/memory.elf" "$work/sparse.elf"
rm -rf "$out"; mkdir -p "$out"
mv "$work/sparse.elf" "$out/memory.elf"; mv "$work/guest.txt" "$work/made-from" "$out/"
say "$name: $(sed -n 's/^release //p' "$out/guest.txt"), $(grep -c '^before ' "$out/guest.txt") threads, $(du -h "$out/memory.elf" | cut -f1)"
echo "$out"

# guest.txt, one fact a line, the word in front says which:
#   version, release, cmdline, meltdown   as the kernel's own files have them
#   code START-END                        "Kernel code" of /proc/iomem, hexadecimal guest-physical addresses
#   processors N                          how many are on line
#   btf MD5                               of /sys/kernel/btf/vmlinux
#   symbol ADDRESS TYPE NAME              lines of /proc/kallsyms: those that discovery needs, and about 1 of 250 at random
#   symbols N                             how many the kernel has, modules left out (less the named ones above)
#   before TGID STAT...                   a thread: its process, and its line in /proc/TGID/task/TID/stat
#   registers JSON                        QEMU's "info registers -a"
