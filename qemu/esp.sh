# Sourced by boot.sh and image.sh: what stands in the EFI system partition.

# In one run, by several launchers at a time: built once, and never seen half-built.
once() {
    lock=$1
    shift
    mkdir -p "$out"
    (flock 9 && "$@") 9>"$out/.$lock.lock"
}

relay_build() {
    ! stale "$out/relay/.built" "$root/tools/SerialRelay" "$root"/Directory.*.props || {
        log=$(dotnet publish "$root/tools/SerialRelay" -c Release -o "$out/relay" -m:1 -nodeReuse:false -v quiet 2>&1) ||
            die 3 "tools/SerialRelay does not build: $(printf '%s' "$log" | grep -m1 error)"
        touch "$out/relay/.built"
    }
}
relay_ensure() { once relay relay_build; }

guest_build() {
    ! stale "$out/guest/linux/initrd.img" "$root/tests/Guests/Linux" ||
        "$root/tests/Guests/Linux/build.sh" "$out/guest/linux/initrd.img" || die 3 "the Linux guest's initramfs does not build"
}

# esp_fill FOLDER: links or writes every file. Uses the options of boot.sh.
esp_fill() {
    mkdir -p "$1/EFI/BOOT" "$1/EFI/hvkernel"
    guest_kind=$guest
    case $guest in
        linux)
            [ -n "$initrd" ] || { once guest guest_build; initrd=$out/guest/linux/initrd.img; }
            [ -n "$kernel" ] || kernel=$("$root/qemu/get-kernel.sh")
            # 115,200 must be said: the kernel's own default of 9,600 would multiply the time of a boot.
            [ "$append_given" = 1 ] || append="console=ttyS0,115200 quiet"
            mkdir -p "$1/EFI/linux"
            ln -s "$kernel" "$1/EFI/linux/vmlinuz.efi"
            ln -s "$initrd" "$1/initrd.img"
            next='\EFI\linux\vmlinuz.efi'
            append="initrd=\\initrd.img $append" ;;
        *)
            [ "$guest" != lab ] || guest=$out/labguest.efi
            [ -f "$guest" ] || die 3 "${guest#"$root/"} is missing: run make image"
            mkdir -p "$1/EFI/guest"
            ln -s "$guest" "$1/EFI/guest/guest.efi"
            next='\EFI\guest\guest.efi' ;;
    esac

    # OVMF under Bochs publishes no ACPI tables, and an OS that finds none knows of one processor.
    case $emulator:$guest_kind in
        bochs:linux | bochs:lab) [ "$cpus" = 1 ] || acpi=1 ;;
    esac
    if [ "$acpi" = 1 ]; then
        [ -f "$out/acpi.efi" ] || die 3 "out/acpi.efi is missing: run make image"
        mkdir -p "$1/EFI/acpi"
        ln -s "$out/acpi.efi" "$1/EFI/acpi/acpi.efi"
        append="processors=$cpus next=$next $append"
        next='\EFI\acpi\acpi.efi'
    fi

    if [ -n "$config" ]; then
        cat "$config" >"$1/EFI/hvkernel/hvkernel.cfg"
    else
        printf 'next = %s\nargs = %s\ndebug-port = 0x2f8\nbaud = 115200\n' "$next" "$append" >"$1/EFI/hvkernel/hvkernel.cfg"
    fi
    [ -z "${HVK_MASK:-}" ] || printf '\nmask = %s\n' "$HVK_MASK" >>"$1/EFI/hvkernel/hvkernel.cfg"
    [ "$hypervisor" = 1 ] || printf '\nvirtualize = no\n' >>"$1/EFI/hvkernel/hvkernel.cfg"

    loader=${HVK_EFI:-$out/hvkernel.efi}
    if [ "$loader" = none ]; then
        printf '@echo -off\r\nfs0:\r\n%s %s\r\n' "$next" "$append" >"$1/startup.nsh"
    else
        [ -f "$loader" ] || die 3 "${loader#"$root/"} is missing: run make image"
        ln -s "$(absolute "$loader")" "$1/EFI/BOOT/BOOTX64.EFI"
    fi
    # A file in the place of a link would be written through it.
    [ -z "$esp" ] || cp -RL --remove-destination "$esp/." "$1/"
}
