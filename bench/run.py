#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each claim about speed, beside its limit, in one run: make bench.

Prints a table: ours and the floor in microseconds (medians of paired rounds), the median of the rounds' ratios, and
the limit. Figures of a busy machine are worse than they are; nothing fails here, the reader judges.

The evidence is made here, on paper.
"""
import pathlib
import statistics
import subprocess
import sys
import time

BUILD = pathlib.Path(sys.argv[1])
COMMAND_ROUNDS = 61
COMMAND_LIMIT_MS = 10
HOSTILE_LIMIT_MS = 50


def claims():
    for program in ("dcap", "snp"):
        run = subprocess.run([BUILD / "bench" / f"bench_{program}"], stdout=subprocess.PIPE, text=True, check=True)
        for line in run.stdout.splitlines():
            name, ours, floor, ratio, limit = line.split("\t")
            yield name, ours, floor, float(ratio), float(limit)


def command_ms(evidence):
    """Medians of `bulla verify` of one quote and of a program that does nothing, by turns, in milliseconds."""
    argv = [BUILD / "src/cmd/bulla", "verify", "--json", *evidence]
    times = {"ours": [], "nothing": []}
    for _ in range(COMMAND_ROUNDS):
        for name, words in (("ours", argv), ("nothing", ["/bin/true"])):
            start = time.monotonic()
            run = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            times[name].append((time.monotonic() - start) * 1000)
            if run.returncode not in (0, 7):
                sys.exit(f"bench: {run.stderr.decode()}")
    return statistics.median(times["ours"]), statistics.median(times["nothing"])


def hostile():
    """What 64 KiB of hostile input cost each decoder at most, the costliest first."""
    corpus = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus"
    found = []
    for program in sorted((BUILD / "bench").glob("hostile_*")):
        if program.is_dir():
            continue
        name = program.name.removeprefix("hostile_")
        run = subprocess.run([program, corpus / name], stdout=subprocess.PIPE, text=True, check=True)
        worst, inputs = run.stdout.split()
        found.append((float(worst), int(inputs), name))
    return sorted(found, reverse=True)


def main():
    print(f"{'claim':<44}{'ours us':>9}{'floor us':>10}{'ratio':>8}{'limit':>7}")
    for name, ours, floor, ratio, limit in claims():
        print(f"{name:<44}{ours:>9}{floor:>10}{ratio:>8.2f}{limit:>7.2f}{'' if ratio <= limit else '  over'}")
    words = subprocess.run([BUILD / "bench" / "bench_dcap", "write", BUILD / "bench"], stdout=subprocess.PIPE,
                           text=True, check=True).stdout.split()
    ours, nothing = command_ms(words)
    print(f"{'bulla verify, start to end (ms, by the clock)':<44}{ours:>8.1f}{nothing:>10.1f}{'':>8}"
          f"{COMMAND_LIMIT_MS:>7}{'' if ours <= COMMAND_LIMIT_MS else '  over'}")
    sys.stdout.flush()
    subprocess.run([sys.executable, pathlib.Path(__file__).resolve().parent / "tpm.py", BUILD / "src/cmd/bulla"],
                   check=True)
    found = hostile()
    print(f"\n64 KiB of hostile input, at most {HOSTILE_LIMIT_MS} ms each; the costliest of {len(found)} decoders:")
    for worst, inputs, name in found[:8]:
        print(f"  {name:<24}{worst:>8.1f} ms of {inputs} inputs{'' if worst <= HOSTILE_LIMIT_MS else '  over'}")


main()
