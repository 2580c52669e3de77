#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Enclaves as users run them: a signed image starts, is listed, is stopped; everything else does not
start. The agent in them is the one of tests/enclave/inside.h, which does what the entry says.

Arguments: the program, that agent, and a program that forbids namespaces."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import cli
from cli import PROGRAM, Skip, case, main, needs_enclaves

AGENT, WITHOUT_USERNS = map(os.path.abspath, sys.argv[2:4])
WAIT_S = 60


def manifest(act, version=1, memory="64M", permitted="memory, pids, cpus", more=""):
    return f"""bulla: 1
name: tested
product: example.org/tested
version: {version}
signer: signer.pub
image: {{ files: [/usr/bin/env] }}
entry: [/usr/bin/env, {act}]
resources: {{ memory: {memory}, cpus: 1, pids: 16, open_files: 64, tmp: 1M }}
sealed: [{{ path: /data, size: 1M }}]
isolation: {{ permit_unenforced: [{permitted}] }}
{more}""".encode()


def prepare(home, act, **how):
    """A signed image in the home. Skips where no enclave can be."""
    needs_enclaves()
    build(home, act, **how)


def build(home, act, **how):
    if not (home / "signer.key").exists():
        home.write("signer.pub", home.bulla("key", "generate", "--kind", "ed25519",
                                            "-o", "signer.key").ok().out)
    home.write("bulla.yaml", manifest(act, **how))
    for name in ("app.bimg", "app.id"):
        (home / name).unlink(missing_ok=True)
    home.bulla("enclave", "build", "--agent", AGENT, "-o", "app.bimg").ok()
    home.bulla("enclave", "sign", "app.bimg", "--key", "signer.key", "-o", "app.id").ok()


def run(home, *options, **how):
    return home.bulla("enclave", "run", "app.bimg", "app.id", *options, **how)


def wait_until_listed(home):
    for _ in range(WAIT_S * 20):
        listed = home.bulla("enclave", "ps", "--json").ok().json["enclaves"]
        if listed and listed[0]["started"]:
            return listed
        time.sleep(0.05)
    raise AssertionError("it does not start")


