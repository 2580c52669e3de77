#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Show what Bulla does, for real, on this machine: each step with its command and its time, each
# refusal with its reason. Needs no root (beyond installing packages), no TPM and no network.
#
# Usage: tools/demo.sh [BULLA]        (the program; built in build/ without)
#
# Works in a temporary directory, starts only processes that it ends itself, changes nothing else on
# the machine, and can be run again. The parts are the files of tools/demo/, in order; each uses
# step, refused, say and later from here. Exit code 0 only if every step and refusal went as it says.
set -eu -o pipefail
export LC_ALL=C TZ=UTC
top=$(cd "$(dirname "$0")/.." && pwd)
program=$(realpath "${1:-$top/build/src/cmd/bulla}")

secret="seven tokens, one of them of copper" # must never appear in what is printed
place=$(mktemp -d)
export XDG_STATE_HOME=$place/state XDG_CONFIG_HOME=$place/config XDG_RUNTIME_DIR=$place/run
mkdir -m 700 "$XDG_RUNTIME_DIR" "$place/bin" "$place/desk"
ln -s "$program" "$place/bin/bulla"
PATH=$place/bin:$PATH
children=()    # processes that we started and must end
not_shown=()   # what could not be shown here, and why
step_count=0 refusal_count=0 started=$SECONDS

clean_up() {
    status=$?
    for child in "${children[@]}"; do
        if kill "$child" 2>/dev/null; then wait "$child" 2>/dev/null || true; fi
    done
    rm -rf "$place"
    [ "$status" = 0 ] || echo "demo: stopped here with exit code $status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf '\n== %s\n' "$*"; }
later() { not_shown+=("$*"); }
ended() { # FILE...: indent what was printed; stop if the secret is in it
    if grep -qF "$secret" "$@"; then
        echo "demo: the secret was printed"
        exit 1
    fi
    sed 's/^/    /' "$@"
}

# timed FILE COMMAND...: run a shell command, its output to FILE; sets `code` and `took`.
timed() {
    local output=$1 begun
    shift
    begun=$(date +%s%N)
    code=0
    bash -c "$*" >"$output" 2>&1 </dev/null || code=$?
    took=$((($(date +%s%N) - begun) / 1000000))
}

# step WHAT COMMAND: shown, run, timed; must succeed.
step() {
    timed "$place/output" "$2"
    printf -- '- %s (%d ms)\n  $ %s\n' "$1" "$took" "$2"
    ended "$place/output"
    [ "$code" = 0 ] || { echo "demo: that should have worked (exit code $code)"; exit 1; }
    step_count=$((step_count + 1))
}

# refused CODE ID WHAT COMMAND: must fail with this exit code and error id, and give no byte out.
refused() {
    timed "$place/output" "$4"
    printf -- '- refused: %s (%d ms)\n  $ %s\n' "$3" "$took" "$4"
    ended "$place/output"
    if [ "$code" != "$1" ] || ! grep -qF "$2" "$place/output"; then
        echo "demo: expected exit code $1 and $2, got exit code $code"
        exit 1
    fi
    refusal_count=$((refusal_count + 1))
}

altered() { # FROM TO N: a copy in which the N-th byte from the end is another one
    local at byte
    at=$(($(stat -c %s "$1") - $3))
    byte=$(od -An -tu1 -j "$at" -N 1 "$1")
    cp "$1" "$2"
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\$(printf %o $((byte ^ 1)))" | dd of="$2" bs=1 seek="$at" conv=notrunc status=none
}

cd "$place/desk"
for part in "$top"/tools/demo/*.sh; do
    # shellcheck source=/dev/null
    . "$part"
done

say "$step_count steps and $refusal_count refusals as expected, in $((SECONDS - started)) s"
if [ "${#not_shown[@]}" -gt 0 ]; then
    echo "Could not be shown on this machine:"
    printf '  %s\n' "${not_shown[@]}"
fi
