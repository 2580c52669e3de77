# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # place, top, children and the enclave's words are the earlier parts'
# A TPM of the machine's own vouches for the enclave: both layers of evidence. swtpm stands in for it.
# Sourced by demo.sh.

say "The machine's own TPM vouches for the enclave (swtpm stands in for it)"
if [ -n "$missing" ] || ! command -v swtpm_setup >/dev/null; then
    missing=${missing:-swtpm-tools is not installed}
    echo "Not on this machine: $missing."
    later "evidence of two layers, the machine's around the enclave's: $missing"
    return
fi

maker=$place/desk/maker machine=$place/desk/machine
mkdir "$maker" "$machine"
cat >"$maker/ca.conf" <<CONFIGURATION
statedir = $maker
signingkey = $maker/issuer.key
issuercert = $maker/issuer.pem
certserial = $maker/serial
CONFIGURATION
: >"$maker/ca.options"
cat >"$maker/setup.conf" <<CONFIGURATION
create_certs_tool = $(command -v swtpm_localca)
create_certs_tool_config = $maker/ca.conf
create_certs_tool_options = $maker/ca.options
CONFIGURATION
step "a TPM with its maker's endorsement certificate" \
    "swtpm_setup --tpm2 --tpmstate $machine --create-ek-cert --config $maker/setup.conf >$maker/log"
swtpm socket --tpm2 --tpmstate "dir=$machine" --server "type=unixio,path=$machine/socket" \
    --flags startup-clear,not-need-init >"$machine/log" 2>&1 &
children+=($!)
for _ in $(seq 50); do [ -S "$machine/socket" ] || sleep 0.1; done
tpm="--tpm-socket $machine/socket"
new_broker
manifest 1 256M measured
bulla admin put cache/auth auth.conf >/dev/null
step "the broker is told whom it may believe" \
    "bulla admin anchor add maker --class hypervisor $maker/swtpm-localca-rootca-cert.pem"
step "the machine is enrolled: its key is in the TPM that the maker certified" \
    "bulla platform enroll $tpm --issuer $maker/issuer.pem"
step "its boot is measured" "python3 $top/tools/demo/extend_pcr.py $machine/socket 4"
# shellcheck disable=SC2086 # two words
up --class hypervisor $tpm
ended up.out
step "a client" "$client PING"
bulla down
step "another kernel was booted" "python3 $top/tools/demo/extend_pcr.py $machine/socket 4"
refused 12 BL-1201 "the machine is not the one that the secret was granted to" \
    "$run measured.bimg measured.id $tpm"
reason
stop_broker
