#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Freshness, as a user meets it: an older file that is put back does not open."""
import os
import signal
import subprocess
import time

from cli import PROGRAM, EmulatedTpm, case, main


def seal(home, tpm, content, *options, output="x.bulla"):
    return home.bulla("seal", "--name", "x", "--recovery", "recovery.key", "--fresh", "--json", "-f",
                      "-o", output, *options, *tpm.options(), stdin=content)


def unseal(home, tpm, path="x.bulla", *options):
    return home.bulla("unseal", *options, path, *tpm.options())


@case
def an_older_file_is_refused(home):
    tpm = EmulatedTpm(home)
    assert seal(home, tpm, b"one").ok().json["freshness"] == "tpm"
    shown = home.bulla("inspect", "--json", "x.bulla").ok().json["freshness"]
    assert shown["anchor"] == "tpm" and shown["fork_window"] == 1, shown
    assert "fork window: one version" in home.bulla("inspect", "x.bulla").ok().text
    old = (home / "x.bulla").read_bytes()
    assert unseal(home, tpm, "x.bulla", "--require", "fresh").ok().out == b"one"
    seal(home, tpm, b"two").ok()
    again = home.bulla("inspect", "--json", "x.bulla").ok().json["freshness"]
    assert again["counter"] == shown["counter"] and again["value"] == shown["value"] + 1, again
    home.write("old.bulla", old)
    unseal(home, tpm, "old.bulla").fails(9, "BL-0903")
    assert unseal(home, tpm, "old.bulla", "--allow-stale").ok().out == b"one"
    unseal(home, tpm, "old.bulla", "--allow-stale", "--require", "fresh").fails(9, "BL-0903")
    assert unseal(home, tpm).ok().out == b"two"
    seal(home, tpm, b"other", output="y.bulla").ok()  # another file has a counter of its own
    assert unseal(home, tpm).ok().out == b"two"
    home.bulla("unseal", "--identity", "recovery.key", "x.bulla").fails(9, "BL-0913")
    assert home.bulla("unseal", "--identity", "recovery.key", "--allow-stale",
                      "x.bulla").ok().out == b"two"


@case
def what_has_no_anchor_is_not_fresh(home):
    tpm = EmulatedTpm(home)
    home.sealed()
    assert home.bulla("inspect", "--json", "demo.bulla").ok().json["freshness"] == {"anchor": "none"}
    home.bulla("unseal", "--require", "fresh", "demo.bulla").fails(9, "BL-0913")
    home.bulla("seal", "--name", "x", "--no-recovery", "--fresh", "--device", "embedded", "-o", "y",
               stdin=b"x").fails(2, "BL-0205")
    home.bulla("seal", "--name", "x", "--no-recovery", "--fresh", *tpm.options(),
               stdin=b"x").fails(2, "BL-0201")


@case
def killed_at_any_moment(home):
    """By a recipient's slot: a killed process leaves its objects in a TPM without a resource manager."""
    tpm = EmulatedTpm(home)
    recipient = home.bulla("key", "generate", "-o", "own.key").ok().text.strip()
    words = ["seal", "--name", "x", "--recipient", recipient, "--fresh", "-f", "-o", "x.bulla",
             *map(str, tpm.options())]
    home.bulla(*words, stdin=b"0").ok()
    for i in range(1, 25):
        process = subprocess.Popen([PROGRAM, *words], cwd=home.path, env=home.environment,
                                   stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdin.write(str(i).encode())
        process.stdin.close()
        time.sleep(0.001 * i)
        process.send_signal(signal.SIGKILL)
        process.wait()
        got = unseal(home, tpm, "x.bulla", "--identity", "own.key").ok().out
        assert int(got) <= i, (i, got)
    old = (home / "x.bulla").read_bytes()
    home.bulla(*words, stdin=b"end").ok()
    assert unseal(home, tpm, "x.bulla", "--identity", "own.key").ok().out == b"end"
    os.replace(home.write("put-back", old), home / "x.bulla")
    unseal(home, tpm, "x.bulla", "--identity", "own.key").fails(9, "BL-0903")


main()
