# Sourced by the scripts of this folder: where things are, and how a script says that it failed.
# The sourcing script has set `root`, the checkout's folder.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/hvkernel
# One for each patch: checkouts whose patches differ would build over each other by turns.
bochs_home=$cache/bochs/$(sha256sum <"$root/qemu/bochs.patch" | cut -c1-12)
out=$root/out
me=${0##*/}

say() { printf '%s: %s\n' "${me%.sh}" "$*" >&2; }

# die STATUS WORDS...: one line on stderr, and out.
die() {
    status=$1
    shift
    printf '%s: error: %s\n' "${me%.sh}" "$*" >&2
    exit "$status"
}

# The release this machine runs, as its archive names it ("bookworm").
release_codename() { (. /etc/os-release 2>/dev/null && printf '%s\n' "${VERSION_CODENAME:-}"); }

absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s/%s\n' "$PWD" "$1" ;; esac; }

# stale TARGET SOURCE...: true when TARGET is missing or older than a file below one of the sources.
stale() {
    target=$1
    shift
    [ -e "$target" ] || return 0
    [ -n "$(find "$@" -type f -newer "$target" ! -path '*/obj/*' ! -path '*/bin/*' -print 2>/dev/null | head -n 1)" ]
}
