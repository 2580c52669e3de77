#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bulla seal, unseal, inspect and explain inside a TEE that another process emulates; and a reader that
shares nothing with it, given the key that the emulated hardware gave."""
import os
import subprocess
import sys

from cli import PROGRAM, Result, Skip, case, main

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "seal"))
import read_blob  # noqa: E402

EMULATE = os.path.abspath(sys.argv[3])


def inside(home, *args, device="sev-guest", machine="-"):
    """bulla ARGS inside this TEE."""
    if os.geteuid() != 0:
        raise Skip("bulla hides its memory from other processes of its user: needs root")
    run = subprocess.run([EMULATE, device, machine, home / "tee.key", PROGRAM, *map(str, args)],
                         cwd=home.path, env=home.environment, capture_output=True, timeout=120,
                         check=False)
    if run.returncode == 77:
        raise Skip("this kernel shows no system calls (seccomp user notification)")
    return Result(args, run.returncode, run.stdout, run.stderr)


def sealed(home, *options, **where):
    (home / "in").write_bytes(b"state of the guest")
    return inside(home, "seal", "--recovery", "recovery.key", "--json", "-o", "blob", *options, "in",
                  **where).ok().json


def recovered(home):
    assert home.bulla("unseal", "-i", "recovery.key", "blob").ok().out == b"state of the guest"


@case
def by_default_the_code_of_the_tee(home):
    assert sealed(home)["root"] == "snp"
    assert inside(home, "unseal", "--require", "snp", "blob").ok().out == b"state of the guest"
    assert inside(home, "unseal", "blob", machine="snp-up").ok().out == b"state of the guest"
    inside(home, "unseal", "blob", machine="image").fails(6, "BL-0608")
    slot = next(s for s in home.bulla("inspect", "--json", "blob").ok().json["slots"] if s["type"] == "snp")
    assert slot["bound_to"] == ["code", "host"] and slot["versions"]["tcb.snp"] == 25, slot
    recovered(home)


@case
def an_update_opens_and_a_downgrade_does_not(home):
    sealed(home, "--bind", "signer", "--bind", "version")
    for machine in ("-", "image", "snp-up", "image,snp-up"):
        assert inside(home, "unseal", "blob", machine=machine).ok().out == b"state of the guest"
    for machine, code, cause, what in (("image-down", 9, "BL-0911", "version"), ("snp-down", 9, "BL-0911", "tcb.snp"),
                                       ("host-data", 6, "BL-0611", "host_data"), ("chip", 6, "BL-0612", "chip"),
                                       ("unsigned", 6, "BL-0609", "id_key_digest")):
        assert what in inside(home, "unseal", "blob", machine=machine).fails(code, cause).err
        seen = inside(home, "explain", "--json", "blob", machine=machine).ok().json
        slot = next(s for s in seen["slots"] if s["type"] == "snp")
        assert (slot["outlook"], slot["reason"], slot["what"]) == ("refuses", cause, what), slot
    inside(home, "unseal", "blob", machine="debug").fails(7, "BL-0703")
    inside(home, "unseal", "blob", machine="zeros").fails(10, "BL-1015")
    recovered(home)


@case
def outside_it_says_what_is_missing(home):
    sealed(home)
    home.bulla("unseal", "blob").fails(10, "BL-1011")
    inside(home, "unseal", "blob", machine="denied").fails(10, "BL-1012")
    recovered(home)


@case
def what_is_refused_leaves_nothing(home):
    (home / "in").write_bytes(b"x")
    for machine, code, cause, options in (
            ("-", 7, "BL-0705", ("--bind", "host")),
            ("unsigned", 7, "BL-0705", ("--bind", "signer")),
            ("unsigned", 7, "BL-0705", ("--bind", "version")),
            ("debug", 7, "BL-0703", ()),
            ("zeros", 10, "BL-1015", ()),
            ("denied", 10, "BL-1012", ()),
            ("-", 2, "BL-0205", ("--root", "snp", "--bind", "pcr:7")),
            ("-", 2, "BL-0201", ("--root", "snp", "--device", "embedded"))):
        inside(home, "seal", "--no-recovery", "-o", "blob", *options, "in", machine=machine).fails(code, cause)
        assert not (home / "blob").exists()
    home.bulla("seal", "--root", "snp", "--no-recovery", "-o", "blob", "in").fails(10, "BL-1011")
    home.bulla("seal", "--bind", "code", "--no-recovery", "-o", "blob", "in").fails(2, "BL-0205")
    inside(home, "seal", "-o", "blob", "in").fails(2, "BL-0203")  # hardware alone


@case
def the_tpm_when_it_is_asked_for(home):
    assert sealed(home, "--root", "tpm", "--device", "embedded")["root"] == "none"
    assert sealed(home, "-f", "--device", "embedded")["tpm"] == "embedded"


@case
def reseal_follows_an_update_and_a_downgrade_is_over(home):
    sealed(home, "--bind", "signer", "--bind", "version")
    inside(home, "reseal", "blob").ok()  # nothing to do
    assert inside(home, "unseal", "blob", machine="image-down,snp-down").code == 9
    inside(home, "reseal", "--grace", "0", "blob", machine="image,snp-up").ok()
    assert inside(home, "unseal", "blob", machine="image,snp-up").ok().out == b"state of the guest"
    inside(home, "unseal", "blob").fails(9, "BL-0911")
    inside(home, "slot", "add", "--bind", "version", "-i", "recovery.key", "blob").ok()  # back, on purpose
    assert inside(home, "unseal", "blob").ok().out == b"state of the guest"
    recovered(home)


@case
def a_slot_of_the_tee_is_added(home):
    (home / "in").write_bytes(b"state of the guest")
    home.bulla("seal", "--root", "tpm", "--device", "embedded", "--recovery", "recovery.key", "-o", "blob", "in").ok()
    inside(home, "slot", "add", "--bind", "code", "-i", "recovery.key", "blob").ok()
    assert inside(home, "unseal", "--require", "snp", "blob").ok().out == b"state of the guest"


@case
def the_caller_states_the_least_version(home):
    sealed(home, "--bind", "signer", "--bind", "version")
    for demand in ("version>=7", "tcb.snp>=25", "tcb.tee>=0", "label=hardware"):
        inside(home, "unseal", "--require", demand, "blob").ok()
    inside(home, "unseal", "--require", "version>=7", "--require", "tcb.microcode>=84", "blob").ok()
    for demand in ("version>=8", "tcb.snp>=26", "tcb.fmc>=0", "vers>=0"):
        inside(home, "unseal", "--require", demand, "blob").fails(9, "BL-0904")
        inside(home, "unseal", "--require", demand, "blob", machine="image,snp-up").fails(9, "BL-0904")
    inside(home, "unseal", "--require", "version>=7", "--require", "tcb.snp>=26", "blob").fails(9, "BL-0904")
    for demand in ("version>=", "version>=x", ">=1", "label=software", "version>=18446744073709551616"):
        inside(home, "unseal", "--require", demand, "blob").fails(2, "BL-0201")
    # the recovery identity opens it, and says nothing of versions or hardware
    home.bulla("unseal", "-i", "recovery.key", "--require", "version>=0", "blob").fails(9, "BL-0904")
    home.bulla("unseal", "-i", "recovery.key", "--require", "label=hardware", "blob").fails(7, "BL-0704")
    sealed(home, "-f")
    inside(home, "unseal", "--require", "version>=0", "blob").fails(9, "BL-0904")  # bound to code alone
    sealed(home, "-f", "--root", "tpm", "--device", "embedded")
    home.bulla("unseal", "--device", "embedded", "--require", "label=hardware", "blob").fails(7, "BL-0704")


@case
def the_second_reader_agrees(home):
    for options in ((), ("--bind", "signer", "--bind", "version")):
        sealed(home, "-f", *options)
        key = (home / "tee.key").read_bytes()
        blob = read_blob.Blob((home / "blob").read_bytes())
        assert blob.open("in", None, None, [], {3: key}) == b"state of the guest"
        try:
            blob.open("in", None, None, [], {3: bytes([key[0] ^ 1]) + key[1:]})
            raise AssertionError("opened with another key")
        except read_blob.Refused:
            pass


main()
