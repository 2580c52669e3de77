#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A blob's second day: slots added, taken away, made anew; another machine; a TPM that is gone."""
import json
import os
import shutil
import subprocess

from cli import EmulatedTpm, case, main

LARGE = bytes(range(256)) * 1024  # changed in place; what is small is written anew


def seal(home, content, *options, name="demo"):
    home.write("plain", content)
    home.bulla("seal", "--name", name, "-o", "blob", *options, "plain").ok()
    return home / "blob"


def slots(home, path="blob"):
    return home.bulla("inspect", "--json", path).ok().json["slots"]


def key(home, name):
    home.write(f"{name}.pub", home.bulla("key", "generate", "-o", f"{name}.key").ok().out)


def opens(home, content, *options, path="blob"):
    assert home.bulla("unseal", *options, "-o", "out", "-f", path).ok()
    assert (home / "out").read_bytes() == content


def forget_tpm(home):
    shutil.rmtree(home / "state")


@case
def a_recipient_is_added_and_taken_away(home):
    key(home, "alice")
    key(home, "bob")
    for content in (b"small", LARGE):
        blob = seal(home, content, "--recipient", "@alice.pub")
        before = os.stat(blob)
        alice = slots(home)[0]["id"]
        result = home.bulla("slot", "add", "--json", "--recipient", "@bob.pub", "-i", "alice.key", "blob").ok().json
        assert result["in_place"] == (content is LARGE) and result["slots_epoch"] == 2, result
        assert (os.stat(blob).st_ino == before.st_ino) == (content is LARGE)
        opens(home, content, "-i", "bob.key")
        opens(home, content, "-i", "alice.key")
        bob, = [s["id"] for s in slots(home) if s["id"] != alice]
        home.bulla("slot", "rm", "-i", "bob.key", "blob", alice[:8]).ok()
        home.bulla("unseal", "-i", "alice.key", "-o", "out", "-f", "blob").fails(6, "BL-0606")
        home.bulla("slot", "rm", "-i", "bob.key", "blob", bob).fails(2, "BL-0207")
        opens(home, content, "-i", "bob.key")
        os.unlink(blob)


@case
def what_cannot_be_meant_is_refused(home):
    key(home, "alice")
    key(home, "eve")
    blob = seal(home, LARGE, "--recipient", "@alice.pub")
    before = blob.read_bytes()
    slot_id = slots(home)[0]["id"]
    home.bulla("slot", "add", "-i", "alice.key", "blob").fails(2, "BL-0201")
    home.bulla("slot", "add", "--recipient", "@eve.pub", "-i", "eve.key", "blob").fails(6, "BL-0606")
    home.bulla("slot", "add", "--name", "other", "--recipient", "@eve.pub", "-i", "alice.key", "blob").fails(6, "BL-0603")
    home.bulla("slot", "rm", "-i", "alice.key", "blob", "0000").fails(13, "BL-1301")
    home.bulla("slot", "rm", "-i", "alice.key", "blob", slot_id[:3]).fails(2, "BL-0201")
    home.bulla("slot", "rm", "-i", "alice.key", "blob", slot_id + "00").fails(2, "BL-0201")
    home.bulla("slot", "rotate", "-i", "alice.key", "blob", slot_id).fails(2, "BL-0201")
    home.bulla("slot", "rotate", "-r", "@alice.pub", "-r", "@eve.pub", "-i", "alice.key", "blob",
               slot_id).fails(2, "BL-0201")
    home.bulla("reseal", "--grace", "400", "-i", "alice.key", "blob").fails(2)
    os.symlink("blob", home / "link")
    assert home.bulla("slot", "add", "-r", "@eve.pub", "-i", "alice.key", "link").code != 0
    assert home.bulla("slot", "add", "-r", "@eve.pub", "-i", "alice.key", "absent").code == 13
    assert blob.read_bytes() == before


@case
def a_recipient_gets_a_fresh_key(home):
    key(home, "old")
    key(home, "new")
    seal(home, LARGE, "--recipient", "@old.pub")
    home.bulla("slot", "rotate", "-r", "@new.pub", "-i", "old.key", "blob", slots(home)[0]["id"]).ok()
    opens(home, LARGE, "-i", "new.key")
    home.bulla("unseal", "-i", "old.key", "-o", "out", "-f", "blob").fails(6, "BL-0606")
    home.write("secret.txt", b"correct horse", mode=0o600)
    home.bulla("slot", "rotate", "--new-passphrase-file", "secret.txt", "-i", "new.key", "blob",
               slots(home)[0]["id"]).ok()
    opens(home, LARGE, "--passphrase-file", "secret.txt")


@case
def a_recovery_goes_only_when_told_to(home):
    seal(home, LARGE, "--recovery", "recovery.key")
    recovery, = [s["id"] for s in slots(home) if s["recovery"]]
    home.bulla("slot", "rm", "blob", recovery).fails(2, "BL-0203")
    home.bulla("slot", "add", "--recovery", "second.key", "blob").ok()
    home.bulla("slot", "rm", "blob", recovery).ok()
    home.bulla("unseal", "-i", "recovery.key", "--require", "recipient", "-o", "out", "-f", "blob").fails(6)
    opens(home, LARGE, "-i", "second.key", "--require", "recipient")
    second, = [s["id"] for s in slots(home) if s["recovery"]]
    home.bulla("slot", "rm", "--no-recovery", "blob", second).ok()
    opens(home, LARGE)


