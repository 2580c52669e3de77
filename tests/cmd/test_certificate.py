#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates for attested keys: what is in them, held against openssl, and when there is none."""
import hashlib
import re
import subprocess
import time

from cli import case, main
from evidence import Device, openssl, policy_2

NONCE = bytes(range(16))


class Setting:
    """An authority, a device, and a key in it."""

    def __init__(self, home, **policy):
        self.home, self.device = home, Device(home)
        self.ca_key, self.ca = home / "ca.key", home / "ca.pem"
        self.authority(3650)
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", home / "subject.key")
        openssl("ec", "-in", home / "subject.key", "-pubout", "-out", home / "subject.pub")
        self.spki = openssl("pkey", "-pubin", "-in", home / "subject.pub", "-outform", "DER")
        self.policy(**policy)

    def authority(self, days, *extensions):
        extensions = extensions or ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign")
        openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", self.ca_key)
        self.ca_key.chmod(0o600)
        added = [word for extension in extensions for word in ("-addext", extension)]
        openssl("req", "-x509", "-new", "-key", self.ca_key, "-subj", "/CN=owner", "-days", days, "-sha384",
                "-out", self.ca, *added)

    def policy(self, **changed):
        policy_2(self.home, self.device, "policy.yaml", **{"binding": "key", **changed})

    def verify(self, *options, nonce=NONCE, carried=None, all_options=True):
        self.home.write("token", self.device.token(carried or hashlib.sha512(self.spki + nonce).digest()))
        issuing = ["--certificate", "out.pem", "--ca-key", self.ca_key, "--ca-cert", self.ca] if all_options else []
        return self.home.bulla("verify", "--kind", "psa", "--anchor", f"iak={self.device.iak}", "--input",
                               f"nonce={nonce.hex()}", "--subject-key", "subject.pub", "--policy", "policy.yaml",
                               *issuing, *options, "token")


def text(home):
    return openssl("x509", "-in", home / "out.pem", "-noout", "-text").decode()


def seconds(home):
    dates = openssl("x509", "-in", home / "out.pem", "-noout", "-startdate", "-enddate").decode()
    return [int(subprocess.run(["date", "-u", "-d", line.split("=")[1], "+%s"], capture_output=True,
                               check=True).stdout) for line in dates.splitlines()]


@case
def a_certificate_for_an_attested_key(home):
    setting = Setting(home)
    result = setting.verify("--json", "--dns-name", "orders.example")
    assert result.code == 0 and result.json["permitted"], result
    openssl("verify", "-x509_strict", "-CAfile", setting.ca, "-verify_hostname", "orders.example", home / "out.pem")
    assert openssl("x509", "-in", home / "out.pem", "-noout", "-pubkey") == (home / "subject.pub").read_bytes()
    shown = text(home)
    assert "CA:FALSE" in shown and "Digital Signature" in shown and "DNS:orders.example" in shown, shown
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in shown, shown
    assert re.search(r"Subject: CN ?= ?meters\n", shown), shown
    start, end = seconds(home)
    assert end - start == 3600, (start, end)


@case
def the_result_that_it_stands_for_is_in_it(home):
    setting = Setting(home)
    assert setting.verify().code == 0
    openssl("ec", "-in", setting.ca_key, "-pubout", "-out", home / "ca.pub")
    der = openssl("x509", "-in", home / "out.pem", "-outform", "DER")
    token = re.search(rb"eyJ[\w-]+\.[\w-]+\.[\w-]+", der)[0]
    home.write("ear.jwt", token)
    ear = home.bulla("verify", "--kind", "ear", "--anchor", "issuer=ca.pub", "--input", f"nonce={NONCE.hex()}",
                     "--json", "ear.jwt")
    assert ear.code == 0 and ear.json["claims"]["attesters"][0]["status"] == "affirming", ear
    assert ear.json["claims"]["expires"] == seconds(home)[1]
    assert b'application/eat+jwt; eat_profile="tag:ietf.org,2026:rats/ear#03"' in der
    assert "1.3.6.1.5.5.7.1.35" in text(home)


@case
def no_name_is_in_it_that_was_not_given(home):
    setting = Setting(home)
    assert setting.verify().code == 0
    assert "Alternative Name" not in text(home)
    assert setting.verify("-f", "--dns-name", "*.example").code != 0


