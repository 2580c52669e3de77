#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 10 GiB through seal and unseal, each in 100 MB of address space. Part of `make check-long`.
set -eu -o pipefail
bulla=$(realpath "$1")
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
size=$((10 << 30))
"$bulla" key generate -o "$place/key" >"$place/pub"
ulimit -v 100000
head -c "$size" /dev/zero | "$bulla" seal --name stream --recipient "@$place/pub" |
    "$bulla" unseal --identity "$place/key" | cmp -n "$size" - /dev/zero
echo "10 GiB in $SECONDS s"
