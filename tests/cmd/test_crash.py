#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Killed, out of space, out of everything: the old file is there, or the new one, or none."""
import os
import random
import resource
import subprocess
import time

from cli import PROGRAM, Skip, case, main


@case
def killed_at_any_time_leaves_the_old_file_or_the_new(home):
    """kill -9 at moments spread over the whole run, with -f over an existing blob."""
    new = os.urandom(3_000_000)
    home.write("in", new)
    home.sealed(b"old", "in", "b")
    start = time.monotonic()
    home.bulla("seal", "--no-recovery", "-o", "timing", "in").ok()
    span = time.monotonic() - start
    outcomes = set()
    for _ in range(40):
        process = home.start("seal", "--no-recovery", "-f", "-o", "b", "in", stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, span * 1.1))
        process.kill()
        process.wait()
        content = home.bulla("unseal", "b").ok().out  # the TPM's state survived as well
        assert content in (b"old", new)
        outcomes.add(content == new)
        if content == new:
            home.bulla("seal", "--name", "in", "--no-recovery", "-f", "-o", "b", stdin=b"old").ok()
    assert False in outcomes, "every run was over before it was killed"


@case
def killed_while_sealing_leaves_no_file(home):
    """In the middle: the input is a pipe that has not ended, and some of it was read."""
    try:
        os.close(os.open(home.path, os.O_TMPFILE | os.O_RDWR))
    except OSError as error:
        raise Skip("no file without a name on this file system") from error
    for options in ((), ("-f",)):
        home.write("b", b"old") if options else None
        before = sorted(os.listdir(home.path))
        process = home.start("seal", "--name", "n", "--no-recovery", *options, "-o", "b",
                             stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdin.write(os.urandom(3_000_000))
        process.stdin.flush()  # more than a pipe holds: the command has taken it
        process.kill()
        process.wait()
        process.stdin.close()
        assert sorted(set(os.listdir(home.path)) - {"state", "config", "run"}) == \
            sorted(set(before) - {"state", "config", "run"})
    assert (home / "b").read_bytes() == b"old"


@case
def killed_during_unseal_leaves_nothing_under_the_name(home):
    home.sealed(os.urandom(5_000_000))
    for delay in (0.002, 0.01, 0.02, 0.03, 0.04):
        process = home.start("unseal", "-o", "out", "demo.bulla")
        time.sleep(delay)
        process.kill()
        process.wait()
        if (home / "out").exists():
            assert (home / "out").stat().st_size == 5_000_000
            (home / "out").unlink()


@case
def a_limit_on_file_size_is_an_error(home):
    home.write("in", b"x" * 300_000)
    home.bulla("seal", "--no-recovery", "-o", "b", "in").ok()

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    for args in (["seal", "--no-recovery", "-o", "c", "in"], ["unseal", "-o", "c", "b"]):
        result = home.bulla(*args, preexec_fn=limit)
        assert result.code == 1 and "(BL-0103)" in result.err, result
        assert not (home / "c").exists() and home.leftovers() == []


@case
def a_full_disk_keeps_what_was_there(home):
    disk = home / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=False,
                             capture_output=True)
    if mounted.returncode != 0:
        raise Skip("mounting a small disk needs root")
    try:
        home.write("in", b"x" * 1_000_000)
        (disk / "b").write_bytes(b"old")
        home.bulla("seal", "--no-recovery", "-f", "-o", disk / "b", "in").fails(1, "BL-0103")
        assert (disk / "b").read_bytes() == b"old"
        assert [p.name for p in disk.iterdir()] == ["b"]
        (disk / "filler").write_bytes(b"")
        with open(disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass
        home.environment["XDG_STATE_HOME"] = str(disk)  # not even the TPM has room
        home.bulla("seal", "--name", "x", "--no-recovery", "-o", "c", stdin=b"1").fails(1, "BL-0103")
        assert not (home / "c").exists()
    finally:
        subprocess.run(["umount", disk], check=True)


def is_sanitized():
    """Sanitizers keep freed memory for a while, so that its size says nothing of the program's."""
    with open(PROGRAM, "rb") as program:
        return b"__asan_init" in program.read()


def memory_stays_the_same_whatever_the_size(home):
    """64 MiB through a pipe both ways in the memory that 1 MiB takes (and not much)."""
    def peak(size):
        seal = subprocess.Popen([PROGRAM, "seal", "--name", "x", "--no-recovery"], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=home.path,
                                env=home.environment)
        unseal = subprocess.Popen([PROGRAM, "unseal"], stdin=seal.stdout, stdout=subprocess.DEVNULL,
                                  cwd=home.path, env=home.environment)
        seal.stdout.close()
        block = b"\0" * 65536
        for _ in range(size // len(block)):
            seal.stdin.write(block)
        seal.stdin.close()
        usages = [os.wait4(process.pid, 0) for process in (seal, unseal)]
        for process, (_, status, _) in zip((seal, unseal), usages):
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0
        return max(usage.ru_maxrss for _, _, usage in usages)

    home.sealed()
    small, large = peak(1 << 20), peak(64 << 20)
    assert large < small + 2048 and large < 64 * 1024, (small, large)


if not is_sanitized():
    case(memory_stays_the_same_whatever_the_size)


@case
def a_state_directory_that_cannot_be_made_is_named(home):
    home.write("state", b"a file")
    result = home.bulla("seal", "--name", "x", "--no-recovery", "-o", "b", stdin=b"1")
    assert result.code in (1, 7, 13) and "state" in result.err.splitlines()[0], result
    del home.environment["XDG_STATE_HOME"]
    home.environment["XDG_STATE_HOME"] = "relative"  # XDG: to be ignored
    if os.geteuid() != 0:
        home.bulla("seal", "--name", "x", "--no-recovery", "-o", "b", stdin=b"1").ok()
        assert (home / ".local/state/bulla/tpm/state").exists() and not (home / "relative").exists()


main()