@case
def it_ends_with_the_first_of_all_limits(home):
    setting = Setting(home)
    assert setting.verify("--lifetime", "60").code == 0
    start, end = seconds(home)
    assert end - start == 60
    setting.policy(not_after=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start + 1000)))
    assert setting.verify("-f", "--lifetime", "86400").code == 0
    assert seconds(home)[1] == start + 1000
    setting.policy()
    setting.authority(1)
    assert setting.verify("-f", "--lifetime", "86400").code == 0
    openssl("verify", "-CAfile", setting.ca, home / "out.pem")
    ca_end = openssl("x509", "-in", setting.ca, "-noout", "-enddate")
    assert openssl("x509", "-in", home / "out.pem", "-noout", "-enddate") == ca_end
    for lifetime in ("86401", "0", "1h", "-1"):
        setting.verify("-f", "--lifetime", lifetime).fails(2)
    assert setting.verify("-f", "--at", "2046-01-01T00:00:00Z").code == 9
    assert setting.verify("-f", "--at", "2020-01-01T00:00:00Z").code == 9


@case
def none_is_issued_without_permission(home):
    setting = Setting(home, platform="11" * 33)
    refused = setting.verify("--json")
    assert refused.code == 7 and refused.json["verdict"] == "ok" and not refused.json["permitted"], refused
    assert not (home / "out.pem").exists()


@case
def none_is_issued_for_another_key_or_an_old_answer(home):
    """The key and the nonce are in what the evidence carries, both."""
    setting = Setting(home)
    other = hashlib.sha512(b"other" + NONCE).digest()
    for carried in (other, hashlib.sha512(setting.spki).digest(), hashlib.sha512(setting.spki + bytes(16)).digest(),
                    hashlib.sha512(NONCE + setting.spki).digest()):
        result = setting.verify("--json", carried=carried)
        assert result.code == 9 and result.json["failure"] == "nonce_mismatch", result
    assert not (home / "out.pem").exists()


@case
def evidence_for_a_key_is_bound_to_it(home):
    setting = Setting(home)
    bound = setting.verify("--json", all_options=False)
    assert bound.code == 0, bound
    checks = {check["check"]: check for check in bound.json["checks"]}
    assert checks["binding"]["found"] == "key", checks
    setting.policy(binding="channel")
    assert setting.verify("--json", all_options=False).code == 7


@case
def an_authority_that_may_not_is_refused(home):
    setting = Setting(home)
    setting.authority(10, "basicConstraints=critical,CA:FALSE")
    assert setting.verify().code != 0 and not (home / "out.pem").exists()
    setting.authority(10)
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", home / "stranger.key")
    (home / "stranger.key").chmod(0o600)
    assert setting.verify("--ca-key", home / "stranger.key").code != 0
    assert not (home / "out.pem").exists()


@case
def all_that_it_needs_is_asked_for(home):
    setting = Setting(home)
    home.write("token", setting.device.token(bytes(32)))
    whole = {"--policy": "policy.yaml", "--subject-key": "subject.pub", "--ca-key": setting.ca_key,
             "--ca-cert": setting.ca}
    for missing in whole:
        given = [word for option, value in whole.items() if option != missing for word in (option, value)]
        home.bulla("verify", "--kind", "psa", "--input", f"nonce={NONCE.hex()}", "--certificate", "out.pem", *given,
                   "token").fails(2)
    for option in (["--lifetime", "5"], ["--dns-name", "x"], ["--ca-key", setting.ca_key]):
        home.bulla("verify", "--kind", "psa", *option, "token").fails(2)
    home.bulla("verify", "--kind", "psa", "--subject-key", "subject.pub", "token").fails(2)  # no nonce
    home.bulla("verify", "--kind", "tpm", "--subject-key", "subject.pub", "--input", "nonce=00", "token").fails(2)
    openssl("genpkey", "-algorithm", "X25519", "-out", home / "x.key")
    openssl("pkey", "-in", home / "x.key", "-pubout", "-out", home / "x.pub")
    assert home.bulla("verify", "--kind", "psa", "--subject-key", "x.pub", "--input", "nonce=00", "token").code != 0


main()
