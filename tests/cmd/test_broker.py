#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The broker as operators and machines see it: one secret over the attested channel, and the
refusals, each with its reason in the audit log and without a byte of the secret."""
import http.server
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import threading
import time

from certified_tpm import certified_tpm
from cli import PROGRAM, Skip, case, main

SECRET = b"canary-5f1d-the-secret"
ENCLAVE = """format: 1
name: {name}
version: 1
subject: machine
binding: channel
classes: [{classes}]
platforms: any
platform_pcrs: any
not_after: 4000000000
"""


def policy(home, name, classes="software"):
    return home.write(f"{name}.yaml", ENCLAVE.format(name=name, classes=classes).encode())


def broker(home, *options):
    process, said = home.serve(*options)
    home.write("secret", SECRET)
    home.bulla("admin", "put", "db/password", "secret").ok()
    return process, said


def log(home):
    return (home / "state/bulla/broker/audit.log").read_bytes()


def reasons(home):
    return [json.loads(line) for line in log(home).splitlines() if b'"refused"' in line]


def nothing_leaked(home, result):
    assert SECRET not in result.out and SECRET not in result.err.encode(), result
    assert SECRET not in log(home)
    for path in (home / "state").rglob("*"):
        if path.is_file():
            assert SECRET not in path.read_bytes(), path


@case
def one_secret_over_the_attested_channel(home):
    process, said = broker(home, "--dev")
    assert said["first_start"] and said["dev"]
    assert oct((home / "config/bulla/admin.key").stat().st_mode)[-3:] == "600"
    home.bulla("platform", "enroll").ok()
    home.bulla("admin", "grant", "db/password", "--policy", policy(home, "machines")).ok()
    result = home.bulla("get", "db/password").ok()
    assert result.out == SECRET, result
    home.bulla("get", "db/password", "-o", "out").ok()
    assert (home / "out").read_bytes() == SECRET
    home.bulla("get", "db/password", "-o", "out").fails(1, "BL-0106")
    home.write("secret2", SECRET + b"2")
    assert home.bulla("admin", "put", "db/password", "secret2", "--json").ok().json["version"] == 2
    assert home.bulla("get", "db/password").ok().out == SECRET + b"2"
    assert home.bulla("admin", "list", "--json").ok().json["rows"][0]["version"] == 2
    verified = home.bulla("audit", "verify", "state/bulla/broker/audit.log", "--json").ok().json
    assert verified["lines"] == verified["signed_lines"] > 8
    assert SECRET not in log(home)
    home.stop(process)


@case
def it_survives_stop_start_and_kill(home):
    process, said = broker(home, "--dev")
    home.bulla("platform", "enroll").ok()
    home.bulla("admin", "grant", "db/password", "--policy", policy(home, "machines")).ok()
    home.stop(process)
    process, again = home.serve("--dev")
    assert not again["first_start"]
    assert again["address"].split("#")[1] == said["address"].split("#")[1]
    assert home.bulla("get", "db/password").ok().out == SECRET
    process.send_signal(signal.SIGKILL)
    process.wait()
    process, _ = home.serve("--dev")
    assert home.bulla("get", "db/password").ok().out == SECRET
    home.bulla("audit", "verify", "state/bulla/broker/audit.log").ok()
    home.stop(process)


@case
def without_a_grant_nothing_is_released(home):
    broker(home, "--dev")
    home.bulla("platform", "enroll").ok()
    nothing_leaked(home, home.bulla("get", "db/password").fails(12, "BL-1201"))
    assert reasons(home)[-1]["what"] == "nobody was granted it"
    nothing_leaked(home, home.bulla("get", "db/other").fails(12, "BL-1201"))


@case
def a_taken_back_grant_counts_at_once(home):
    broker(home, "--dev")
    home.bulla("platform", "enroll").ok()
    granted = home.bulla("admin", "grant", "db/password", "--policy", policy(home, "machines"),
                         "--json").ok().json
    home.bulla("get", "db/password").ok()
    home.bulla("admin", "ungrant", "db/password", granted["policy"]).ok()
    nothing_leaked(home, home.bulla("get", "db/password").fails(12, "BL-1201"))


@case
def software_is_refused_by_a_broker_that_was_not_told_to_trust_it(home):
    broker(home)  # no --dev: there is no anchor at all
    nothing_leaked(home, home.bulla("platform", "enroll").fails(12, "BL-1201"))
    assert reasons(home)[-1]["cause"] == 802, reasons(home)
    # Told of the authority, but not to accept the class: enrolled, and still refused.
    home.bulla("admin", "anchor", "add", "own", "--class", "software",
               "state/bulla/tpm/authority.crt").ok()
    home.bulla("platform", "enroll").ok()
    home.bulla("admin", "grant", "db/password", "--policy",
               policy(home, "hardware-only", "hardware")).ok()
    nothing_leaked(home, home.bulla("get", "db/password").fails(12, "BL-1201"))
    assert reasons(home)[-1]["what"] == "platform-class", reasons(home)


@case
def a_revoked_platform_gets_nothing_and_cannot_enrol_again(home):
    broker(home, "--dev")
    home.bulla("platform", "enroll").ok()
    home.bulla("admin", "grant", "db/password", "--policy", policy(home, "machines")).ok()
    platform = home.bulla("platform", "list", "--json").ok().json["rows"][0]["platform"]
    home.bulla("platform", "revoke", platform).ok()
    nothing_leaked(home, home.bulla("get", "db/password").fails(12, "BL-1201"))
    assert reasons(home)[-1]["cause"] == 906, reasons(home)
    home.bulla("platform", "enroll").fails(12, "BL-1201")


@case
def a_tpm_state_that_was_put_back_is_noticed(home):
    broker(home, "--dev")
    home.bulla("platform", "enroll").ok()
    home.bulla("admin", "grant", "db/password", "--policy", policy(home, "machines")).ok()
    state = home / "state/bulla/tpm/state"
    old = state.read_bytes()
    assert home.bulla("get", "db/password").ok().out == SECRET
    home.bulla("get", "db/password").ok()
    state.write_bytes(old)
    nothing_leaked(home, home.bulla("get", "db/password").fails(12, "BL-1201"))
    assert reasons(home)[-1]["cause"] == 903, reasons(home)


@case
def evidence_of_another_connection_is_refused(home):
    _, said = broker(home, "--dev")
    home.bulla("platform", "enroll").ok()
    home.bulla("admin", "grant", "db/password", "--policy", policy(home, "machines")).ok()
    relay = os.path.join(os.path.dirname(PROGRAM), "../../tests/relay_client")
    result = home.bulla(said["address"], "db/password", program=relay)
    assert result.code == 12, result
    assert result.text.splitlines()[:2] == [
        "own connection: released", "same evidence on another connection: refused"], result
    assert reasons(home)[-1]["cause"] == 905, reasons(home)
    nothing_leaked(home, result)


@case
def an_admin_request_without_the_admins_signature_is_refused(home):
    broker(home, "--dev")
    key = home / "config/bulla/admin.key"
    other, said = home.serve("--state", home / "elsewhere", "--admin-key", home / "foreign.key",
                             "--recovery", home / "r2", "--address-file", home / "a2")
    home.stop(other)
    for verb in (("put", "db/password", "secret"), ("list",)):
        result = home.bulla("admin", *verb, "--admin-key", "foreign.key").fails(12, "BL-1202")
        nothing_leaked(home, result)
        assert "next: check --admin-key" in result.err, result
    assert reasons(home)[-1]["what"] == "not a registered admin key", reasons(home)
    assert reasons(home)[-1]["cause"] == 810, reasons(home)
    home.bulla("admin", "list", "--admin-key", "missing.key").fails(13)
    key.chmod(0o644)
    home.bulla("admin", "list").fails(7)


@case
def a_flood_of_strangers_is_counted(home):
    process, _ = broker(home, "--dev")
    other, _ = home.serve("--state", home / "elsewhere", "--admin-key", home / "foreign.key",
                          "--recovery", home / "r2", "--address-file", home / "a2")
    home.stop(other)
    for _ in range(14):
        home.bulla("admin", "list", "--admin-key", "foreign.key").fails(12, "BL-1202")
    assert len(reasons(home)) == 10, reasons(home)
    for _ in range(2):  # an admin's own are never only counted
        home.bulla("admin", "ungrant", "db/password", 64 * "0").fails(13)
    assert len(reasons(home)) == 12, reasons(home)
    process.send_signal(signal.SIGINT)  # an orderly end writes what was only counted
    assert process.wait(timeout=30) == 0, process.stderr.read()
    last = json.loads(log(home).splitlines()[-1])
    assert last["event"] == "refused_many" and last["count"] == 4, last
    assert last["causes"] == "810:4" and last["last_peer"] == "127.0.0.1", last
    verify = ("audit", "verify", "state/bulla/broker/audit.log")
    verified = home.bulla(*verify, "--json").ok().json
    assert verified["refusals"] == 12 and verified["refusals_counted"] == 4, verified
    assert "refusals: 12 with a line of their own; 4 more" in home.bulla(*verify).ok().text


def broker_on_a_small_disk(home):
    """The broker's state on a file system of 1 MiB of its own; the path by which it is seen here."""
    state = home / "state/bulla/broker"
    script = ('cp -a "$1" "$1.kept" && mount -t tmpfs -o size=1m,mode=700 tmpfs "$1" && '
              'cp -a "$1.kept/." "$1" && shift && exec "$@"')
    process = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", state,
         PROGRAM, "serve", "--json", "--listen", "127.0.0.1:0"], cwd=home.path,
        env=home.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    home.processes.append(process)
    if not process.stdout.readline():
        raise Skip("no file system of its own here: " + process.stderr.read().decode())
    return process, pathlib.Path(f"/proc/{process.pid}/root{state}")


