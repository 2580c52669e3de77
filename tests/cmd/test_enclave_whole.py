#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The main job with an unmodified program: redis-server in an enclave attests, gets its password,
keeps its data sealed, and serves the network.

Arguments: the program, bulla-agent."""
import json
import os
import shutil
import socket
import subprocess
import sys
import time

from certified_tpm import certified_tpm
from cli import Skip, case, main, needs_enclaves

AGENT = os.path.abspath(sys.argv[2])
PASSWORD = b"canary-7c2e-redis"
WAIT_S = 60

MANIFEST = """bulla: 1
name: cache
product: example.org/cache
version: {version}
signer: signer.pub
broker: '{broker}'
image:
  files:
    - {{ from: /usr/bin/redis-check-rdb, to: /usr/bin/redis-server }}
    - {{ from: redis.conf, to: /etc/redis.conf }}
entry: [/usr/bin/redis-server, /etc/redis.conf]
resources: {{ memory: 256M, cpus: 1, pids: 32, open_files: 256, tmp: 1M }}
network: {{ listen: ['127.0.0.1:{port} -> 6379'] }}
sealed: [{{ path: /data, size: 64M }}]
secrets: [{{ name: cache/auth, file: /run/secrets/auth.conf }}]
isolation: {{ permit_unenforced: [memory, pids, cpus] }}
"""
CONFIGURATION = b"""bind 127.0.0.1
port 6379
dir /data
appendonly yes
appendfsync always
save ""
include /run/secrets/auth.conf
"""
POLICY = """format: 1
name: cache
version: 1
subject: enclave
binding: channel
classes: [software]
platforms: any
platform_pcrs: any
not_after: 4000000000
isolation: [os]
signers: ["{signer}"]
product: example.org/cache
minimum_version: 1
codes: ["{code}"]
configs: ["{config}"]
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def prepare(home, version=1):
    if not os.path.exists("/usr/bin/redis-check-rdb"):  # the server by another name (redis-tools)
        raise Skip("redis-tools is not installed")
    needs_enclaves()
    home.broker, said = home.serve("--dev")
    home.write("auth.conf", b"requirepass " + PASSWORD + b"\n")
    home.bulla("admin", "put", "cache/auth", "auth.conf").ok()
    home.write("signer.pub", home.bulla("key", "generate", "--kind", "ed25519",
                                        "-o", "signer.key").ok().out)
    home.write("redis.conf", CONFIGURATION, 0o644)
    home.port = free_port()
    home.address = said["address"]
    build(home, version)


def build(home, version=1):
    for name in ("app.bimg", "app.id"):
        (home / name).unlink(missing_ok=True)
    home.write("bulla.yaml", MANIFEST.format(version=version, broker=home.address,
                                             port=home.port).encode())
    home.bulla("enclave", "build", "--agent", AGENT, "-o", "app.bimg").ok()
    home.bulla("enclave", "sign", "app.bimg", "--key", "signer.key", "-o", "app.id").ok()


def grant(home):
    """Whoever is this very image and manifest may have the secret."""
    is_ = home.bulla("enclave", "check", "--json").ok().json
    is_.update(home.bulla("enclave", "measure", "app.bimg", "--json").ok().json)
    home.write("policy.yaml", POLICY.format(**is_).encode())
    home.bulla("admin", "grant", "cache/auth", "--policy", "policy.yaml").ok()


def ask(home, *words, password=PASSWORD, wait_s=WAIT_S):
    """One command in redis's own protocol; b"" if nobody answers in time."""
    def encode(parts):
        return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", home.port), timeout=5) as s:
                s.sendall((encode([b"AUTH", password]) if password else b"") + encode(words))
                s.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: s.recv(4096), b""))
        except OSError:
            answer = b""
        if answer and b"LOADING" not in answer:
            return answer
        time.sleep(0.05)
    return b""


def start(home, *options):
    return home.start("enclave", "run", "app.bimg", "app.id", *options, stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL)


def refusals(home):
    log = (home / "state/bulla/broker/audit.log").read_text().splitlines()
    return [json.loads(line) for line in log if '"refused"' in line]


def stop(home, monitor):
    home.bulla("enclave", "stop", "cache").ok()
    assert monitor.wait(timeout=WAIT_S) == 0, home.bulla("enclave", "logs", "cache").text


def wait_for_health(home, word):
    for _ in range(WAIT_S * 20):
        listed = home.bulla("enclave", "ps", "--json").ok().json["enclaves"]
        if [e["health"] for e in listed] == [word]:
            return
        time.sleep(0.05)
    raise AssertionError(listed)


def nothing_leaked(home):
    """Neither the password nor the data is anywhere that the host keeps."""
    (home / "auth.conf").unlink(missing_ok=True)
    for path in (home / "state").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert PASSWORD not in content and b"canary-value" not in content, path


