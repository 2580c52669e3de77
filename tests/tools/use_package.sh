#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install the package of dist/ in this (fresh) system, use it as an ordinary user, remove it.
# Run by `make check-deb` in a debootstrap tree; changes the system it runs in.
set -eu
fail() {
    echo "use_package: $*" >&2
    exit 1
}
set -- dist/bulla_*.deb
if [ $# != 1 ] || [ ! -e "$1" ]; then fail "expected one package in dist/"; fi
apt-get -q update >/dev/null
apt-get -qy install --no-install-recommends "./$1" >/dev/null
useradd --create-home --home-dir /srv/visitor visitor
cat >/srv/visitor/first_run <<'END'
set -eu
cd
bulla version
bulla doctor || [ $? -eq 10 ]
printf 'the secret of a visitor\n' >letter
bulla seal --recovery recovery.key -o letter.bulla letter
bulla inspect letter.bulla >/dev/null
bulla unseal letter.bulla | cmp - letter
if grep -q 'secret of a visitor' letter.bulla; then exit 1; fi
END
setpriv --reuid visitor --regid visitor --init-groups --reset-env sh /srv/visitor/first_run ||
    fail "the first run failed"
dpkg -L bulla | grep -q '/man1/bulla' || fail "no manual pages"
dpkg -L bulla | grep -q completions || fail "no completion"
find /etc/systemd /etc/rc?.d -type l 2>/dev/null | while read -r link; do
    if dpkg -S "$(readlink "$link")" 2>/dev/null | grep -q '^bulla:'; then fail "it enabled $link"; fi
done
files=$(dpkg -L bulla | grep -v '/doc/' | while read -r f; do [ -d "$f" ] || echo "$f"; done)
apt-get -qy purge bulla >/dev/null
for file in $files; do
    [ ! -e "$file" ] || fail "left behind: $file"
done
[ -e /srv/visitor/letter.bulla ] || fail "it took the user's blob with it"
echo "installed, used, removed"
