#!/bin/sh
# What a transition of a watched process costs: executed instructions a system call (getppid) of a stock Debian process, without an
# event and with each kind of event, in one boot; a system call is two transitions. Exits are counted beside, because on hardware they
# decide. usage: bench-transitions.sh [CALLS]
# HVK_BENCH names the events, HVK_BENCH_APPEND adds words to the kernel's command line (pti=off), HVK_MASK (boot.sh) takes features away (mbec).
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/qemu/common.sh"
calls=${1:-10000}
work=$(mktemp -d)
boot_pid=
cleanup() {
    [ -z "$boot_pid" ] || kill -TERM "$boot_pid" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

states=${HVK_BENCH:-'none count-u count-k count-ku log-ku collect-ku code code-gs contained contained-gs root condition script-empty script-counter script-false script-printf script-read'}
scenarios=
for state in $states; do scenarios=$scenarios,syscalls:$calls; done
"$root/qemu/boot.sh" --with bochs --timeout 900 --debug "unix:$work/debug" --console "$work/console" \
    --append "console=ttyS0,115200 quiet${HVK_BENCH_APPEND:+ $HVK_BENCH_APPEND} hvk.run=${scenarios#,},idle" </dev/null >"$work/boot" 2>&1 &
boot_pid=$!

# The n-th line of a kind on the guest's console.
await_line() {
    waited=0
    until line=$(grep -a "$1" "$work/console" 2>/dev/null | sed -n "$2p") && [ -n "$line" ]; do
        kill -0 "$boot_pid" 2>/dev/null || die 1 "the guest ended early: $(tail -n 1 "$work/boot")"
        waited=$((waited + 1))
        [ "$waited" -lt 3000 ] || die 1 "the guest did not print \"$1\" within 600 s"
        sleep 0.2
    done
    printf '%s\n' "$line"
}

field() { printf '%s\n' "$1" | sed "s/.*$2=\([0-9]*\).*/\1/"; }
console() { "$out/hvdbg" "unix:$work/debug" --json --stop-on-error "$@" >>"$work/log" 2>&1 || die 1 "the console failed: $(tail -n 1 "$work/log")"; }

# Exceptions (of shadow roots), EPT violations and control-register accesses so far.
exits() {
    "$out/hvdbg" "unix:$work/debug" --json -c .status | sed -n 's/.*"exits":\(.*\)/\1/p' | tr '{' '\n' |
        sed -n 's/.*"reason":\(0\|28\|48\),.*"counts":\[\([0-9]*\)\].*/\2/p' | awk '{ sum += $1 } END { print sum + 0 }'
}

printf '%-34s %12s %16s %16s\n' "$calls system calls, event" 'ticks a call' 'added per edge' 'exits per edge'
number=0
plain=0
for state in $states; do
    number=$((number + 1))
    ready=$(await_line 'syscalls pid=.* ready' $number)
    pid=$(field "$ready" pid)
    console -c pause
    case $state in
        count-*) console -c "!mode ${state#count-} pid 0n$pid count" ;;
        log-*) console -c "!mode ${state#log-} pid 0n$pid log" ;;
        collect-*) console -c "!mode ${state#collect-} pid 0n$pid log imm no" ;;
        # A counter in the safe buffer; the same and one read of the guest's memory; in each manner. The root manner is for code that cannot be
        # proved: a jump backwards that is never taken.
        code) console -c "!mode ku pid 0n$pid buffer 8 asm code {inc qword ptr [rcx]; xor eax, eax}" ;;
        code-gs) console -c "!mode ku pid 0n$pid buffer 8 asm code {inc qword ptr [rcx]; mov rax, gs:[0]; xor eax, eax}" ;;
        contained) console -c "!mode ku pid 0n$pid buffer 8 run contained asm code {inc qword ptr [rcx]; xor eax, eax}" ;;
        contained-gs) console -c "!mode ku pid 0n$pid buffer 8 run contained asm code {inc qword ptr [rcx]; mov rax, gs:[0]; xor eax, eax}" ;;
        root) console -c "!mode ku pid 0n$pid buffer 8 run root asm code {again: inc qword ptr [rcx]; xor eax, eax; jnz again}" ;;
        # The same counter from a text; a condition that is false; a message of three numbers, collected; and one read of the guest's memory.
        script-empty) console -c "!mode ku pid 0n$pid script {;}" ;;
        script-counter) console -c "!mode ku pid 0n$pid script {.n = .n + 1;}" ;;
        script-false) console -c "!mode ku pid 0n$pid when {@rax == 123456} script {.n = .n + 1;}" ;;
        script-printf) console -c "!mode ku pid 0n$pid imm no script {printf(\"%llx %llx %llx\\n\", @rax, @rip, \$context);}" ;;
        script-read) console -c "!mode ku pid 0n$pid script {.n = poi(@rsp);}" ;;
        condition) console -c "!mode ku pid 0n$pid count asm condition {xor eax, eax; cmp rdx, 3; sete al}" ;;
    esac
    before=$(exits)
    console -c 'eb 10000000 1' -c g
    line=$(await_line 'syscalls done .*status=' $number)
    after=$(exits)
    console -c 'events c all'
    ticks=$(field "$line" ticks)
    [ "$state" != none ] || plain=$ticks
    awk -v state="$state" -v calls="$calls" -v ticks="$ticks" -v plain="$plain" -v exits=$((after - before)) 'BEGIN {
        printf "%-34s %12.0f %16.0f %16.2f\n", state, ticks / calls, (ticks - plain) / calls / 2, exits / calls / 2 }'
done
