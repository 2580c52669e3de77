#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whole commands with the n-th allocation, file, TPM or randomness call failing, for every n.

Whatever fails: the exit code says so, three lines say why, no half-written file is left, what was
there before is still there, and the command works the next time.
Arguments: the program, and the same program with a fault armed (tests/fault/faulty_bulla.c).
"""
import os
import shutil
import sys

from cli import case, main
from evidence import Device

FAULTY = os.path.abspath(sys.argv[2])
NOT_REACHED = 99
POINTS_MAX = 5000  # a loop that does not end is a failure
KINDS = ["memory", "file", "tpm", "random"]


def steps(kind):
    """1, 2, 3 ... and, far out, coarser: the first points are each command's own, the later ones
    repeat; the whole suite must stay under a minute."""
    nth = 1
    while nth < POINTS_MAX:
        yield nth
        nth += 1 if nth < 24 else max(1, nth // 6)
    raise AssertionError(f"{kind}: the fault is reached without end")


def check_failure(home, result, protected):
    assert result.code != 0, result
    lines = [line for line in result.err.splitlines() if " note: " not in line and "recovery identity" not in line]
    assert len(lines) == 3 and lines[2].startswith("  next: "), result
    assert home.leftovers() == [], result
    for path, content in protected.items():
        assert path.read_bytes() == content, (path, result)


def loop(home, args, output, stdin=b"", protected=(), is_whole=None):
    """Run the command with every fault; `output` is the file that it makes. It may be there after a
    failure only where the last step failed, telling about it: then `is_whole` looks at it."""
    kept = {home / name: (home / name).read_bytes() for name in protected}
    reached = 0
    for kind in KINDS:
        for nth in steps(kind):
            (home / output).unlink(missing_ok=True)
            result = home.bulla(kind, nth, "once", *args, stdin=stdin, program=FAULTY)
            if result.code == NOT_REACHED:
                break
            reached += 1
            if result.code == 0:
                continue  # a fault that something else made good: the output is checked below
            outcome_unknown = "(BL-0105)" in result.err
            check_failure(home, result, kept)
            if (home / output).exists() and not outcome_unknown:
                assert is_whole is not None and kind == "file" and is_whole(), (kind, nth, result)
    assert reached > 20, reached


@case
def seal_survives_every_fault(home):
    home.sealed()
    home.write("in", b"x" * 40_000)
    home.write("there", b"old")
    loop(home, ["seal", "--recovery", "recovery.key", "-o", "new.bulla", "in"], "new.bulla",
         protected=["in", "there", "recovery.key"])
    home.bulla("seal", "--recovery", "recovery.key", "-o", "new.bulla", "-f", "in").ok()
    assert home.bulla("unseal", "new.bulla").ok().out == b"x" * 40_000


@case
def first_seal_on_a_machine_survives_every_fault(home):
    """The TPM is manufactured in the same command: a failure must not leave half a TPM."""
    for kind in KINDS:
        for nth in steps(kind):
            shutil.rmtree(home / "state", ignore_errors=True)
            (home / "b").unlink(missing_ok=True)
            result = home.bulla(kind, nth, "once", "seal", "--name", "x", "--no-recovery", "-o", "b",
                                stdin=b"1", program=FAULTY)
            if result.code == NOT_REACHED:
                break
            if result.code != 0:
                check_failure(home, result, {})
            # whatever state is there now is a whole one
            home.bulla("seal", "--name", "x", "--no-recovery", "-f", "-o", "b", stdin=b"1").ok()
            assert home.bulla("unseal", "b").ok().out == b"1"


@case
def unseal_survives_every_fault(home):
    content = os.urandom(40_000)
    home.sealed(content)
    loop(home, ["unseal", "-o", "out", "demo.bulla"], "out", protected=["demo.bulla", "recovery.key"])
    assert home.bulla("unseal", "demo.bulla").ok().out == content


@case
def attest_survives_every_fault(home):
    def is_whole():
        return home.bulla("verify", "--anchor", "ak_pub=key", "--input", "nonce=0123", "out").code == 0

    args = ["attest", "--device", "embedded", "--nonce", "0123", "-o", "out"]
    home.bulla(*args, "--key-output", "key").ok()
    loop(home, args, "out", protected=["key"], is_whole=is_whole)
    home.bulla(*args, "-f").ok()
    assert is_whole()


@case
def a_new_recovery_identity_is_whole_or_absent(home):
    for kind in ("memory", "file", "random"):
        for nth in steps(kind):
            for name in ("b", "r"):
                (home / name).unlink(missing_ok=True)
            result = home.bulla(kind, nth, "once", "seal", "--name", "x", "--recovery", "r", "-o", "b",
                                stdin=b"1", program=FAULTY)
            if result.code == NOT_REACHED:
                break
            assert home.leftovers() == [], result
            if (home / "b").exists():  # never a blob without its recovery
                assert home.bulla("unseal", "--device", "/dev/nothing-here", "-i", "r", "b").ok().out == b"1"
            elif (home / "r").exists():
                home.bulla("seal", "--name", "x", "-r", "@r", "-o", "c", "-f", stdin=b"1").ok()


@case
def other_verbs_survive_every_fault(home):
    home.sealed()
    for args in (["inspect", "demo.bulla"], ["explain", "demo.bulla"], ["help", "seal"],
                 ["version", "--json"], ["completion", "fish"], ["explain", "BL-0502"]):
        for kind in ("memory", "file"):
            for nth in steps(kind):
                result = home.bulla(kind, nth, "once", *args, program=FAULTY)
                if result.code == NOT_REACHED:
                    break
                if result.code != 0:
                    assert result.out == b"", result
                    if "{" not in result.err:
                        check_failure(home, result, {})


@case
def verify_never_succeeds_by_failing(home):
    """Exit code 0 is for genuine evidence alone, and then the whole verdict was said."""
    device, nonce = Device(home), bytes(range(32))
    home.write("token.cbor", device.token(nonce))
    for genuine in (True, False):
        expected = (nonce if genuine else nonce[::-1]).hex()
        args = ["verify", "--json", "--kind", "psa", "--anchor", f"iak={device.iak}", "--input",
                f"nonce={expected}", "token.cbor"]
        whole = home.bulla(*args)
        assert (whole.code == 0) == genuine, whole
        for kind in ("memory", "file"):
            for nth in steps(kind):
                result = home.bulla(kind, nth, "once", *args, program=FAULTY)
                if result.code == NOT_REACHED:
                    break
                assert result.code != 0 or (genuine and result.out == whole.out), (kind, nth, result)


@case
def key_generate_survives_every_fault(home):
    loop(home, ["key", "generate", "-o", "k"], "k",
         is_whole=lambda: home.bulla("seal", "--name", "x", "-r", "@k", "-f", "-o", "b", stdin=b"1").ok())


main()
