# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # secret, place, top and children are demo.sh's
# Sealing: to the embedded TPM, to an emulated TPM and its state, to people. Sourced by demo.sh.

printf '%s\n' "$secret" >letter

say "Three commands, no root, no TPM, no network"
step "what this machine has" "bulla doctor"
step "seal" "bulla seal --recovery recovery.key -o letter.bulla letter"
step "open it again" "bulla unseal letter.bulla | cmp - letter"
step "what a stranger sees of it" "bulla inspect letter.bulla"

say "It says why it does not open"
altered letter.bulla altered.bulla 20
refused 4 BL-04 "one byte changed" "bulla unseal altered.bulla"
head -c $(($(stat -c %s letter.bulla) - 20)) letter.bulla >short.bulla
refused 4 BL-04 "cut short" "bulla unseal short.bulla"
refused 6 BL-0603 "asked for under another name" "bulla unseal --name another letter.bulla"
step "another machine (another embedded TPM) seals something of its own" \
    "echo other | XDG_STATE_HOME=$place/elsewhere bulla seal --device embedded --name other --no-recovery -o other.bulla"
refused 6 BL-06 "on that machine" "XDG_STATE_HOME=$place/elsewhere bulla unseal --device embedded letter.bulla"
refused 3 BL-0304 "not a blob" "bulla unseal letter"
step "the recovery identity opens it anywhere" \
    "XDG_STATE_HOME=$place/elsewhere bulla unseal --identity recovery.key letter.bulla | cmp - letter"
refused 2 BL-0203 "no recovery, and not said so" "bulla seal -o lonely.bulla letter"

say "Bound to the state of a TPM (swtpm, a process of its own)"
if command -v swtpm >/dev/null; then
    mkdir tpm
    swtpm socket --tpm2 --tpmstate dir=tpm --server type=unixio,path=tpm/socket \
        --flags startup-clear,not-need-init >tpm/log 2>&1 &
    children+=($!)
    for _ in $(seq 50); do [ -S tpm/socket ] || sleep 0.1; done
    step "seal to PCR 7" "bulla seal --tpm-socket tpm/socket --bind pcr:7 --recovery recovery.key -o state.bulla letter"
    step "open it in that state" "bulla unseal --tpm-socket tpm/socket state.bulla | cmp - letter"
    step "something new was measured" "python3 $top/tools/demo/extend_pcr.py tpm/socket 7"
    refused 5 BL-0502 "the state changed" "bulla unseal --tpm-socket tpm/socket state.bulla"
    refused 6 BL-06 "another TPM" "bulla unseal state.bulla"
    step "the owner's way back" "bulla unseal --identity recovery.key state.bulla | cmp - letter"
else
    later "sealing to the state of a TPM: swtpm is not installed"
fi

say "To people, and of any size"
step "a key pair" "bulla key generate -o anna.key >anna.pub"
step "seal to her" "bulla seal --recipient @anna.pub -o anna.bulla letter"
step "she opens it" "bulla unseal --identity anna.key anna.bulla | cmp - letter"
step "somebody else's key pair" "bulla key generate -o otto.key >otto.pub"
refused 6 BL-06 "somebody else" "bulla unseal --identity otto.key anna.bulla"
step "1 GiB through a pipe, in 100 MB of address space" "ulimit -v 100000
      head -c 1G /dev/zero | bulla seal --name stream --recipient @anna.pub |
      bulla unseal --identity anna.key | cmp -n 1073741824 - /dev/zero"

say "An interrupted write leaves the old file"
step "seal over it, and kill -9 in the middle" "cp anna.bulla before
      timeout --signal=KILL 0.3 sh -c 'head -c 10G /dev/zero | exec bulla seal --name n --recipient @anna.pub -f -o anna.bulla' || true
      cmp anna.bulla before"
