#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Build the Debian package from a copy of the tree: dist/bulla_VERSION_ARCH.deb, the same bytes for
# the same sources. lintian looks at it; what it calls an error fails.
set -eu
export LC_ALL=C TZ=UTC
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
version=$(sed -n "s/^project('bulla', 'c', version: '\([^']*\)'.*/\1/p" meson.build)
[ "$(dpkg-parsechangelog -S Version)" = "$version" ] || {
    echo "make_deb: debian/changelog and meson.build disagree about the version" >&2
    exit 1
}
mkdir "$work/bulla-$version"
git ls-files -z --cached --others --exclude-standard |
    tar --null --files-from=- --ignore-failed-read -cf - 2>/dev/null | tar -C "$work/bulla-$version" -xf -
cd "$work/bulla-$version"
DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -b -us -uc >"$work/log" 2>&1 || {
    tail -n 60 "$work/log" >&2
    exit 1
}
mkdir -p "$top/dist"
for deb in "$work"/bulla_"$version"_*.deb; do
    dpkg -c "$deb" | grep ' ./usr/bin/bulla$' >/dev/null || { echo "make_deb: no program in it" >&2; exit 1; }
    # The project has no mail host of its own to name as maintainer.
    lintian --allow-root --fail-on error \
        --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog "$deb"
    cp "$deb" "$top/dist/"
    echo "dist/$(basename "$deb")"
done
