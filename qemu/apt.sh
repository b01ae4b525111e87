# Sourced after common.sh: Debian's package client, with the machine's own configuration or with a private one.
# No archive is named here: the mirror is the one that the machine's configuration uses for its own release.

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# The first error of a package client's log, without the address of the archive.
apt_reason() { grep -m1 '^E:' "$1" 2>/dev/null | sed 's#[a-z+]*://[^ ]*/##g' | cut -c1-160; }

# apt_install PACKAGE...: installs without recommended packages; fetches the package lists once if they are missing or old.
apt_install() {
    log=$(mktemp)
    set -- apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=600 "$@"
    if ! as_root env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1; then
        as_root apt-get update -q >>"$log" 2>&1 || true
        if ! as_root env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1; then
            reason=$(apt_reason "$log")
            [ -n "$reason" ] || reason=$(tail -n 1 "$log")
            rm -f "$log"
            die 3 "apt-get install failed: $reason"
        fi
    fi
    rm -f "$log"
}

# apt_mirror: the base address of the archive that carries the running release (not its updates or security archive).
apt_mirror() {
    apt-get update --print-uris 2>/dev/null |
        sed -n "s,^'\(.*\)/dists/\([^/]*\)/InRelease'.*,\1 \2,p" |
        awk -v release="$(release_codename)" '
            $2 == release { print $1; found = 1; exit }
            other == "" && $2 !~ /-/ { other = $1 }
            END { if (!found && other != "") print other }'
}

# apt_private FOLDER: a package client that sees only FOLDER/sources.list and keeps its lists and archives in FOLDER.
# Use: apt_private FOLDER apt-get update
apt_private() {
    apt_folder=$1
    apt_client=$2
    shift 2
    "$apt_client" -q -o Dir::Etc::sourcelist="$apt_folder/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::Lists="$apt_folder/lists" -o Dir::Cache="$apt_folder/cache" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none -o Acquire::Retries=2 "$@"
}

# apt_private_open FOLDER TYPE SUITE: prepares FOLDER for one suite (TYPE: deb or deb-src) and fetches its signed index.
# False, with the reason in $apt_error, when the suite is not to be had.
apt_private_open() {
    mirror=$(apt_mirror)
    [ -n "$mirror" ] || { apt_error="no archive in the package configuration"; return 1; }
    ring=/usr/share/keyrings/debian-archive-keyring.gpg
    signed=
    [ ! -r "$ring" ] || signed="[signed-by=$ring] "
    rm -rf "$1"
    mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
    printf '%s %s%s %s main\n' "$2" "$signed" "$mirror" "$3" >"$1/sources.list"
    apt_private "$1" apt-get update >"$1/log" 2>&1 && return 0
    apt_error=$(apt_reason "$1/log")
    return 1
}
