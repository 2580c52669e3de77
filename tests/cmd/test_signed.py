#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signed boot states and TPMs elsewhere, as a user meets them."""
import hashlib
import subprocess

from cli import EmulatedTpm, case, main


def key_pair(home, name):
    """NAME.pem and NAME.pub, as openssl makes them."""
    pem = subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"],
                         capture_output=True, check=True).stdout
    home.write(f"{name}.pem", pem)
    home.write(f"{name}.pub", subprocess.run(["openssl", "ec", "-pubout"], input=pem, check=True,
                                             capture_output=True).stdout)


def states(home, tpm, output, *options, key="boot"):
    return home.bulla("boot", "predict", "--sign-key", f"{key}.pem", "-o", output, "--json", *options,
                      *tpm.options()).ok().json


def sealed(home, tpm, output, *options):
    home.bulla("seal", "--name", "x", "--recovery", "recovery.key", "-o", output, "--bind",
               "signed:boot.pub", *options, *tpm.options(), stdin=b"state").ok()


def slot(report):
    return next(slot for slot in report["slots"] if slot["type"] == "tpm")


@case
def a_new_kernel_needs_a_new_policy_and_no_new_blob(home):
    tpm = EmulatedTpm(home)
    key_pair(home, "boot")
    made = states(home, tpm, "one.policy", "--now", "7,11")
    assert made["states"] == 1 and made["sequence"] > 0, made
    sealed(home, tpm, "x.bulla", "--policy", "one.policy")
    assert home.bulla("unseal", "x.bulla", *tpm.options()).ok().out == b"state"
    tpm.extend(11)
    home.bulla("unseal", "x.bulla", *tpm.options()).fails(5, "BL-0502")
    told = slot(home.bulla("explain", "--json", "x.bulla", *tpm.options()).ok().json)
    assert told["reason"] == "BL-0502" and told["pcrs_changed"] == [11], told
    assert told["signed_policy"]["state"] == 1, told
    text = home.bulla("explain", "x.bulla", *tpm.options()).ok().text
    assert "state 1 is nearest" in text and "PCR 11" in text, text
    both = states(home, tpm, "two.policy", "--now", "7,11", "--also", "one.policy")
    assert both["states"] == 2, both
    assert home.bulla("unseal", "--signed-policy", "two.policy", "x.bulla",
                      *tpm.options()).ok().out == b"state"


@case
def what_is_revoked_stays_closed(home):
    tpm = EmulatedTpm(home)
    key_pair(home, "boot")
    first = states(home, tpm, "one.policy", "--now", "7")["sequence"]
    sealed(home, tpm, "x.bulla", "--policy", "one.policy")
    states(home, tpm, "two.policy", "--now", "7", "--sequence", str(first + 1))
    raised = home.bulla("boot", "revoke", "--json", "--below", str(first + 1), *tpm.options()).ok().json
    assert raised["value"] == first + 1, raised
    home.bulla("unseal", "x.bulla", *tpm.options()).fails(9, "BL-0912")
    told = slot(home.bulla("explain", "--json", "x.bulla", *tpm.options()).ok().json)
    assert told["reason"] == "BL-0912" and told["signed_policy"]["counter_value"] == first + 1, told
    home.bulla("unseal", "--signed-policy", "two.policy", "x.bulla", *tpm.options()).ok()
    again = home.bulla("boot", "revoke", "--json", "--below", str(first), *tpm.options()).ok().json
    assert again["value"] == first + 1, again  # it never goes down
    home.bulla("boot", "revoke", "--below", str(first + 5000), *tpm.options()).fails(2, "BL-0201")


