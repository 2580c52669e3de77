#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bulla seal, unseal, inspect, explain and key generate: what works, and every way it does not."""
import os
import stat
import time

from cli import EmulatedTpm, case, main


def sealed_state(home):
    """The file that the embedded TPM keeps."""
    return home / "state/bulla/tpm/state"


@case
def first_run_is_three_commands_and_under_a_minute(home):
    start = time.monotonic()
    home.bulla("doctor").ok()
    sealed = home.bulla("seal", "--name", "demo", "--recovery", "rec.key", "-o", "d.bulla",
                        stdin=b"s3cret").ok()
    opened = home.bulla("unseal", "d.bulla").ok()
    assert time.monotonic() - start < 60
    assert sealed.out == b"" and opened.out == b"s3cret" and opened.err == ""


@case
def every_size_comes_back_through_files_and_pipes(home):
    for size in (0, 1, 16383, 16384, 16385, 100_000):
        content = os.urandom(size)
        home.write("in", content)
        home.bulla("seal", "--no-recovery", "-f", "-o", "b", "in").ok()
        home.bulla("unseal", "-f", "-o", "out", "b").ok()
        assert (home / "out").read_bytes() == content, size
        blob = home.bulla("seal", "--name", "x", "--no-recovery", "-", stdin=content).ok().out
        assert home.bulla("unseal", stdin=blob).ok().out == content, size
    assert home.leftovers() == []