@case
def another_machine_takes_over(home):
    seal(home, LARGE, "--recovery", "recovery.key")
    first = {s["id"] for s in slots(home)}
    forget_tpm(home)
    assert home.bulla("unseal", "-o", "out", "-f", "blob").code in (6, 10)
    home.bulla("seal", "--no-recovery", "-o", "own", "plain").ok()  # so that there is a TPM again
    result = home.bulla("reseal", "-i", "recovery.key", "blob").ok()
    assert "belongs to another TPM" in result.err and {s["id"] for s in slots(home)} == first
    home.bulla("recover", "-i", "recovery.key", "blob").ok()
    opens(home, LARGE, "--require", "tpm")
    now = slots(home)
    assert len(now) == 2 and len(first & {s["id"] for s in now}) == 1, "the slot of the TPM that is gone went"
    home.bulla("recover", "-i", "recovery.key", "blob").ok()
    assert len(slots(home)) == 2
    opens(home, LARGE, "-i", "recovery.key", "--require", "recipient")
    assert "nothing to do" in home.bulla("reseal", "blob").ok().err


@case
def an_update_of_the_machine_is_followed(home):
    tpm = EmulatedTpm(home)
    seal(home, LARGE, "--bind", "pcr:23", "--recovery", "recovery.key", *tpm.options())
    recovery, = [s["id"] for s in slots(home) if s["recovery"]]
    assert "nothing to do" in home.bulla("reseal", *tpm.options(), "blob").ok().err
    tpm.extend(23)
    home.bulla("unseal", *tpm.options(), "-o", "out", "-f", "blob").fails(5, "BL-0502")
    home.bulla("reseal", *tpm.options(), "blob").fails(5, "BL-0502")
    home.bulla("reseal", "-i", "recovery.key", *tpm.options(), "blob").ok()
    opens(home, LARGE, "--require", "tpm", *tpm.options())
    now = slots(home)
    kept = [s for s in now if s["not_after"] is not None]
    assert len(now) == 3 and len(kept) == 1, "the slot from before is kept for a while"
    assert "nothing to do" in home.bulla("reseal", *tpm.options(), "blob").ok().err
    assert slots(home) == now, "nothing piles up"
    tpm.extend(23)
    home.bulla("reseal", "--grace", "0", "-i", "recovery.key", *tpm.options(), "blob").ok()
    opens(home, LARGE, "--require", "tpm", *tpm.options())
    own = [s["id"] for s in slots(home) if s["id"] != recovery and s["not_after"] is None]
    home.bulla("slot", "rotate", *tpm.options(), "blob", own[0]).ok()
    opens(home, LARGE, "--require", "tpm", *tpm.options())
    assert own[0] not in [s["id"] for s in slots(home)]


@case
def a_change_is_tried_before_it_is_made(home):
    tpm = EmulatedTpm(home)
    key(home, "alice")
    seal(home, LARGE, "--bind", "pcr:23", "--recovery", "recovery.key", *tpm.options())
    home.bulla("seal", "--name", "free", "--no-recovery", "-o", "free", *tpm.options(), "plain").ok()
    home.bulla("seal", "--recipient", "@alice.pub", "-o", "hers", "plain").ok()
    before = home.bulla("preflight", *tpm.options(), "blob", "free").ok().text
    assert before.count("would open\n") == 2, before
    zero, other = "00" * 32, "ab" * 32
    home.bulla("preflight", *tpm.options(), "--pcr", f"23={zero}", "blob").ok()
    home.bulla("preflight", *tpm.options(), "--pcr", f"23={other}0000" + "00" * 14, "blob").ok()  # SHA-384: not its bank
    changed = home.bulla("preflight", "--json", *tpm.options(), "--pcr", f"23={other}", "blob", "free", "hers")
    assert changed.code == 5 and json.loads(changed.err)["error"]["id"] == "BL-0508", changed
    blobs = changed.json["blobs"]
    assert [b["outlook"] for b in blobs] == ["needs-input", "opens", "needs-input"], blobs
    bound, = [s for s in blobs[0]["slots"] if s["type"] == "tpm"]
    assert bound["reason"] == "BL-0502" and bound["pcrs_changed"] == [23], bound
    home.bulla("preflight", "--pcr", f"23={other}", *tpm.options(), "-i", "recovery.key", "blob").ok()
    opens(home, LARGE, "--require", "tpm", *tpm.options())  # nothing was changed
    for wrong in ("23", "=00", f"24={zero}", "7=00", f"x={zero}", f"23={zero}g", f"0023={zero}"):
        assert home.bulla("preflight", *tpm.options(), "--pcr", wrong, "blob").code in (2, 3), wrong


@case
def two_at_once_both_count(home):
    for who in ("alice", "bob", "carol"):
        key(home, who)
    for content in (b"small", LARGE):
        blob = seal(home, content, "--recipient", "@alice.pub")
        both = [home.start("slot", "add", "-r", f"@{who}.pub", "-i", "alice.key", "blob",
                           stdout=subprocess.DEVNULL) for who in ("bob", "carol")]
        assert [process.wait(60) for process in both] == [0, 0]
        for who in ("alice", "bob", "carol"):
            opens(home, content, "-i", f"{who}.key")
        os.unlink(blob)


main()
