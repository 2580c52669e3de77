#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install the Debian packages that the named groups of tools/packages need and that are missing.
#
# Usage: tools/setup.sh GROUP...        (build test demo package)
#        tools/setup.sh --list GROUP... (print what is missing, install nothing)
#
# Says which packages and why, and asks for root once (sudo). Starts no service: a policy-rc.d is in
# place while apt runs, and a service that a new package enabled is disabled again. Where neither
# root nor sudo is at hand it prints the one command to run and exits with 1.
set -eu
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
here=$(cd "$(dirname "$0")" && pwd)

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# wanted GROUP...: "package why" of each line of these groups for this release, once each.
wanted() {
    release=$(sed -n 's/^VERSION_ID="*\([0-9]*\).*/\1/p' /etc/os-release)
    awk -v groups=" $* " -v release="@$release" '
        /^#/ || NF == 0 { next }
        index(groups, " " $1 " ") == 0 || seen[$2] { next }
        $3 ~ /^@/ { if ($3 != release) next; $3 = "" }
        { seen[$2] = 1; name = $2; $1 = $2 = ""; sub(/^ +/, ""); print name, $0 }' "$here/packages"
}

missing() {
    wanted "$@" | while read -r package why; do
        installed "$package" || printf '%s %s\n' "$package" "$why"
    done
}

# Links by which a service is started at boot, under systemd and System V init.
boot_links() {
    find /etc/systemd/system /etc/rc[0-6S].d -type l 2>/dev/null | sort
}

installed_packages() {
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort
}

# disable_new DIRECTORY: remove the boot links that point into a package installed since the lists
# in DIRECTORY were made. Links of packages that were there before are the administrator's.
disable_new() {
    installed_packages | comm -13 "$1/packages" - >"$1/new"
    boot_links | comm -13 "$1/links" - | while read -r link; do
        unit=$(readlink -f "$link")
        # dpkg may know it by its name before /lib and /usr/lib became one
        owner=$(dpkg -S "$unit" "${unit#/usr}" 2>/dev/null | head -n 1 | cut -d: -f1)
        if grep -qxF "${owner:-/}" "$1/new"; then
            rm -f "$link"
            echo "setup: left disabled: $link ($owner)" >&2
        fi
    done
}

# quietly COMMAND...: its output only if it fails.
quietly() {
    "$@" >"$before/apt.log" 2>&1 || {
        tail -n 30 "$before/apt.log" >&2
        return 1
    }
}

# Runs as root. Leaves every service as it was: not started, not enabled.
install_packages() {
    guard=/usr/sbin/policy-rc.d
    before=$(mktemp -d)
    trap 'rm -rf "$before"; [ -z "${made_guard:-}" ] || rm -f "$guard"' EXIT
    trap 'exit 1' HUP INT TERM
    boot_links >"$before/links"
    installed_packages >"$before/packages"
    if [ ! -e "$guard" ]; then
        made_guard=yes
        printf '#!/bin/sh\nexit 101\n' >"$guard"
        chmod 755 "$guard"
    fi
    for package in "$@"; do
        if [ -z "$(apt-cache policy "$package" | sed -n 's/^  Candidate: *\([^(].*\)/\1/p')" ]; then
            quietly apt-get -q update
            break
        fi
    done
    apt-get -qy install --no-install-recommends "$@" >"$before/apt.log" 2>&1 || {
        quietly apt-get -q update
        quietly apt-get -qy install --no-install-recommends "$@"
    }
    disable_new "$before"
}

if [ "${1:-}" = --install ]; then
    shift
    install_packages "$@"
    exit
fi
if [ "${1:-}" = --list ]; then
    shift
    missing "$@"
    exit
fi
[ $# -gt 0 ] || set -- build test

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "setup: this is not Debian; packages that are needed:" >&2
    awk '/^[a-z]/ { print "  " $2 }' "$here/packages" | sort -u >&2
    exit 1
fi
need=$(missing "$@")
[ -n "$need" ] || exit 0
echo "setup: installing what is missing:" >&2
printf '%s\n' "$need" | sed 's/^\([^ ]*\) /  \1: /' >&2
packages=$(printf '%s\n' "$need" | cut -d' ' -f1 | tr '\n' ' ')
# shellcheck disable=SC2086 # one word per package
if [ "$(id -u)" = 0 ]; then
    sh "$here/setup.sh" --install $packages
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    sudo sh "$here/setup.sh" --install $packages
else
    echo "setup: this needs root, and neither root nor sudo is at hand. As root, run:" >&2
    echo "  apt-get install --no-install-recommends $packages" >&2
    exit 1
fi
still=$(missing "$@")
if [ -n "$still" ]; then
    echo "setup: still missing:" >&2
    printf '%s\n' "$still" >&2
    exit 1
fi
