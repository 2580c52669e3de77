# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # secret, place, top, program and children are demo.sh's
# An unmodified redis-server in an enclave: from its manifest to a client, and what does not start.
# Sourced by demo.sh.

enclave_missing() { # why no enclave can run here; nothing if one can
    if [ ! -x "$agent" ]; then
        echo "bulla-agent is not built"
    elif [ ! -x /usr/bin/redis-check-rdb ]; then
        echo "redis-tools is not installed"
    elif ! unshare --user --map-root-user --mount true 2>/dev/null; then
        echo "user namespaces are forbidden"
    elif [ ! -w /dev/fuse ]; then
        echo "/dev/fuse cannot be opened"
    fi
}
up() { # OPTIONS...: in the background; waits until a client is served
    bulla up "$@" --agent "$agent" >up.out 2>&1 &
    enclave=$!
    children+=("$enclave")
    for _ in $(seq 150); do
        if [ "$(asked PING 2>&1)" = PONG ]; then return; fi
        if ! kill -0 "$enclave" 2>/dev/null; then break; fi
        sleep 0.1
    done
    cat up.out
    bulla enclave logs cache
    exit 1
}
asked() { REDISCLI_AUTH=$secret timeout 5 redis-cli --no-auth-warning -h 127.0.0.1 -p "$port" "$@"; }
manifest() { # VERSION MEMORY [NAME]
    local name=${3:-cache}
    cat >bulla.yaml <<MANIFEST
bulla: 1
name: $name
product: example.org/$name
version: $1
signer: signer.pub
broker: $place/config/bulla/broker
image:
  files:
    - { from: /usr/bin/redis-check-rdb, to: /usr/bin/redis-server }
    - { from: redis.conf, to: /etc/redis.conf }
entry: [/usr/bin/redis-server, /etc/redis.conf]
resources: { memory: $2, cpus: 1, pids: 32, open_files: 256, tmp: 1M }
network: { listen: ["127.0.0.1:$port -> 6379"] }
sealed: [{ path: /data, size: 64M }]
secrets: [{ name: cache/auth, file: /run/secrets/auth.conf }]
isolation: { permit_unenforced: [memory, pids, cpus] }
MANIFEST
}
rebuilt() { # NAME: an image and identity document under another name
    rm -f "$1.bimg" "$1.id"
    bulla enclave build --agent "$agent" -o "$1.bimg" >/dev/null
    bulla enclave sign "$1.bimg" --key signer.key -o "$1.id"
}

agent=$(dirname "$program")/../agent/bulla-agent # beside it in the build directory
[ -x "$agent" ] || agent=$(dirname "$program")/../libexec/bulla/bulla-agent
missing=$(enclave_missing)
say "An enclave: redis-server as Debian ships it, and nothing else in its world"
if [ -n "$missing" ]; then
    echo "Not on this machine: $missing."
    later "an enclave that gets its secret and keeps its data: $missing"
    later "an image with one byte changed, another memory limit, an older version: $missing"
    later "sealed data of another enclave, or put back together with its TPM: $missing"
    return
fi

new_broker() {
    rm -rf "$place/state/bulla/broker" "$place"/config/bulla/{admin.key,broker-recovery.key}
    start_broker --dev
    printf 'requirepass "%s"\n' "$secret" >auth.conf
}
new_broker
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >redis.conf <<'CONFIGURATION'
bind 127.0.0.1
port 6379
dir /data
appendonly yes
appendfsync always
save ""
include /run/secrets/auth.conf
CONFIGURATION
manifest 1 256M
step "the signer's key, which never comes near the host" "bulla key generate --kind ed25519 -o signer.key >signer.pub"
step "the password, for the broker only" "bulla admin put cache/auth auth.conf && shred -u auth.conf"
step "what the manifest says" "bulla enclave check"
step "built twice, the same bytes" "bulla enclave build --agent $agent -o one.bimg && bulla enclave build --agent $agent -o two.bimg && cmp one.bimg two.bimg && rm two.bimg"
begun=$(date +%s%N)
up --class software
printf -- '- bulla up: built, signed, registered, measured, attested, secret delivered, serving (%d ms)\n' \
    $((($(date +%s%N) - begun) / 1000000))
ended up.out
step_count=$((step_count + 1))
export REDISCLI_AUTH=$secret
client="redis-cli --no-auth-warning -p $port"
step "a client over the network, with the password that only the broker had" "$client SET greeting hello"
refused 0 NOAUTH "a client without it" "env -u REDISCLI_AUTH $client GET greeting"
step "what runs here" "bulla enclave ps"
step "stopped" "bulla down"
up --class software
step "started again: its sealed directory kept the data" "$client GET greeting | grep -x hello"
kill -9 "$enclave"
wait "$enclave" 2>/dev/null || true
sleep 1
up --class software
step "killed with everything in it, started again: nothing acknowledged is lost" "$client GET greeting | grep -x hello"
step "nowhere on the host is the value in clear" "! grep -r hello $place/state"

say "What does not start, or gets no secret"
bulla down
run="bulla enclave run"
altered cache.bimg altered.bimg 100
refused 4 BL-0401 "one byte of the image changed" "$run altered.bimg cache.id"
sed 's/memory: 256M/memory: 512M/' bulla.yaml >more.yaml
refused 6 BL-0601 "another memory limit in the manifest" "$run cache.bimg cache.id --manifest more.yaml"
manifest 1 512M
rebuilt more
refused 12 BL-1201 "the same, signed by the signer, but registered by nobody" "$run more.bimg more.id"
reason
states=$place/state/bulla/enclaves
manifest 1 256M thief
up --class software
step "another enclave of the same signer" "bulla down"
step "is given the sealed data of the first" "rm -r $states/thief/agent/sealed-* && cp -r $states/cache/agent/sealed-* $states/thief/agent
      chown -R --reference=$states/thief/agent $states/thief/agent/sealed-*"
refused 6 BL-0602 "sealed data copied to another enclave" "bulla up --class software --agent $agent || { code=\$?; bulla enclave logs thief | tail -n 3; exit \$code; }"
cp -a "$states/cache" old-state
manifest 2 256M
up --class software
step "version 2 runs, with the data of version 1" "$client GET greeting | grep -x hello && bulla down"
manifest 1 256M
refused 9 BL-0904 "an older version after a newer one" "bulla up --class software --agent $agent"
manifest 2 256M
rm -rf "$states/cache"
cp -a old-state "$states/cache"
refused 12 BL-1201 "sealed data and TPM put back together to before version 2" "bulla up --class software --agent $agent"
reason
stop_broker