@case
def only_whom_it_was_sealed_to(home):
    tpm = EmulatedTpm(home)
    key_pair(home, "boot")
    key_pair(home, "other")
    states(home, tpm, "other.policy", "--now", "7", key="other")
    home.bulla("seal", "--name", "x", "--no-recovery", "-o", "no.bulla", "--bind", "signed:boot.pub",
               "--policy", "other.policy", *tpm.options(), stdin=b"x").fails(8, "BL-0833")
    sealed(home, tpm, "x.bulla")
    home.bulla("unseal", "x.bulla", *tpm.options()).fails(13, "BL-1302")
    home.bulla("unseal", "--signed-policy", "other.policy", "x.bulla",
               *tpm.options()).fails(8, "BL-0833")
    told = slot(home.bulla("explain", "--json", "--signed-policy", "other.policy", "x.bulla").ok().json)
    assert told["reason"] == "BL-0833", told  # seen without the TPM
    states(home, tpm, "class.policy", "--now", "7", "--class", "disk")
    home.bulla("unseal", "--signed-policy", "class.policy", "x.bulla",
               *tpm.options()).fails(8, "BL-0833")
    states(home, tpm, "for-ever.policy", "--now", "7", "--counter", "none")
    home.bulla("unseal", "--signed-policy", "for-ever.policy", "x.bulla",
               *tpm.options()).fails(8, "BL-0833")
    states(home, tpm, "one.policy", "--now", "7")
    home.bulla("unseal", "--signed-policy", "one.policy", "x.bulla", *tpm.options()).ok()


@case
def values_that_are_given(home):
    key_pair(home, "boot")
    digests = [hashlib.sha256(bytes([i])).hexdigest() for i in range(3)]

    def predict(*options):
        return home.bulla("boot", "predict", "--sign-key", "boot.pem", "--json", "-f", "-o",
                          "given.policy", *options)
    made = predict("--sequence", "3", "--pcr", f"7={digests[0]}", "--pcr", f"7={digests[1]}", "--pcr",
                   f"7={digests[0]}", "--pcr", f"11={digests[2]}", "--pcr", f"11={digests[1]}").ok().json
    assert made["states"] == 4, made
    for wrong in (["--pcr", f"24={digests[0]}"], ["--pcr", "7=00"], ["--pcr", "7"],
                  ["--pcr", f"x={digests[0]}"], ["--bank", "sha1", "--pcr", f"7={digests[0]}"], [],
                  ["--pcr", f"7={digests[0]}", "--counter", "0x02000000"],
                  ["--pcr", f"7={digests[0]}", "--sequence", "-1"]):
        predict("--sequence", "3", *wrong).fails(2)
    predict("--pcr", f"7={digests[0]}").fails(2, "BL-0201")  # no sequence, no TPM to ask
    home.bulla("boot", "predict", "--pcr", f"7={digests[0]}", "--sequence", "1", "-o", "x").fails(2)
    home.bulla("seal", "--name", "x", "--no-recovery", "--policy", "given.policy", "-o", "y",
               stdin=b"x").fails(2, "BL-0201")
    # nothing measures a machine into the embedded TPM
    home.bulla("seal", "--name", "x", "--no-recovery", "--device", "embedded", "--bind",
               "signed:boot.pub", "-o", "y", stdin=b"x").fails(2, "BL-0205")


@case
def a_tpm_elsewhere(home):
    tpm = EmulatedTpm(home)
    key_pair(home, "boot")
    named = home.bulla("key", "tpm-public", "-o", "machine.tpm", "--json", *tpm.options()).ok().json
    states(home, tpm, "one.policy", "--now", "7")
    home.bulla("seal", "--name", "x", "--tpm-public", "machine.tpm", "--bind", "signed:boot.pub",
               "--policy", "one.policy", "--recovery", "recovery.key", "-o", "x.bulla",
               stdin=b"far").ok()
    told = slot(home.bulla("inspect", "--json", "x.bulla").ok().json)
    assert told["storage_key"] == named["storage_key"] and told["sealed_elsewhere"], told
    assert home.bulla("unseal", "x.bulla", *tpm.options()).ok().out == b"far"
    home.sealed()  # now there is an embedded TPM
    home.bulla("unseal", "x.bulla", "--device", "embedded").fails(6, "BL-0602")
    tpm.extend(7)
    home.bulla("unseal", "x.bulla", *tpm.options()).fails(5, "BL-0502")
    home.bulla("seal", "--name", "x", "--tpm-public", "machine.tpm", "--bind", "pcr:7", "--no-recovery",
               "-o", "y.bulla", stdin=b"far").fails(2, "BL-0205")
    home.write("broken.tpm", (home / "machine.tpm").read_bytes().replace(b"A", b"B", 3))
    home.bulla("seal", "--name", "x", "--tpm-public", "broken.tpm", "--no-recovery", "-o", "y.bulla",
               stdin=b"far").fails(3)


main()