@case
def it_starts_is_listed_and_stops(home):
    prepare(home, "wait")
    monitor = home.start("enclave", "run", "app.bimg", "app.id", "--json",
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    listed = wait_until_listed(home)
    assert [e["name"] for e in listed] == ["tested"] and listed[0]["pid"] == monitor.pid, listed
    assert "tested" in home.bulla("enclave", "ps").ok().text
    run(home).fails(1, "BL-0107")
    run(home, "--state", home / "elsewhere").fails(1, "BL-0107")
    home.bulla("enclave", "stop", "tested").ok()
    out, err = monitor.communicate(timeout=WAIT_S)
    error = json.loads(err.splitlines()[-1])["error"]
    assert (monitor.returncode, out) == (1, b"") and error["found"] == 7, error  # its answer to SIGTERM
    assert home.bulla("enclave", "ps", "--json").ok().json["enclaves"] == []
    home.bulla("enclave", "stop", "tested").fails(13, "BL-1301")


@case
def what_it_says_is_kept(home):
    prepare(home, "babble")
    run(home).fails(1, "BL-0108")
    assert b"19999: forty-two" in home.bulla("enclave", "logs", "tested").ok().out
    home.bulla("enclave", "logs", "nobody").fails(13, "BL-1301")


@case
def its_end_with_the_monitor(home):
    """A monitor that is killed takes everything with it, and the next start is as any other."""
    prepare(home, "wait")
    monitor = home.start("enclave", "run", "app.bimg", "app.id", stderr=subprocess.DEVNULL)
    wait_until_listed(home)
    children = pathlib.Path(f"/proc/{monitor.pid}/task/{monitor.pid}/children").read_text().split()
    assert len(children) == 2, children  # agent and relay
    monitor.kill()
    monitor.wait()
    for _ in range(WAIT_S * 20):
        if not any(pathlib.Path(f"/proc/{child}").exists() for child in children):
            break
        time.sleep(0.05)
    assert not any(pathlib.Path(f"/proc/{child}").exists() for child in children)
    assert home.bulla("enclave", "ps", "--json").ok().json["enclaves"] == []
    build(home, "leave")
    assert run(home).fails(1, "BL-0108")


@case
def an_older_version_is_refused(home):
    prepare(home, "leave", version=5)
    run(home).fails(1, "BL-0108")
    build(home, "leave", version=4)
    error = json.loads(run(home, "--json").fails(9, "BL-0904").err)["error"]
    assert (error["found"], error["expected"]) == (4, 5), error


@case
def one_byte_of_the_image_changed(home):
    prepare(home, "leave")
    image = bytearray((home / "app.bimg").read_bytes())
    image[-100] ^= 1
    home.write("app.bimg", image)
    run(home).fails(4, "BL-0401")
    assert not (home / "state/bulla/enclaves/tested/vtpm").exists()


@case
def the_memory_limit_changed(home):
    prepare(home, "leave")
    home.write("bulla.yaml", manifest("leave", memory="65M"))
    run(home).fails(6, "BL-0601")
    assert not (home / "state/bulla/enclaves").exists()


@case
def another_signer(home):
    prepare(home, "leave")
    home.write("signer.pub", home.bulla("key", "generate", "--kind", "ed25519",
                                        "-o", "other.key").ok().out)
    run(home).fails(8, "BL-0801")
    assert not (home / "state/bulla/enclaves").exists()


@case
def the_agent_says_why_not(home):
    prepare(home, "refuse")
    run(home).fails(12, "BL-1201")


@case
def without_what_sealed_directories_need(home):
    """A machine without /dev/fuse says so before anything is built, signed or granted."""
    (home / "dev").mkdir()
    hidden = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", """
        mount -t tmpfs none dev
        for name in null zero full random urandom; do
            : >"dev/$name"
            mount --bind "/dev/$name" "dev/$name"
        done
        mount --rbind dev /dev
        exec "$@" """, "sh", PROGRAM]
    if subprocess.run([*hidden[:4], "true"], capture_output=True, check=False).returncode != 0:
        raise Skip("user namespaces are forbidden here")
    build(home, "look")
    for words in (("up", "--key", "signer.key"), ("enclave", "run", "app.bimg", "app.id")):
        run_ = subprocess.run([*hidden, *words], cwd=home.path, env=home.environment,
                              stdin=subprocess.PIPE, capture_output=True, check=False)
        assert run_.returncode == 10 and b"BL-1006" in run_.stderr, run_
        assert b"/dev/fuse" in run_.stderr, run_
    assert not (home / "tested.bimg").exists()


@case
def without_user_namespaces(home):
    build(home, "leave")
    state = {"XDG_STATE_HOME": str(home / "untouched"), "XDG_RUNTIME_DIR": str(home / "untouched")}
    for command in (["enclave", "run", "app.bimg", "app.id"], ["up", "--agent", AGENT]):
        forbidden = subprocess.run([WITHOUT_USERNS, PROGRAM, *command], cwd=home.path,
                                   env={**home.environment, **state}, capture_output=True,
                                   timeout=WAIT_S, check=False)
        cli.Result(command, forbidden.returncode, forbidden.stdout,
                   forbidden.stderr).fails(10, "BL-1005")
    assert not (home / "untouched").exists() and not (home / "tested.bimg").exists()


def health(policy="never"):
    """The tests' agent knows nothing of health checks, so that none is ever answered."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    return (f"network: {{ listen: ['127.0.0.1:{port} -> 80'] }}\nrestart: {policy}\n"
            "health: { port: 80, interval: 200ms, timeout: 100ms }\n")


def said(monitor, word=None):
    """What a monitor says on stderr until `word` is in a line, or until it ends; for a while at most."""
    timer = threading.Timer(WAIT_S / 3, monitor.kill)
    timer.start()
    lines = []
    for line in monitor.stderr:
        lines.append(line.decode())
        if word is not None and word in lines[-1]:
            break
    timer.cancel()
    assert word is None or (lines and word in lines[-1]), lines
    return "".join(lines)