@case
def it_gets_its_secret_serves_and_keeps_its_data(home):
    prepare(home)
    grant(home)
    monitor = start(home)
    assert ask(home, b"SET", b"k", b"canary-value") == b"+OK\r\n+OK\r\n"
    assert ask(home, b"GET", b"k", password=None).startswith(b"-NOAUTH")
    assert ask(home, b"CONFIG", b"GET", b"dir") == b"+OK\r\n*2\r\n$3\r\ndir\r\n$5\r\n/data\r\n"
    stop(home, monitor)
    monitor = start(home)
    assert ask(home, b"GET", b"k") == b"+OK\r\n$12\r\ncanary-value\r\n"
    for i in range(50): # each is acknowledged, and then everything is killed at once
        assert ask(home, b"RPUSH", b"list", b"%d" % i) == b"+OK\r\n:%d\r\n" % (i + 1)
    monitor.kill()
    monitor.wait()
    for _ in range(100):
        monitor = start(home)
        if ask(home, b"LLEN", b"list", wait_s=5):
            break
    assert ask(home, b"LLEN", b"list") == b"+OK\r\n:50\r\n"
    stop(home, monitor)
    nothing_leaked(home)
    home.stop(home.broker)


@case
def its_health_is_watched(home):
    """What the host chooses is not part of the identity. The program stops listening: it is ended,
    started again, and has its data."""
    prepare(home)
    grant(home)
    home.write("bulla.yaml", (home / "bulla.yaml").read_bytes() + b"""restart: on-failure
health: { port: 6379, interval: 500ms, timeout: 400ms }
""")
    monitor = start(home)
    assert ask(home, b"SET", b"k", b"canary-value") == b"+OK\r\n+OK\r\n"
    wait_for_health(home, "ok")
    assert ask(home, b"CONFIG", b"SET", b"port", b"0") == b"+OK\r\n+OK\r\n"
    wait_for_health(home, "failing")
    wait_for_health(home, "ok")
    assert ask(home, b"GET", b"k") == b"+OK\r\n$12\r\ncanary-value\r\n"
    stop(home, monitor)
    home.stop(home.broker)


@case
def without_a_grant_nothing_starts(home):
    prepare(home)
    result = home.bulla("enclave", "run", "app.bimg", "app.id").fails(12, "BL-1201")
    assert PASSWORD not in result.err.encode()
    assert b"BL-1201" in home.bulla("enclave", "logs", "cache").ok().out
    assert not list((home / "state/bulla/enclaves/cache").rglob("sealed-*"))
    assert ask(home, b"PING", wait_s=0.2) == b""


@case
def another_configuration_gets_nothing(home):
    prepare(home)
    grant(home)
    home.port = free_port() # the manifest says so: it is another enclave
    build(home)
    home.bulla("enclave", "run", "app.bimg", "app.id").fails(12, "BL-1201")
    nothing_leaked(home)


@case
def without_a_broker_nothing_starts(home):
    prepare(home)
    grant(home)
    home.stop(home.broker)
    home.bulla("enclave", "run", "app.bimg", "app.id").fails(11, "BL-1101")


@case
def state_that_was_put_back_gets_nothing(home):
    """Blob, volume and vTPM rolled back together: only the broker remembers, and it does."""
    prepare(home)
    grant(home)
    state = home / "state/bulla/enclaves/cache"
    for value in (b"old", b"new"):
        monitor = start(home)
        assert ask(home, b"SET", b"k", value) == b"+OK\r\n+OK\r\n"
        stop(home, monitor)
        if value == b"old":
            subprocess.run(["cp", "-a", state, home / "copy"], check=True)
    shutil.rmtree(state)
    subprocess.run(["cp", "-a", home / "copy", state], check=True)
    home.bulla("enclave", "run", "app.bimg", "app.id").fails(12, "BL-1201")
    assert refusals(home)[-1]["cause"] == 903, refusals(home)


@case
def the_machines_own_tpm_vouches(home):
    """Both layers of evidence: what measured this machine answers for the enclave's TPM, and only
    while the machine is as it was when the secret was granted."""
    tpm = certified_tpm(home, "http://127.0.0.1:9/none")
    machine = tpm.options()
    prepare(home)
    up = ("up", "--class", "hypervisor", "--key", "signer.key", "--agent", AGENT)
    home.bulla("admin", "anchor", "add", "maker", "--class", "hypervisor", "root.der").ok()
    home.bulla(*up).fails(2, "BL-0205") # the embedded TPM measures nothing
    home.bulla(*up, *machine).fails(13, "BL-1301") # not enrolled
    home.bulla("platform", "enroll", "--issuer", "intermediate.der", *machine).ok()
    home.bulla(*up, *machine).fails(2, "BL-0205") # nothing measured it yet
    tpm.extend(4)
    monitor = home.start(*up, *machine, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert ask(home, b"SET", b"k", b"canary-value") == b"+OK\r\n+OK\r\n"
    stop(home, monitor)
    monitor = home.start("enclave", "run", "cache.bimg", "cache.id", *machine,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert ask(home, b"GET", b"k") == b"+OK\r\n$12\r\ncanary-value\r\n"
    stop(home, monitor)
    tpm.extend(4) # another kernel
    home.bulla("enclave", "run", "cache.bimg", "cache.id", *machine).fails(12, "BL-1201")
    assert refusals(home)[-1]["what"] == "platform-pcrs", refusals(home)[-1]
    nothing_leaked(home)


main()
