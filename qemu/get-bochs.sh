#!/bin/sh
# Builds a Bochs that emulates VT-x with mode-based execute control, and leaves it in the cache as bochs/PATCH/bin/bochs.
#
#   get-bochs.sh [--check|--force]      --check: say only, by the exit status, whether it is there
#
# The source is the distribution's upstream tarball (2.8 is the first release with MBEC, and the one of Debian 12 is
# older, so the suites are tried in turn); the package client checks its hash against the signed index, and we check it
# again. bochs.patch mends what resets and several processors show. A stamp (source, patch, flags, compiler) makes the second run do nothing, without touching the network.
# Exit status: 0 there or built, 3 tools missing, 4 no source, 5 the build failed.
set -eu
umask 022
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/qemu/common.sh"
. "$root/qemu/apt.sh"

least=2.8
prefix=$bochs_home
sources=$cache/bochs/src
# -fno-strict-aliasing: GCC 15 and 16 miscompile Bochs up to 3.1 without it. No -march=native or -O3: measured no faster.
optimise="-O2 -fno-strict-aliasing"
# No CET: with it the newer processor models panic in the firmware. AVX wants EVEX up to Bochs 3.0. No internal
# debugger (it would start first, and slows everything), no display. No report of its speed: it logs from a signal handler,
# which may wait for itself.
features="--with-nogui --disable-docbook --disable-debugger --enable-smp --enable-x86-64 --enable-cpu-level=6
    --enable-vmx=2 --enable-pci --enable-fpu --enable-avx --enable-evex --enable-memtype --enable-monitor-mwait
    --enable-all-optimizations --disable-show-ips"

# What an installed binary was made from; the parts that may change without the source changing.
recipe() {
    printf '%s | %s | gcc %s | patch %s\n' "$features" "$optimise" "$(c++ -dumpversion)" \
        "$(sha256sum <"$root/qemu/bochs.patch" | cut -c1-16)" | tr -s ' \n' ' '
}

up_to_date() {
    [ -x "$prefix/bin/bochs" ] && [ "$(sed -n 2p "$prefix/share/built-from" 2>/dev/null)" = "$(recipe)" ]
}

same_hash() { printf '%s  %s\n' "$1" "$2" | sha256sum -c --status 2>/dev/null; }

# find_source: sets tarball and hash, or explains in $tried why no suite had it.
find_source() {
    folder=$prefix/apt
    tried=
    for suite in $(release_codename) trixie testing unstable; do
        case "$tried" in *" $suite:"*) continue ;; esac
        if ! apt_private_open "$folder" deb-src "$suite"; then
            tried="$tried $suite: ${apt_error:-no index};"
            continue
        fi
        # One line a file: 'address' name size SHA256:hash. --tar-only: the upstream tarball alone. In an empty folder,
        # because what is already there is not listed.
        line=$(cd "$folder/cache" && apt_private "$folder" apt-get source --tar-only --print-uris bochs 2>/dev/null |
            grep '\.orig\.tar\.' | head -n 1) || line=
        name=$(printf '%s' "$line" | awk '{ print $2 }')
        hash=${line##*SHA256:}
        version=$(printf '%s' "$name" | sed 's/^bochs_\([0-9.]*[0-9]\).*/\1/')
        if [ -z "$name" ]; then
            tried="$tried $suite: no bochs;"
        elif [ "$(printf '%s\n%s\n' "$version" "$least" | sort -V | head -n 1)" != "$least" ]; then
            tried="$tried $suite: $version is older than $least;"
        else
            tarball=$sources/$name
            if ! same_hash "$hash" "$tarball"; then
                rm -f "$tarball"
                (cd "$sources" && apt_private "$folder" apt-get source --download-only --tar-only bochs) \
                    >"$folder/log" 2>&1 || true
            fi
            if same_hash "$hash" "$tarball"; then
                rm -rf "$folder"
                return 0
            fi
            tried="$tried $suite: $version does not have the hash of the signed index, or did not come;"
        fi
    done
    rm -rf "$folder"
    return 1
}

build() {
    work=$(mktemp -d "$prefix/build.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    tar -xf "$tarball" -C "$work" --strip-components=1 || die 5 "cannot unpack $tarball"
    cd "$work"
    patch -p1 -s <"$root/qemu/bochs.patch" >patch.log 2>&1 || die 5 "bochs.patch does not fit Bochs $version: $(tail -n 1 patch.log)"
    # shellcheck disable=SC2086
    ./configure $features CFLAGS="$optimise" CXXFLAGS="$optimise" >configure.log 2>&1 ||
        die 5 "Bochs' configure failed: $(tail -n 1 configure.log)"
    make -j"$(getconf _NPROCESSORS_ONLN)" bochs >make.log 2>&1 ||
        die 5 "Bochs does not compile: $(grep -m1 -E 'error|Error' make.log)"
    ./bochs --help cpu 2>&1 </dev/null | grep -q corei7_skylake_x || die 5 "this Bochs lacks the model corei7_skylake_x"
    grep -q 'define BX_SUPPORT_VMX 2' config.h || die 5 "this Bochs was configured without VMX"
    mkdir -p "$prefix/bin" "$prefix/share"
    strip -o "$prefix/bin/bochs.$$" bochs
    mv -f "$prefix/bin/bochs.$$" "$prefix/bin/bochs"
    cp COPYING "$prefix/share/COPYING"
    { printf '%s %s\n' "$hash" "${tarball##*/}"; recipe; } >"$prefix/share/built-from"
}

case ${1:-} in
    '' | --force) ;;
    --check) if up_to_date; then exit 0; else exit 1; fi ;;
    *) die 2 "$1: expected --check or --force" ;;
esac
for tool in c++ make tar xz patch; do
    command -v $tool >/dev/null 2>&1 || die 3 "$tool is missing: run make setup"
done
[ "${1:-}" = --force ] || ! up_to_date || exit 0
mkdir -p "$prefix" "$sources"
find_source || die 4 "no source of Bochs $least or newer:${tried%;}"
say "building Bochs $version (SHA256 $hash, checked), one to two minutes on 2 cores"
build