@case
def what_fails_is_started_again(home):
    prepare(home, "leave", more="restart: on-failure\n")
    monitor = home.start("enclave", "run", "app.bimg", "app.id", stderr=subprocess.PIPE)
    began = time.monotonic()
    assert "in 1 s" in said(monitor, "started again")
    assert "in 2 s" in said(monitor, "started again")
    assert time.monotonic() - began >= 1
    listed = home.bulla("enclave", "ps", "--json").ok().json["enclaves"]
    assert [(e["pid"], e["started"], e["health"]) for e in listed] == [(monitor.pid, False, "none")]
    home.bulla("enclave", "stop", "tested").ok()  # in the pause
    rest = said(monitor)
    assert monitor.wait(timeout=WAIT_S) == 1 and "BL-0108" in rest and "again" not in rest, rest
    assert home.bulla("enclave", "ps", "--json").ok().json["enclaves"] == []


@case
def what_is_stopped_is_not_started_again(home):
    prepare(home, "wait", more="restart: always\n")
    for stop in (lambda m: home.bulla("enclave", "stop", "tested").ok(),
                 lambda m: home.bulla("down").ok(), lambda m: m.terminate(),
                 lambda m: m.send_signal(signal.SIGINT), lambda m: m.send_signal(signal.SIGHUP)):
        monitor = home.start("enclave", "run", "app.bimg", "app.id", stderr=subprocess.PIPE)
        said(monitor, "the program runs")
        stop(monitor)
        rest = said(monitor)
        assert monitor.wait(timeout=WAIT_S) == 1 and "again" not in rest, rest


@case
def what_is_refused_is_not_asked_for_again(home):
    prepare(home, "refuse", version=5, more="restart: always\n")
    assert "again" not in run(home).fails(12, "BL-1201").err
    build(home, "leave", version=4, more="restart: always\n")
    assert "again" not in run(home).fails(9, "BL-0904").err


@case
def who_takes_no_connections_is_ended(home):
    prepare(home, "wait", more=health())
    assert "takes no connections" in run(home, timeout=WAIT_S / 3).fails(1, "BL-0109").err


@case
def who_takes_no_connections_is_started_again(home):
    prepare(home, "wait", more=health("on-failure"))
    monitor = home.start("enclave", "run", "app.bimg", "app.id", stderr=subprocess.PIPE)
    said(monitor, "takes no connections")
    listed = home.bulla("enclave", "ps", "--json").ok().json["enclaves"]
    assert [e["health"] for e in listed] == ["failing"], listed
    assert "failing" in home.bulla("enclave", "ps").ok().text
    said(monitor, "the program runs")
    home.bulla("down").ok()
    assert "again" not in said(monitor)
    monitor.wait(timeout=WAIT_S)


@case
def more_than_one_replica_is_refused(home):
    """Before anything is made: nothing would tell the instances apart."""
    build(home, "leave")
    home.write("bulla.yaml", manifest("leave") + b"replicas: 2\n")
    for command in (["enclave", "check"], ["enclave", "build", "--agent", AGENT, "-o", "two.bimg"],
                    ["enclave", "sign", "app.bimg", "--key", "signer.key", "-o", "two.id"],
                    ["enclave", "run", "app.bimg", "app.id"], ["up", "--agent", AGENT]):
        error = json.loads(home.bulla(*command, "--json").fails(3, "BL-0302").err)["error"]
        assert (error["found"], error["expected"]) == (2, 1), error
    assert not (home / "two.bimg").exists() and not (home / "two.id").exists()
    home.write("bulla.yaml", manifest("leave") + b"replicas: 1\n")
    home.bulla("enclave", "check").ok()


@case
def up_says_what_it_needs(home):
    """Two phases from one manifest, and nothing of them where something is missing."""
    prepare(home, "leave")
    home.bulla("down").fails(13, "BL-1301")
    home.bulla("up", "--agent", AGENT, "--key", "nowhere.key").fails(13, "BL-1301")
    assert not (home / "tested.id").exists()
    home.bulla("up", "--agent", AGENT).fails(1, "BL-0108")
    assert (home / "tested.bimg").read_bytes() == (home / "app.bimg").read_bytes()
    secret = manifest("leave") + b"secrets: [{ name: a/b, file: /run/secrets/b }]\n"
    root = b"A" * 43
    home.write("bulla.yaml", secret + b"broker: 'bulla://127.0.0.1:9#" + root + b"'\n")
    assert "--class" in home.bulla("up", "--agent", AGENT).fails(2, "BL-0201").err
    home.bulla("up", "--agent", AGENT, "--class", "software").fails(13, "BL-1301")  # no admin key


main()
