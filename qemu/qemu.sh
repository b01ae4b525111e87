# Sourced by boot.sh: QEMU, with KVM where that can run us, else software emulation, which has no VT-x.

# Of this firmware only the code is shared; the variables of a run are its own.
qemu_firmware() {
    for size in _4M ''; do
        code=/usr/share/OVMF/OVMF_CODE$size.fd
        variables=/usr/share/OVMF/OVMF_VARS$size.fd
        [ ! -r "$code" ] || [ ! -r "$variables" ] || return 0
    done
    die 3 "no OVMF_CODE.fd in /usr/share/OVMF: run make setup"
}

qemu_serial() {
    case $2 in
        null) printf 'null,id=%s' "$1" ;;
        file:*) printf 'file,id=%s,path=%s' "$1" "${2#file:}" ;;
        tcp:*) address=${2#tcp:}; printf 'socket,id=%s,host=%s,port=%s,nodelay=on' "$1" "${address%:*}" "${address##*:}" ;;
    esac
}

qemu_start() {
    qemu_firmware
    cp "$variables" "$work/variables.fd"
    if nested=$("$cache/bin/kvm-mbec"); then
        # migratable=off: QEMU would otherwise mask the VMX capabilities that it has no name for.
        set -- -accel kvm -cpu "${cpu:-host,+vmx,migratable=off}"
    else
        # cx16: QEMU 7.2's translation of CMPXCHG16B now and then leaves a part of RAX in RFLAGS, and a Linux guest dies of it.
        set -- -accel tcg -cpu "${cpu:-max},-cx16"
    fi
    # shellcheck disable=SC2086
    setpriv --pdeathsig TERM timeout --kill-after=3 "$timeout" \
        qemu-system-x86_64 -machine q35 "$@" -smp "$cpus" -m "$memory" -nodefaults -display none -vga std -no-reboot \
        -drive if=pflash,format=raw,unit=0,readonly=on,file="$code" \
        -drive if=pflash,format=raw,unit=1,file="$work/variables.fd" \
        -drive if=none,id=disk,format=raw,file="$work/disk.img" -device ide-hd,drive=disk \
        -chardev "$(qemu_serial com1 "$com1")" -device isa-serial,chardev=com1,index=0 \
        -chardev "$(qemu_serial com2 "$com2")" -device isa-serial,chardev=com2,index=1 \
        -trace enable=qemu_system_shutdown_request,file="$work/qemu.trace" -D "$work/qemu.trace" \
        ${HVK_QEMU_OPTIONS:-} >"$work/qemu.out" 2>&1 </dev/null &
    emulator_pid=$!
}

# QEMU ends with status 0 at a reset, too (-no-reboot): only the trace of a power-off tells which it was.
qemu_verdict() {
    [ "$1" = 0 ] || die 1 "QEMU ended with status $1: $(tail -n 1 "$work/qemu.out" | cut -c1-200)"
    # 6: SHUTDOWN_CAUSE_GUEST_SHUTDOWN in QEMU's qapi/run-state.json
    grep -q 'qemu_system_shutdown_request reason=6' "$work/qemu.trace" ||
        die 1 "the guest reset the machine, or ended in a triple fault"
    exit 0
}