@case
def on_a_full_disk_nothing_is_released_until_there_is_room(home):
    process, _ = broker(home, "--dev")
    home.bulla("platform", "enroll").ok()
    home.bulla("admin", "grant", "db/password", "--policy", policy(home, "machines")).ok()
    home.stop(process)
    process, disk = broker_on_a_small_disk(home)
    assert home.bulla("get", "db/password").ok().out == SECRET
    before = (disk / "audit.log").read_bytes()
    with open(disk / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass  # full
    for _ in range(2):
        nothing_leaked(home, home.bulla("get", "db/password").fails(12, "BL-1201"))
        home.bulla("admin", "list").fails(1, "BL-0103")
    alert = json.loads(process.stderr.readline())
    assert alert == {"audit_log_is_written": False, "reason": "No space left on device"}, alert
    assert (disk / "audit.log").read_bytes() == before
    (disk / "filler").unlink()
    assert home.bulla("get", "db/password").ok().out == SECRET
    assert json.loads(process.stderr.readline()) == {"audit_log_is_written": True}
    lines = (disk / "audit.log").read_bytes()[len(before):].splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert events[0] == "resumed" and sorted(events[1:]) == ["refused_many", "released"], lines
    home.write("kept.log", (disk / "audit.log").read_bytes())
    home.bulla("audit", "verify", "kept.log", "--head", disk / "audit.head").ok()
    home.stop(process)


@case
def another_brokers_root_is_not_spoken_to(home):
    process, said = broker(home, "--dev")
    address = said["address"]
    host, root = address.split("#")
    wrong = host + "#" + ("A" if root[0] != "A" else "B") + root[1:]
    for args in (("get", "db/password"), ("platform", "enroll"), ("admin", "list")):
        home.bulla(*args, "--broker", wrong).fails(8)
    home.bulla("get", "db/password", "--broker", "127.0.0.1:1").fails(3)
    home.bulla("get", "db/password", "--broker", "bulla://127.0.0.1:1#" + root).fails(11)
    home.stop(process)


@case
def an_edited_audit_log_is_told_to_the_line(home):
    process, _ = broker(home, "--dev")
    home.stop(process)
    path = home / "state/bulla/broker/audit.log"
    good = path.read_bytes()
    lines = good.splitlines(keepends=True)
    head = (home / "state/bulla/broker/audit.head").read_bytes()
    verify = ("audit", "verify", "state/bulla/broker/audit.log")
    home.bulla(*verify).ok()
    for bad, cause in ((good.replace(b'"put"', b'"pot"'), "BL-0406"),
                       (b"".join(lines[:1] + lines[2:]), "BL-0406"),
                       (b"".join([lines[1], lines[0], *lines[2:]]), "BL-0406"),
                       (b"".join(lines[:-1]), "BL-0407"), (b"", "BL-0407"),
                       (good[:-1], "BL-0406"), (good + lines[-1], "BL-0406")):
        path.write_bytes(bad)
        home.bulla(*verify).fails(4, cause)
    path.write_bytes(good)
    (home / "state/bulla/broker/audit.head").unlink()
    home.bulla(*verify).fails(4, "BL-0408")
    (home / "state/bulla/broker/audit.head").write_bytes(head[:-1] + bytes([head[-1] ^ 1]))
    home.bulla(*verify).fails(8)


@case
def a_broker_does_not_start_on_a_damaged_state(home):
    process, _ = broker(home, "--dev")
    home.stop(process)
    for name in ("store.db", "audit.log", "audit.head", "root.bulla"):
        path = home / "state/bulla/broker" / name
        content = path.read_bytes()
        path.unlink()
        result = home.bulla("serve", "--listen", "127.0.0.1:0")
        assert result.code == 4 and b"serving" not in result.out, (name, result)
        path.write_bytes(content)
        path.chmod(0o600)
    log_path = home / "state/bulla/broker/audit.log"
    content = log_path.read_bytes()
    log_path.write_bytes(content.replace(b'"created"', b'"creator"'))
    assert home.bulla("serve", "--listen", "127.0.0.1:0").code == 4
    log_path.write_bytes(content)
    process, said = home.serve()
    assert not said["first_start"]
    home.stop(process)


@case
def a_first_start_never_writes_over_keys(home):
    (home / "config/bulla").mkdir(parents=True)
    home.write("config/bulla/admin.key", b"somebody's")
    result = home.bulla("serve", "--dev", "--listen", "127.0.0.1:0")
    assert result.code == 1, result
    assert (home / "config/bulla/admin.key").read_bytes() == b"somebody's"
    assert not (home / "state/bulla/broker").exists()
    assert not (home / "config/bulla/broker-recovery.key").exists()


@case
def the_recovery_identity_opens_the_root_on_another_tpm(home):
    process, said = broker(home, "--dev")
    home.stop(process)
    for path in (home / "state/bulla/tpm").iterdir():
        if path.name == "state":
            path.unlink()  # the machine's TPM is gone
    result = home.bulla("serve", "--listen", "127.0.0.1:0")
    assert result.code != 0, result
    process, again = home.serve("--recover", home / "config/bulla/broker-recovery.key")
    assert again["address"].split("#")[1] == said["address"].split("#")[1]
    assert home.bulla("admin", "list", "--json").ok().json["rows"][0]["name"] == "db/password"
    home.stop(process)
    process, _ = home.serve()  # sealed to the new TPM
    home.stop(process)


@case
def a_missing_issuer_is_fetched_from_where_the_administrator_allowed(home):
    class Handler(http.server.SimpleHTTPRequestHandler):
        asked = []

        def __init__(self, *args, **options):
            super().__init__(*args, directory=str(home.path), **options)

        def do_GET(self):
            self.asked.append(self.path)
            super().do_GET()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = f"127.0.0.1:{server.server_port}"
    tpm = certified_tpm(home, f"http://{place}/intermediate.der").options()
    broker(home)
    home.bulla("admin", "anchor", "add", "maker", "--class", "hypervisor", "root.der").ok()
    home.bulla("platform", "enroll", *tpm).fails(12, "BL-1201")
    assert not Handler.asked, "fetched from a host that nobody allowed"
    home.bulla("admin", "anchor", "rm", "maker").ok()
    home.bulla("admin", "anchor", "add", "maker", "--class", "hypervisor", "--fetch-from", place,
               "root.der").ok()
    home.bulla("platform", "enroll", *tpm).ok()
    assert Handler.asked == ["/intermediate.der"]
    row = home.bulla("platform", "list", "--json").ok().json["rows"][0]
    assert row["class"] == "hypervisor", row
    home.bulla("admin", "grant", "db/password", "--policy",
               policy(home, "vms", "hypervisor")).ok()
    assert home.bulla("get", "db/password", *tpm).ok().out == SECRET
    home.write("intermediate.der", b"not a certificate")
    home.bulla("platform", "enroll", *tpm).fails(12, "BL-1201")
    home.bulla("admin", "anchor", "add", "bad", "--class", "software", "--fetch-from", "a b",
               "root.der").fails(3)
    home.bulla("admin", "anchor", "add", "bad", "--class", "software", "intermediate.der").fails(3)
    home.write("root.pem", ssl.DER_cert_to_PEM_cert((home / "root.der").read_bytes()).encode())
    home.bulla("admin", "anchor", "add", "again", "--class", "software", "root.pem").ok()
    home.write("root.pem", (home / "root.pem").read_bytes() * 2) # which one?
    home.bulla("admin", "anchor", "add", "bad", "--class", "software", "root.pem").fails(3)
    server.shutdown()


@case
def a_crashed_gate_comes_back(home):
    process, _ = broker(home, "--dev")
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)],
                              capture_output=True, text=True, check=True).stdout.split()
    assert len(children) == 4, children
    # The first that was started is the vault, the last the gate.
    os.kill(int(max(children, key=int)), signal.SIGKILL)
    for _ in range(100):
        if home.bulla("admin", "list").code == 0:
            break
        time.sleep(0.1)
    home.bulla("admin", "list").ok()
    home.stop(process)


main()
