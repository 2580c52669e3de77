#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sealing beside copying and beside other tools, in one run: part of make bench.

By turns, each time into a file that was not there; medians of the rounds' ratios. A peer that is not installed is
named and left out.
"""
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BULLA = pathlib.Path(sys.argv[1]).resolve() / "src/cmd/bulla"
GIB = 1 << 30
BULK_ROUNDS, SMALL_ROUNDS, SLOT_ROUNDS = 5, 31, 15
MEMORY_LIMIT_MIB = 16


class Place:
    """A directory of its own, as a home: nothing of the user's is touched."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.environment = {**os.environ, "HOME": path, "XDG_STATE_HOME": f"{path}/state"}
        self.count = 0

    def fresh(self):
        self.count += 1
        return f"out{self.count}"

    def seconds(self, *words):
        start = time.monotonic()
        run = subprocess.run(words, cwd=self.path, env=self.environment, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, check=False)
        if run.returncode != 0:
            sys.exit(f"bench: {words}: {run.stderr.decode()}")
        return time.monotonic() - start

    def written(self, *words):
        """Seconds of a command that writes the last word, which is removed again."""
        name = self.fresh()
        taken = self.seconds(*words, name)
        os.unlink(self.path / name)
        return taken


def row(name, ours, floor, ratios, limit):
    ratio = statistics.median(ratios)
    print(f"{name:<44}{statistics.median(ours) * 1000:>9.1f}{statistics.median(floor) * 1000:>10.1f}{ratio:>8.2f}"
          f"{limit:>7.2f}{'' if ratio <= limit else '  over'}")


def against(name, rounds, limit, ours, floor):
    """Two commands by turns."""
    pairs = [(ours(), floor()) for _ in range(rounds)]
    row(name, [a for a, _ in pairs], [b for _, b in pairs], [a / b for a, b in pairs], limit)


def bulk(place):
    with open(place.path / "in", "wb") as file:
        block = os.urandom(1 << 20)
        for _ in range(GIB >> 20):
            file.write(block)
    seal = (BULLA, "seal", "--name", "bench", "-r", "@key.pub", "in", "-o")
    copy = lambda: place.written("cp", "in")
    place.seconds(*seal, "sealed")
    against("seal 1 GiB / cp", BULK_ROUNDS, 1.3, lambda: place.written(*seal), copy)
    against("open 1 GiB / cp", BULK_ROUNDS, 1.3, lambda: place.written(BULLA, "unseal", "-i", "key", "sealed", "-o"), copy)
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{'memory of the largest of these commands (MiB)':<44}{used:>9.1f}{'':>10}{'':>8}{MEMORY_LIMIT_MIB:>7}"
          f"{'' if used <= MEMORY_LIMIT_MIB else '  over'}")
    if shutil.which("age") is None:
        print("age is not installed: left out")
        return
    public = subprocess.run(["age-keygen", "-o", place.path / "age.key"], stderr=subprocess.PIPE, text=True,
                            check=True).stderr.split()[-1]
    against("seal 1 GiB / age", BULK_ROUNDS, 0.55, lambda: place.written(*seal),
            lambda: place.written("sh", "-c", f"age -r {public} -o \"$0\" in"))


def slots(place):
    """Changing a slot costs the same, however large the blob is."""
    (place.path / "small").write_bytes(os.urandom(1 << 20))
    place.seconds(BULLA, "seal", "--name", "bench", "-r", "@key.pub", "small", "-o", "small-sealed")

    def rotate(blob):
        listed = subprocess.run([BULLA, "inspect", blob], cwd=place.path, stdout=subprocess.PIPE, text=True, check=True)
        slot = listed.stdout.split("slot ")[1][:16]
        return place.seconds(BULLA, "slot", "rotate", "-i", "key", "-r", "@key.pub", blob, slot)
    against("rotate a slot: of 1 GiB / of 1 MiB", SLOT_ROUNDS, 1.2, lambda: rotate("sealed"), lambda: rotate("small-sealed"))


def small(place):
    (place.path / "secret").write_bytes(b"x" * 32)
    if shutil.which("systemd-creds") is None:
        print("systemd-creds is not installed: left out")
        return
    key = ["--with-key=host"] if os.access("/var/lib/systemd", os.W_OK) else ["--with-key=null"]
    against("seal 32 bytes / systemd-creds encrypt", SMALL_ROUNDS, 1.0,
            lambda: place.written(BULLA, "seal", "--name", "bench", "-r", "@key.pub", "secret", "-o"),
            lambda: place.written("systemd-creds", "encrypt", *key, "--name=bench", "secret"))


def main():
    print(f"\n{'sealing':<44}{'ours ms':>9}{'floor ms':>10}{'ratio':>8}{'limit':>7}")
    with tempfile.TemporaryDirectory(dir=BULLA.parent) as path:
        place = Place(path)
        with open(place.path / "key.pub", "wb") as public:
            subprocess.run([BULLA, "key", "generate", "-o", "key"], cwd=path, stdout=public, stderr=subprocess.DEVNULL,
                           check=True)
        bulk(place)
        slots(place)
        small(place)


main()
