# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # secret, place, top, program and children are demo.sh's
# One secret over the attested channel, and who does not get it. Sourced by demo.sh.

reason() { # the last refusal in the audit log, which only the operator sees
    local cause what
    read -r cause what < <(grep '"refused"' "$place/state/bulla/broker/audit.log" | tail -n 1 |
        sed 's/.*"cause":\([0-9]*\).*"what":"\([^"]*\)".*/\1 \2/')
    cause=$(printf 'BL-%04d' "$cause")
    printf '    the audit log says: %s (%s)\n' "$what" "$cause"
    bulla explain "$cause" | head -n 1 | sed 's/^/    /'
}
start_broker() { # OPTIONS...: on a free port; waits until it serves
    : >broker.out
    bulla serve --listen 127.0.0.1:0 "$@" >broker.out 2>broker.err &
    broker=$!
    children+=("$broker")
    for _ in $(seq 100); do
        if grep -q "^serving at" broker.out; then return; fi
        sleep 0.1
    done
    cat broker.out broker.err
    exit 1
}
stop_broker() {
    kill "$broker"
    wait "$broker"
}

say "A broker: gate, vault and appraiser, each in a cell of its own"
start_broker --dev
printf -- '- bulla serve --dev\n'
ended broker.out
step "the owner stores a secret; it is encrypted before it leaves" "bulla admin put letters/copper letter"
step "this machine's TPM is certified by credential activation" "bulla platform enroll"
cat >policy.yaml <<'POLICY'
format: 1
name: machines of this demo
version: 1
subject: machine
binding: channel
classes: [software]
platforms: any
platform_pcrs: any
not_after: 4000000000
POLICY
refused 12 BL-1201 "nobody was granted it yet" "bulla get letters/copper"
reason
step "the owner grants it to whoever meets a policy" "bulla admin grant letters/copper --policy policy.yaml"
step "attested over this very connection, released" "bulla get letters/copper | cmp - letter"

say "Who does not get it"
relay=$(dirname "$program")/../../tests/relay_client # beside it in the build directory
if [ -x "$relay" ]; then
    # shellcheck disable=SC2034 # used in the command below
    address=$(cat "$place/config/bulla/broker")
    refused 12 BL-1201 "a client that relays somebody else's evidence" "$relay '$address' letters/copper"
    reason
else
    later "the relayed evidence: tests/relay_client is not built"
fi
step "another owner, with an admin key of another broker" "bulla key generate --kind x25519 -o foreign.x >/dev/null
      XDG_STATE_HOME=$place/other XDG_CONFIG_HOME=$place/otherconfig timeout -s TERM 3 bulla serve --listen 127.0.0.1:0 || true"
refused 12 BL-1202 "an admin request without the admin's signature" \
    "bulla admin put letters/copper policy.yaml --admin-key $place/otherconfig/bulla/admin.key"
reason
cp "$place/state/bulla/tpm/state" tpm.old
step "it is used again, and its TPM counts its starts" "bulla get letters/copper | cmp - letter"
cp tpm.old "$place/state/bulla/tpm/state"
refused 12 BL-1201 "the TPM's state was put back to an older one" "bulla get letters/copper"
reason

say "The audit log: every line chained to the one before, its head signed"
step "verified offline, with nothing but the broker's address" "bulla audit verify $place/state/bulla/broker/audit.log"
cp "$place/state/bulla/broker/audit.log" "$place/state/bulla/broker/audit.head" .
sed -i '4s/"put"/"get"/' audit.log
refused 4 BL-0406 "a line of it edited" "bulla audit verify audit.log"
cp "$place/state/bulla/broker/audit.log" audit.log
sed -i '$d' audit.log
refused 4 BL-0407 "its last line cut off" "bulla audit verify audit.log"
stop_broker

say "A broker that was not told to trust software"
rm -rf "$place/state/bulla/broker" "$place"/config/bulla/{admin.key,broker-recovery.key}
start_broker
step "the secret again" "bulla admin put letters/copper letter"
refused 12 BL-1201 "software-class evidence: no authority of it is trusted" "bulla platform enroll"
reason
step "told of the authority, as class software" \
    "bulla admin anchor add demo --class software $place/state/bulla/tpm/authority.crt && bulla platform enroll"
step "but the policy asks for hardware" "sed 's/software/hardware/' policy.yaml >hardware.yaml
      bulla admin grant letters/copper --policy hardware.yaml"
refused 12 BL-1201 "software-class evidence under a policy that wants hardware" "bulla get letters/copper"
reason
stop_broker
