#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bulla attest as an operator uses it: on machines whose devices another process emulates, on an
emulated TPM, and on the TPM inside the program; and bulla verify of what it wrote."""
import os
import subprocess
import sys

from cli import PROGRAM, EmulatedTpm, Result, Skip, case, main

EMULATE = os.path.abspath(sys.argv[3])
NONCE = "00112233445566778899aabbccddeeff"
AT = "2027-01-15T08:00:00Z"  # when the certificates of the emulated vendors are valid


def on(home, device, *args, behaviour="-"):
    """bulla ARGS on a machine with this device; what a verifier trusts is in the file anchor."""
    if os.geteuid() != 0:
        raise Skip("bulla hides its memory from other processes of its user: needs root")
    run = subprocess.run([EMULATE, device, behaviour, home / "anchor", PROGRAM, *map(str, args)],
                         cwd=home.path, env=home.environment, capture_output=True, timeout=120,
                         check=False)
    if run.returncode == 77:
        raise Skip("this kernel shows no system calls (seccomp user notification)")
    return Result(args, run.returncode, run.stdout, run.stderr)


def attested(home, device, kind, *options, behaviour="-"):
    """Evidence of this kind, over the nonce, in the file evidence."""
    result = on(home, device, "attest", "--nonce", NONCE, "--json", "-o", "evidence", *options,
                behaviour=behaviour).ok().json
    assert result["kind"] == kind and result["attester"] == device, result
    assert result["nonce"] == NONCE and result["nonce_was_given"], result
    return result


def verified(home, role, *more, nonce=NONCE, code=0):
    run = home.bulla("verify", "--json", "--at", AT, "--anchor", f"{role}=anchor", "--input",
                     f"nonce={nonce}", *more, "evidence")
    assert run.code == code, run
    return run.json


@case
def snp_by_configfs_and_by_its_device(home):
    for device in ("configfs-tsm", "sev-guest"):
        result = attested(home, device, "snp")
        assert result["parts"] == ["evidence"], result
        seen = verified(home, "root")  # the certificates came from the host's table
        assert seen["verdict"] == "ok" and seen["freshness"] == "checked", seen
        assert seen["claims"]["report_data"] == NONCE + "00" * 48, seen
        assert verified(home, "root", nonce="11" * 16, code=9)["failure"] == "nonce_mismatch"
        (home / "evidence").unlink()


@case
def snp_with_a_broken_table(home):
    result = attested(home, "sev-guest", "snp", behaviour="broken")
    assert result["left_out"] == "certificate table of the host", result


@case
def tdx(home):
    attested(home, "configfs-tsm", "tdx", behaviour="tdx")
    seen = verified(home, "root", code=7)  # without TCB information: genuine, of unknown standing
    assert seen["verdict"] == "ok" and seen["kind"] == "tdx", seen


@case
def tdx_with_its_log(home):
    assert attested(home, "configfs-tsm", "tdx", behaviour="tdx-log")["parts"] == ["evidence", "ccel"]
    seen = verified(home, "root", code=7)
    assert seen["claims"]["log_replays_to_rtmrs"] == [0, 1, 2, 3], seen
    assert seen["claims"]["log"]["events"] == 3 and "sha384" in seen["claims"]["log"]["final"], seen
    page = home.bulla("verify", "--at", AT, "--anchor", "root=anchor", "evidence").text
    assert "log_replays_to_rtmrs" in page, page
    (home / "evidence").unlink()
    attested(home, "configfs-tsm", "tdx", behaviour="tdx-other-log")
    seen = verified(home, "root", code=8)
    assert seen["failure"] == "log_replay", seen


@case
def cca(home):
    attested(home, "configfs-tsm", "cca", behaviour="cca")
    seen = verified(home, "cpak")
    assert seen["verdict"] == "ok" and seen["kind"] == "cca", seen


@case
def sgx_under_gramine(home):
    attested(home, "gramine", "sgx")
    assert verified(home, "root", code=7)["verdict"] == "ok"


@case
def nitro(home):
    attested(home, "nsm", "nitro")
    seen = verified(home, "root")
    assert seen["claims"]["nonce"] == NONCE, seen


@case
def optee(home):
    result = attested(home, "optee", "optee", "--key-output", "key.der")
    assert result["parts"] == ["evidence", "nonce", "device_key"], result
    assert (home / "key.der").read_bytes() == (home / "anchor").read_bytes()
    seen = verified(home, "key")
    assert seen["claims"]["digest"] == "7e" * 32, seen
    (home / "evidence").unlink()
    attested(home, "optee", "optee", "--ta", "00112233-4455-6677-8899-aabbccddeeff")
    assert verified(home, "key")["claims"]["digest"] == "7a" * 32


@case
def best_first_and_said(home):
    result = on(home, "sev-guest", "attest", "-o", "evidence").ok()
    assert "evidence of kind snp by sev-guest" in result.err, result
    assert "no --nonce" in result.err and result.out == b"", result


@case
def standard_output_is_the_evidence(home):
    result = on(home, "nsm", "attest", "--nonce", NONCE).ok()
    home.write("evidence", result.out)
    verified(home, "root")
    on(home, "nsm", "attest", "--json").fails(2)


@case
def lies_are_not_written(home):
    for device, behaviour in (("configfs-tsm", "wrong"), ("sev-guest", "wrong"), ("nsm", "garbage"),
                              ("gramine", "wrong"), ("optee", "wrong")):
        on(home, device, "attest", "-o", "evidence", behaviour=behaviour).fails(10, "BL-1010")
        assert not (home / "evidence").exists() and home.leftovers() == []


@case
def what_is_missing_is_said(home):
    on(home, "sev-guest", "attest", "--kind", "snp", behaviour="absent").fails(10, "BL-1007")
    on(home, "sev-guest", "attest", "--kind", "snp", behaviour="denied").fails(10, "BL-1008")
    on(home, "configfs-tsm", "attest", "--kind", "snp", behaviour="denied").fails(10, "BL-1008")
    on(home, "configfs-tsm", "attest", "--kind", "tdx").fails(10, "BL-1007")  # it is an SNP guest
    home.bulla("attest", "--kind", "nitro").fails(10, "BL-1007")
    home.bulla("attest", "--kind", "snp", "--device", home / "nothing").fails(10, "BL-1007")


@case
def interrupted_and_nothing_left_in_the_kernel(home):
    result = on(home, "configfs-tsm", "attest", "-o", "evidence", behaviour="interrupts")
    assert result.code not in (0, 98), ("98: a report directory was left behind", result)
    assert not (home / "evidence").exists() and home.leftovers() == []


@case
def misuse(home):
    home.bulla("attest", "--kind", "pluton").fails(2)
    home.bulla("attest", "--nonce", "xyz").fails(2)
    home.bulla("attest", "--nonce", "").fails(2)
    home.bulla("attest", "--nonce", "00" * 65).fails(2)
    home.bulla("attest", "--device", "/dev/null").fails(2)
    home.bulla("attest", "--device", "embedded", "--nonce", "00" * 33, "-o", "evidence").fails(2)
    home.bulla("attest", "--device", "embedded", "--key-output", "k", "--ta",
               "00112233-4455-6677-8899-aabbccddeeff").fails(2)
    for ta in ("", "0011", "00112233-4455-6677-8899-aabbccddeefg",
               "00112233044550667708899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddeeff0"):
        home.bulla("attest", "--kind", "optee", "--ta", ta).fails(2)
    assert not (home / "evidence").exists()


@case
def doctor_finds_what_attests(home):
    assert "configfs-tsm" in on(home, "configfs-tsm", "doctor", "snp").ok().text
    assert "configfs-tsm" in on(home, "configfs-tsm", "doctor", "tdx", behaviour="tdx").ok().text
    assert "Gramine" in on(home, "gramine", "doctor", "sgx").ok().text
    for device, topic, behaviour in (("configfs-tsm", "tdx", "-"), ("configfs-tsm", "snp", "denied"),
                                     ("gramine", "sgx", "absent")):
        result = on(home, device, "doctor", topic, "--json", behaviour=behaviour)
        assert result.code == 10, result
        assert any(f["level"] == "fail" and f["fix"] for f in result.json["findings"]), result


def tpm_evidence(home, *options):
    result = home.bulla("attest", "--kind", "tpm", "--nonce", NONCE, "--json", "-o", "evidence", "-f",
                        "--key-output", "anchor", *options).ok().json
    assert result["kind"] == "tpm" and "pcrs" in result["parts"], result
    return result


@case
def embedded_tpm(home):
    result = tpm_evidence(home, "--device", "embedded")
    assert result["tpm"] == "embedded", result
    key = (home / "anchor").read_bytes()
    seen = verified(home, "ak_pub")
    assert seen["verdict"] == "ok" and seen["freshness"] == "checked", seen
    assert verified(home, "ak_pub", nonce="11" * 16, code=9)["failure"] == "nonce_mismatch"
    tpm_evidence(home, "--device", "embedded")
    assert (home / "anchor").read_bytes() == key  # one key a TPM, so that it can be enrolled


@case
def emulated_tpm_and_another_one(home):
    tpm = EmulatedTpm(home)
    tpm_evidence(home, "--device", "embedded")
    first = (home / "anchor").read_bytes()
    result = tpm_evidence(home, *tpm.options())
    assert result["tpm"] == "socket", result
    assert (home / "anchor").read_bytes() != first
    verified(home, "ak_pub")
    tpm.extend(7)
    tpm_evidence(home, *tpm.options())
    verified(home, "ak_pub")


main()
