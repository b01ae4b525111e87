# Sourced by boot.sh: Bochs, with everything fixed that can be, so that one disk always runs the same instructions.

# A serial port's line of the configuration: null, file:PATH or tcp:HOST:PORT.
bochs_serial() {
    case $2 in
        null) printf '%s: enabled=1, mode=null\n' "$1" ;;
        file:*) printf '%s: enabled=1, mode=file, dev=%s\n' "$1" "${2#file:}" ;;
        tcp:*) printf '%s: enabled=1, mode=socket-client, dev=%s\n' "$1" "${2#tcp:}" ;;
    esac
}

# 200 million instructions a second make a 250 Hz timer tick every 800,000 instructions; ips says how long an instruction
# takes in the guest's time, not how fast Bochs runs. error: a line for each EPT violation would fill the disk.
# MONITOR of Bochs flushes a page from the TLBs of all processors, and wakes others that wait by it: on four, the firmware
# and an idle Linux do nothing else (1.6 million instructions a second). So there is HLT to wait by.
bochs_configuration() {
    without=
    [ "$cpus" = 1 ] || without=', exclude_features="mwait"'
    cat <<-END
	display_library: nogui
	cpu: model=${cpu:-corei7_skylake_x}, count=$cpus, ips=200000000, reset_on_triple_fault=0$without
	megs: $memory
	romimage: file=/usr/share/ovmf/OVMF.fd
	vgaromimage: file=/usr/share/vgabios/vgabios.bin
	vga: extension=vbe, update_freq=5, realtime=0
	pci: enabled=1, chipset=i440fx
	clock: sync=none, time0=1700000000, rtc_sync=0
	ata0: enabled=1
	ata0-master: type=disk, path=$work/disk.img, mode=flat
	boot: disk
	mouse: enabled=0
	panic: action=fatal
	error: action=ignore
	info: action=report
	debug: action=ignore
	log: $bochs_log
	END
    bochs_serial com1 "$com1"
    bochs_serial com2 "$com2"
    [ -z "${HVK_BOCHS_OPTIONS:-}" ] || printf '%s\n' "$HVK_BOCHS_OPTIONS"
}

bochs_start() {
    bochs_log=$work/bochs.log
    [ -z "${HVK_BOCHS_LOG:-}" ] || bochs_log=$(absolute "$HVK_BOCHS_LOG")
    bochs_configuration >"$work/bochsrc"
    fixed=
    if setarch -R true 2>/dev/null; then fixed="setarch -R"; fi
    # shellcheck disable=SC2086
    setpriv --pdeathsig TERM timeout --kill-after=3 "$timeout" \
        $fixed env LD_PRELOAD="$cache/bin/fixed-time.so" "$bochs_home/bin/bochs" -q -f "$work/bochsrc" \
        >"$work/bochs.out" 2>&1 </dev/null &
    emulator_pid=$!
}

# Bochs reports a power-off by either of its ports as a fatal error, and ends with status 1.
bochs_verdict() {
    if grep -q 'shutdown requested\|soft power off' "$bochs_log" 2>/dev/null; then
        exit 0
    fi
    # What is wrong with a configuration is said before the log is opened.
    reason=$(cat "$work/bochs.out" "$bochs_log" 2>/dev/null |
        sed -n 's#[^ ]*/bochsrc:\([0-9]*\):#line \1 of its configuration:#
                s/.*>>PANIC<< *//p; s/^[0-9]*e\[ *\] \(line .*\)/\1/p' | tail -n 2 | cut -c1-160 | paste -s -d ';')
    kept=$bochs_log
    if [ -z "${HVK_BOCHS_LOG:-}" ]; then
        kept=$out/bochs-$$.log
        cat "$work/bochs.out" "$bochs_log" >"$kept" 2>/dev/null || true
    fi
    die 1 "Bochs ended with status $1: ${reason:-no reason given} (log: $kept)"
}