@case
def files_are_for_their_owner_alone(home):
    home.sealed()
    home.bulla("unseal", "-o", "plain", "demo.bulla").ok()
    home.bulla("key", "generate", "-o", "id.key").ok()
    for name in ("demo.bulla", "recovery.key", "plain", "id.key", "state/bulla/tpm/state"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600, name
    assert stat.S_IMODE((home / "state/bulla/tpm").stat().st_mode) == 0o700


@case
def embedded_tpm_says_once_what_it_is(home):
    result = home.bulla("seal", "--name", "x", "--no-recovery", "-o", "b", stdin=b"1").ok()
    assert result.err.count("class software") == 1 and "not to hardware" in result.err, result
    assert home.bulla("seal", "--json", "--name", "x", "--no-recovery", "-o", "c", stdin=b"1").ok().err == ""


@case
def nothing_is_overwritten_without_f(home):
    home.write("in", b"new")
    home.write("b", b"old")
    home.bulla("seal", "--no-recovery", "-o", "b", "in").fails(1, "BL-0106")
    assert (home / "b").read_bytes() == b"old"
    home.bulla("seal", "--no-recovery", "-f", "-o", "b", "in").ok()
    home.write("out", b"old")
    home.bulla("unseal", "-o", "out", "b").fails(1, "BL-0106")
    assert (home / "out").read_bytes() == b"old"
    home.bulla("unseal", "-f", "-o", "out", "b").ok()
    assert (home / "out").read_bytes() == b"new"
    home.bulla("key", "generate", "-o", "out").fails(1, "BL-0106")
    os.symlink("elsewhere", home / "link")
    home.bulla("unseal", "-f", "-o", "link", "b").fails(1, "BL-0106")
    assert not (home / "elsewhere").exists() and home.leftovers() == []


@case
def a_name_is_bound(home):
    home.sealed()
    assert home.bulla("unseal", "--name", "demo", "demo.bulla").ok().out == b"s3cret"
    home.bulla("unseal", "--name", "other", "demo.bulla").fails(6, "BL-0603")
    home.bulla("unseal", "--name", "demo ", "demo.bulla").fails(6, "BL-0603")
    home.write("notes.txt", b"1")
    home.bulla("seal", "--no-recovery", "-o", "n.bulla", home / "notes.txt").ok()
    home.bulla("unseal", "--name", "notes.txt", "n.bulla").ok()
    refusal = home.bulla("seal", "--no-recovery", "-o", "m.bulla", stdin=b"1").fails(2, "BL-0201")
    assert "--name" in refusal.err
    home.bulla("seal", "--name", "", "--no-recovery", "-o", "m", stdin=b"1").fails(2)
    home.bulla("seal", "--name", "n" * 256, "--no-recovery", "-o", "m", stdin=b"1").fails(2)


@case
def recovery_is_chosen_or_declined(home):
    home.bulla("seal", "--name", "x", "-o", "b", stdin=b"1").fails(2, "BL-0203")
    home.bulla("seal", "--name", "x", "-o", "b", "--recovery", "r", "--no-recovery", stdin=b"1").fails(2)
    home.bulla("seal", "--name", "x", "-o", "b", "--recovery", "b", stdin=b"1").fails(2)
    assert not (home / "b").exists() and not (home / "r").exists()
    home.sealed()
    first = (home / "recovery.key").read_bytes()
    home.sealed(b"2", "two", "two.bulla")  # the same identity again
    assert (home / "recovery.key").read_bytes() == first
    sealed_state(home).unlink()  # the TPM is gone
    home.bulla("unseal", "two.bulla").fails(10, "BL-1002")
    assert home.bulla("unseal", "-i", "recovery.key", "two.bulla").ok().out == b"2"
    assert home.bulla("unseal", "-i", "recovery.key", stdin=(home / "two.bulla").read_bytes()).ok().out == b"2"


@case
def a_failed_seal_leaves_no_recovery_file(home):
    home.bulla("seal", "--name", "x", "--recovery", "r", "-o", "b", "missing").fails(13, "BL-1301")
    home.bulla("seal", "--name", "x", "--recovery", "no/where/r", "-o", "b", stdin=b"1").fails(13)
    home.write("torn", b"bulla-x25519:AAAA\n")
    home.bulla("seal", "--name", "x", "--recovery", "torn", "-o", "b", stdin=b"1").fails(3, "BL-0301")
    assert not (home / "r").exists() and not (home / "b").exists() and home.leftovers() == []


@case
def recipients_open_and_others_do_not(home):
    alice = home.bulla("key", "generate", "-o", "alice.key").ok().text.strip()
    home.bulla("key", "generate", "--kind", "p384", "-o", "bob.key").ok()
    home.bulla("key", "generate", "-k", "p256", "-o", "eve.key").ok()
    home.bulla("seal", "--name", "x", "-r", alice, "-r", "@bob.key", "-o", "b", stdin=b"hi").ok()
    assert not sealed_state(home).exists()  # no TPM was asked for, none was made
    for key in ("alice.key", "bob.key"):
        assert home.bulla("unseal", "-i", key, "b").ok().out == b"hi"
    home.bulla("unseal", "-i", "eve.key", "b").fails(6, "BL-0606")
    home.bulla("unseal", "b").fails(6)
    home.write("pub", alice.encode() + b"\n", 0o644)
    home.bulla("unseal", "-i", "pub", "b").fails(7)  # others may read it
    home.write("pub", alice.encode() + b"\n")
    home.bulla("unseal", "-i", "pub", "b").fails(2, "BL-0201")
    home.bulla("seal", "--name", "x", "-r", alice[:-1], "-o", "c", stdin=b"hi").fails(3, "BL-0301")
    home.bulla("seal", "--name", "x", "-r", "bulla-new:AAAA", "-o", "c", stdin=b"hi").fails(3, "BL-0302")
    home.bulla("seal", "--name", "x", "-r", "@none", "-o", "c", stdin=b"hi").fails(13)


@case
def passphrases_from_files_and_descriptors(home):
    home.write("pw", b"correct horse\n")
    home.bulla("seal", "--name", "x", "--passphrase-file", "pw", "-o", "b", stdin=b"hi").ok()
    assert home.bulla("unseal", "--passphrase-file", "pw", "b").ok().out == b"hi"
    read, write = os.pipe()
    os.write(write, b"correct horse")
    os.close(write)
    assert home.bulla("unseal", "--passphrase-file", f"fd:{read}", "b", pass_fds=[read]).ok().out == b"hi"
    os.close(read)
    home.write("pw", b"wrong")
    home.bulla("unseal", "--passphrase-file", "pw", "b").fails(6, "BL-0605")
    home.write("pw", b"\n")
    home.bulla("unseal", "--passphrase-file", "pw", "b").fails(2)
    home.write("pw", b"x" * 2000)
    home.bulla("unseal", "--passphrase-file", "pw", "b").fails(3, "BL-0303")
    home.write("pw", b"correct horse", 0o644)
    home.bulla("unseal", "--passphrase-file", "pw", "b").fails(7, "BL-0701")
    home.bulla("unseal", "--passphrase-file", "fd:77", "b").fails(1)
    home.bulla("unseal", "--passphrase-file", "fd:07", "b").fails(2)
    home.bulla("unseal", "--passphrase", "--passphrase-file", "pw", "b").fails(2)


@case
def associated_data_must_be_the_same(home):
    home.write("aad", b"context")
    home.sealed(b"s", "demo", "demo.bulla", "--aad-file", "aad")
    assert home.bulla("unseal", "--aad-file", "aad", "demo.bulla").ok().out == b"s"
    home.bulla("unseal", "demo.bulla").fails(6, "BL-0607")
    home.write("aad", b"contexT")
    home.bulla("unseal", "--aad-file", "aad", "demo.bulla").fails(6, "BL-0607")
    home.bulla("unseal", "--aad-file", "gone", "demo.bulla").fails(13)


@case
def the_caller_may_demand_a_kind_of_slot(home):
    home.sealed()
    home.bulla("unseal", "--require", "tpm", "demo.bulla").ok()
    home.bulla("unseal", "--require", "passphrase", "demo.bulla").fails(7, "BL-0702")
    home.bulla("unseal", "--require", "passphrase", "--require", "tpm", "demo.bulla").ok()
    home.bulla("unseal", "--require", "sgx", "demo.bulla").fails(2)


@case
def every_byte_of_a_blob_counts(home):
    blob = bytearray(home.sealed().read_bytes())
    seen = set()
    for at in range(0, len(blob), 13):
        blob[at] ^= 1
        home.write("bad", bytes(blob))
        result = home.bulla("unseal", "-o", "out", "bad")
        assert result.code in (3, 4, 5, 6, 10), (at, result)
        assert not (home / "out").exists(), at
        seen.add(result.code)
        blob[at] ^= 1
    assert {3, 4} <= seen, seen
    assert home.leftovers() == []


@case
def a_cut_blob_is_refused_at_every_length(home):
    blob = home.sealed(b"x" * 20_000).read_bytes()
    for size in [*range(0, 1000, 61), 16_000, len(blob) - 1]:
        home.write("cut", blob[:size])
        result = home.bulla("unseal", "-o", "out", "cut")
        assert result.code in (3, 4), (size, result)
        assert not (home / "out").exists(), size
    home.bulla("unseal", "--verify-first", "cut").fails(4)
    home.write("long", blob + b"\0")
    home.bulla("unseal", "-o", "out", "long").fails(4)


@case
def what_is_no_blob_is_named(home):
    for content in (b"", b"hello", os.urandom(500)):
        home.write("x", content)
        for verb in ("unseal", "inspect", "explain"):
            assert home.bulla(verb, "x").fails(3)
    home.write("x", b"\x89BLS\r\n\x1a\n" + b"\xff" * 100)
    home.bulla("unseal", "x").fails(3, "BL-0305")
    home.bulla("unseal", ".").fails(1, "BL-0103")
    home.bulla("inspect", "gone").fails(13, "BL-1301")


@case
def bindings_that_nothing_enforces_are_refused(home):
    for word in ("code", "signer", "version", "config", "state", "pcr:7"):
        result = home.bulla("seal", "--name", "x", "--bind", word, "--no-recovery", "-o", "b", stdin=b"1")
        result.fails(2, "BL-0205")
    for word in ("", "pcr:", "pcr:24", "pcr:7,", "pcr:,7", "pcr:7;8", "pcr:-1", "pcr:007", "moon"):
        result = home.bulla("seal", "--name", "x", "--bind", word, "--no-recovery", "-o", "b", stdin=b"1")
        result.fails(2, "BL-0201")
    assert not (home / "b").exists()


@case
def a_changed_pcr_is_explained(home):
    tpm = EmulatedTpm(home)
    home.bulla("seal", "--name", "db", "--bind", "pcr:7,14", "--recovery", "rec.key", "-o", "b",
               *tpm.options(), stdin=b"s").ok()
    assert home.bulla("unseal", *tpm.options(), "b").ok().out == b"s"
    tpm.extend(14)
    refusal = home.bulla("unseal", *tpm.options(), "b").fails(5, "BL-0502")
    assert "PCR 14" in refusal.err and "shim" in refusal.err, refusal
    story = home.bulla("explain", *tpm.options(), "b").ok().text
    assert "PCR 14" in story and "PCR 7 " not in story and "00" * 32 in story, story
    slots = home.bulla("explain", "--json", *tpm.options(), "b").ok().json["slots"]
    forecast = {slot["type"]: slot for slot in slots}
    assert forecast["tpm"]["outlook"] == "refuses" and forecast["tpm"]["reason"] == "BL-0502"
    assert forecast["tpm"]["pcrs_changed"] == [14]
    assert forecast["recipient"]["outlook"] == "needs-input"
    assert home.bulla("unseal", *tpm.options(), "-i", "rec.key", "b").ok().out == b"s"


@case
def host_binding_survives_updates(home):
    tpm = EmulatedTpm(home)
    home.bulla("seal", "--name", "db", "--no-recovery", "-o", "b", *tpm.options(), stdin=b"s").ok()
    for pcr in range(16):
        tpm.extend(pcr)
    assert home.bulla("unseal", *tpm.options(), "b").ok().out == b"s"


@case
def another_tpm_is_another_host(home):
    tpm = EmulatedTpm(home)
    home.bulla("seal", "--name", "db", "--no-recovery", "-o", "b", *tpm.options(), stdin=b"s").ok()
    home.sealed()  # makes the embedded TPM
    home.bulla("unseal", "--device", "embedded", "b").fails(6, "BL-0602")
    home.bulla("unseal", "--device", "/dev/nothing-here", "b").fails(10, "BL-1002")
    home.bulla("unseal", "--tpm-socket", "nothing-here", "b").fails(10, "BL-1002")
    home.bulla("unseal", "--device", "embedded", *tpm.options(), "b").fails(2)
    told = home.bulla("explain", "--json", "--device", "embedded", "b").ok().json["slots"]
    assert [slot["reason"] for slot in told] == ["BL-0602"], told


@case
def a_copied_state_directory_of_others_is_refused(home):
    home.sealed()
    sealed_state(home).chmod(0o644)
    home.bulla("unseal", "demo.bulla").fails(7, "BL-0701")
    sealed_state(home).chmod(0o600)
    (home / "state/bulla/tpm").chmod(0o755)
    home.bulla("unseal", "demo.bulla").fails(7, "BL-0701")
    assert home.bulla("doctor", "embedded").code == 10


@case
def a_damaged_state_is_refused_and_kept(home):
    home.sealed()
    state = sealed_state(home).read_bytes()
    for damaged in (b"", state[:100], state[:-1], b"\0" * len(state), state + b"x"):
        sealed_state(home).write_bytes(damaged)
        result = home.bulla("unseal", "demo.bulla")
        assert result.code in (3, 4), result
        assert sealed_state(home).read_bytes() == damaged
    sealed_state(home).write_bytes(state)
    home.bulla("unseal", "demo.bulla").ok()


@case
def two_at_a_time_wait_for_each_other(home):
    home.sealed()
    runs = [home.start("unseal", "-o", f"out{i}", "demo.bulla") for i in range(8)]
    assert [run.wait(60) for run in runs] == [0] * 8
    assert all((home / f"out{i}").read_bytes() == b"s3cret" for i in range(8))


@case
def inspect_believes_nothing_and_escapes(home):
    name = "a\x1b[31m\u202etxt\\"
    home.bulla("seal", "--name", name, "--no-recovery", "-o", "b", stdin=b"1").ok()
    for verb in ("inspect", "explain"):
        text = home.bulla(verb, "b").ok().text
        assert "\x1b" not in text and "\u202e" not in text, repr(text)
        assert "a\\u{1b}[31m\\u{202e}txt\\\\" in text, repr(text)
    assert "nothing verified" in home.bulla("inspect", "b").ok().text
    described = home.bulla("inspect", "--json", "b").ok()
    assert described.out.isascii() and described.json["name"] == name
    assert described.json["verified"] is False
    refusal = home.bulla("unseal", "--name", "x", "b").fails(6)
    assert "\x1b" not in refusal.err
    refusal = home.bulla("unseal", "no\x1b[2Jsuch").fails(13)
    assert "\x1b" not in refusal.err and "\\u{1b}" in refusal.err


KEYS = {
    "inspect": {"verified", "name", "created", "not_after", "blob_id", "suite", "slots_epoch",
                "associated_data", "freshness_anchor", "freshness", "header_size", "tree", "slots"},
    "explain": {"verified", "name", "tree", "slots"},
    "tpm slot": {"id", "type", "type_number", "label", "recovery", "not_after", "storage_key", "pcrs", "pin",
                 "sealed_elsewhere"},
    "recipient slot": {"id", "type", "type_number", "label", "recovery", "not_after", "recipient_kind",
                       "recipient_id"},
    "passphrase slot": {"id", "type", "type_number", "label", "recovery", "not_after", "scrypt_log_n"},
    "forecast": {"outlook", "reason", "pcrs_changed", "pcr_values_now"},
    "seal": {"name", "output", "created", "tpm", "root", "pcrs", "recipients", "passphrase", "recovery",
             "recovery_made", "freshness"},
    "unseal": {"name", "output", "tpm"},
    "key": {"kind", "recipient", "output"},
}


@case
def json_keys_are_never_renamed(home):
    home.write("pw", b"pw")
    made = home.bulla("seal", "--json", "--name", "x", "--bind", "host", "--passphrase-file", "pw",
                      "--recovery", "r.key", "-o", "b", stdin=b"1").ok().json
    assert set(made) == KEYS["seal"]
    seen = home.bulla("inspect", "--json", "b").ok().json
    assert set(seen) == KEYS["inspect"]
    assert {slot["type"] for slot in seen["slots"]} == {"tpm", "recipient", "passphrase"}
    for slot in seen["slots"]:
        assert set(slot) == KEYS[slot["type"] + " slot"], slot
    told = home.bulla("explain", "--json", "b").ok().json
    assert set(told) == KEYS["explain"]
    for slot in told["slots"]:
        assert set(slot) - KEYS["forecast"] == KEYS[slot["type"] + " slot"], slot
    opened = home.bulla("unseal", "--json", "-o", "out", "b").ok().json
    assert set(opened) == KEYS["unseal"] and opened["tpm"] == "embedded"
    assert set(home.bulla("key", "generate", "--json", "-o", "k").ok().json) == KEYS["key"]
    for verb in ("seal", "unseal"):  # the other result has the stream
        home.bulla(verb, "--json", "--name", "x", "--no-recovery" if verb == "seal" else "b").fails(2)


@case
def many_slots_are_bounded(home):
    line = home.bulla("key", "generate", "-o", "k").ok().text
    home.write("many", (line * 63).encode())
    home.bulla("seal", "--name", "x", "-r", "@many", "-o", "b", stdin=b"1").ok()
    assert home.bulla("unseal", "-i", "k", "b").ok().out == b"1"
    home.write("more", (line * 64).encode())
    home.bulla("seal", "--name", "x", "-r", "@more", "-o", "c", stdin=b"1").fails(3, "BL-0303")


main()
