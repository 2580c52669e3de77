#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run something in a fresh Debian system, with a clone of this repository in /usr/src/bulla.
#
# Usage: tools/fresh_root.sh [COMMAND...]
#          default: make test and make demo, and the demo where namespaces are forbidden
#
# The system is a minimal debootstrap tree, made once and kept in the user's cache directory; each
# run works on a copy, entered by pivot_root in mount and process namespaces of its own, and removed
# at the end. Packages come from where this machine's apt gets them. Only what is committed is
# cloned; dist/ is copied too. Needs root. RELEASE=trixie tries the next Debian.
set -eu
export LC_ALL=C
top=$(cd "$(dirname "$0")/.." && pwd)
release=${RELEASE:-bookworm}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bulla
base=$cache/root-$release.tar

# "URI SUITE COMPONENT" of each index of this release that apt of this machine uses.
sources() {
    # shellcheck disable=SC2016 # apt expands these
    apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sort -u | awk -v here="$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" -v want="$release" '
            $2 ~ "^" here "(-|$)" && $3 == "main" { sub("^" here, want, $2); print }'
}

# The state of apt, names and certificates that reach the mirror of this machine.
copy_network() {
    sources | sed 's/^/deb /' >"$1/etc/apt/sources.list"
    apt-config dump | grep -E '^Acquire::(http|https|Check-[A-Za-z-]*)[: ]' >"$1/etc/apt/apt.conf.d/00host" || true
    cp -L /etc/resolv.conf "$1/etc/resolv.conf"
    mkdir -p "$1/etc/ssl/certs"
    [ ! -e /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
}

make_base() {
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/new-XXXXXX")
    mirror=$(sources | awk -v want="$release" '$2 == want { print $1; exit }')
    [ -n "$mirror" ] || { echo "fresh_root: apt here has no source for $release" >&2; exit 1; }
    echo "fresh_root: debootstrap $release, once" >&2
    debootstrap --variant=minbase "$release" "$work" "$mirror" >"$cache/debootstrap.log" 2>&1 || {
        tail -n 20 "$cache/debootstrap.log" >&2
        exit 1
    }
    tar -C "$work" --numeric-owner -cf "$base.part" .
    mv "$base.part" "$base"
    rm -rf "$work"
}

# Runs in the new namespaces: make ROOT the root directory, with a small /dev, and run the rest.
enter() {
    root=$1
    shift
    mount --make-rprivate /
    mount --bind "$root" "$root"
    cd "$root"
    mount -t proc proc proc
    mount --rbind /sys sys
    mount -t tmpfs -o mode=755 dev dev
    for device in null zero full random urandom tty kvm fuse; do
        [ -e "/dev/$device" ] || continue
        touch "dev/$device"
        mount --bind "/dev/$device" "dev/$device"
    done
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
    mount -t tmpfs -o mode=1777 shm dev/shm
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    ln -s /proc/self/fd/0 dev/stdin
    ln -s /proc/self/fd/1 dev/stdout
    ln -s /proc/self/fd/2 dev/stderr
    mount --bind "$archives" var/cache/apt/archives
    mkdir .old
    pivot_root . .old
    cd /usr/src/bulla
    umount -l /.old
    rmdir /.old
    exec env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb "CI=${CI:-}" \
        ${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} "$@"
}

if [ "${1:-}" = --enter ]; then
    shift
    enter "$@"
fi

[ "$(id -u)" = 0 ] || { echo "fresh_root: needs root; run: sudo $0 $*" >&2; exit 1; }
[ -e "$base" ] || make_base
archives=$cache/archives-$release
mkdir -p "$archives/partial"
export archives
root=$(mktemp -d "$cache/run-XXXXXX")
trap 'rm -rf --one-file-system "$root"' EXIT
trap 'exit 1' HUP INT TERM
tar -C "$root" -xf "$base"
chmod 755 "$root"
copy_network "$root"
[ -z "$(git -C "$top" status --porcelain)" ] || echo "fresh_root: what is not committed is not tried" >&2
git clone -q --no-local "$top" "$root/usr/src/bulla"
[ ! -d "$top/dist" ] || cp -r "$top/dist" "$root/usr/src/bulla/"
[ $# -gt 0 ] || set -- sh -ec 'apt-get -q update >/dev/null
    apt-get -qy install --no-install-recommends git make >/dev/null 2>&1
    make test demo
    build/tests/without_userns make demo'
status=0
unshare --mount --pid --fork sh "$top/tools/fresh_root.sh" --enter "$root" "$@" </dev/null || status=$?
echo "fresh_root: $release: exit code $status" >&2
exit "$status"
