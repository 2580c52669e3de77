#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Attestation results: what bulla writes is read by a reader that shares nothing with it, and it reads
what others write."""
import base64
import json
import stat

from cli import case, main
from evidence import Device, cbor, openssl, policy, raw_signature

NONCE = bytes(range(32))
PROFILE = "tag:ietf.org,2026:rats/ear#03"
CURVES = {"ES256": ("prime256v1", "-sha256", 32), "ES384": ("secp384r1", "-sha384", 48)}


def keys(home, name, alg="ES256"):
    key, public = home / f"{name}.pem", home / f"{name}.pub"
    openssl("ecparam", "-name", CURVES[alg][0], "-genkey", "-noout", "-out", key)
    openssl("ec", "-in", key, "-pubout", "-out", public)
    key.chmod(0o600)
    return key, public


def verify(home, device, *options, **token):
    policy(home, device)
    home.write("token.cbor", device.token(NONCE, **token))
    return home.bulla("verify", "--kind", "psa", "--anchor", f"iak={device.iak}", "--input", f"nonce={NONCE.hex()}",
                      "--policy", "policy.yaml", *options, "token.cbor")


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check_signature(home, public, alg, signed, raw):
    """By openssl, which wants the two numbers in DER."""
    digest, size = CURVES[alg][1:]
    assert len(raw) == 2 * size, len(raw)
    numbers = [int.from_bytes(part, "big") for part in (raw[:size], raw[size:])]
    home.write("sig.cnf", ("asn1=SEQUENCE:s\n[s]\n" + "".join(f"n{i}=INTEGER:0x{n:x}\n" for i, n in
                                                             enumerate(numbers))).encode())
    openssl("asn1parse", "-genconf", home / "sig.cnf", "-noout", "-out", home / "sig.der")
    openssl("dgst", digest, "-verify", public, "-signature", home / "sig.der", stdin=signed)


def uncbor(data):
    """The items of CBOR that results have; deterministic or not."""
    def item(at):
        major, info = data[at] >> 5, data[at] & 31
        at += 1
        if info >= 24:
            size = 1 << info - 24
            info, at = int.from_bytes(data[at:at + size], "big"), at + size
        if major in (0, 1):
            return (info if major == 0 else -1 - info), at
        if major in (2, 3):
            raw = data[at:at + info]
            return (raw if major == 2 else raw.decode()), at + info
        if major == 4:
            items = []
            for _ in range(info):
                value, at = item(at)
                items.append(value)
            return items, at
        if major == 5:
            pairs = {}
            for _ in range(info):
                key, at = item(at)
                pairs[key], at = item(at)
            return pairs, at
        assert major == 6, major
        value, at = item(at)
        return (info, value), at
    value, end = item(0)
    assert end == len(data)
    return value


@case
def a_jwt_is_read_by_others(home):
    device = Device(home)
    for alg in CURVES:
        key, public = keys(home, alg, alg)
        result = verify(home, device, "--result", f"{alg}.jwt", "--result-key", key, "--result-issuer", "https://v",
                        "--result-audience", "https://rp", "--at", "2026-11-22T00:00:00Z")
        assert result.code == 7, result
        header, claims, signature = (home / f"{alg}.jwt").read_text().strip().split(".")
        assert json.loads(unb64(header)) == {"alg": alg, "typ": "JWT"}
        check_signature(home, public, alg, f"{header}.{claims}".encode(), unb64(signature))
        said = json.loads(unb64(claims))
        assert said["eat_profile"] == PROFILE and said["iss"] == "https://v" and said["aud"] == "https://rp"
        assert said["iat"] == 1795305600 and said["exp"] == said["iat"] + 300, said
        attester = said["submods"]["psa"]
        assert attester["ear_status"] == "contraindicated" and unb64(attester["eat_nonce"]) == NONCE
        assert attester["ear_trustworthiness_vector"]["instance-identity"] == 2, attester
        digest = json.loads(verify(home, device, "--json").out)["policy"]["digest"]
        assert attester["ear_appraisal_policy_ids"] == [f"sha256:{digest}"]
        assert stat.S_IMODE((home / f"{alg}.jwt").stat().st_mode) == 0o600


@case
def a_cwt_is_read_by_others(home):
    device = Device(home)
    key, public = keys(home, "verifier")
    verify(home, device, "--result", "r.cwt", "--result-format", "cwt", "--result-key", key, "--at",
           "2026-11-22T00:00:00Z")
    tag, (protected, unprotected, claims, signature) = uncbor((home / "r.cwt").read_bytes())
    assert tag == 18 and uncbor(protected) == {1: -7} and unprotected == {}
    check_signature(home, public, "ES256", cbor(["Signature1", protected, b"", claims]), signature)
    said = uncbor(claims)
    assert said[265] == PROFILE and said[6] == 1795305600 and said[4] == said[6] + 300
    assert said[1004] == {0: "bulla", 1: said[1004][1]}
    attester = said[266]["psa"]
    assert attester[1000] == 96 and attester[10] == NONCE and attester[1001][0] == 2
    assert cbor(said) == claims, "deterministic"


def ear(**changed):
    claims = {"eat_profile": PROFILE, "iat": 1795305600, "exp": 1795305900,
              "ear_verifier_id": {"developer": "somebody", "build": "1"},
              "submods": {"x": {"ear_status": "affirming", "ear_trustworthiness_vector": {"hardware": 2},
                                "eat_nonce": b64(NONCE)}}, **changed}
    return {name: value for name, value in claims.items() if value is not None}


def jwt(key, claims, header=None):
    text = b64(json.dumps(header or {"alg": "ES256"}).encode()) + "." + b64(json.dumps(claims).encode())
    return f"{text}.{b64(raw_signature(openssl('dgst', '-sha256', '-sign', key, stdin=text.encode())))}".encode()


def read(home, token, public, *options, at="2026-11-22T00:01:00Z"):
    home.write("ear", token)
    return home.bulla("verify", "--kind", "ear", "--anchor", f"issuer={public}", "--at", at, "--json", *options, "ear")


@case
def what_others_write_is_read(home):
    key, public = keys(home, "other")
    good = read(home, jwt(key, ear()), public, "--input", f"nonce={NONCE.hex()}")
    assert good.code == 0 and good.json["kind"] == "ear" and good.json["baseline"] == "accept", good
    assert good.json["freshness"] == "checked"
    attester = good.json["claims"]["attesters"][0]
    assert attester["attester"] == "x" and attester["status"] == "affirming" and attester["hardware"] == 2
    claims = cbor({265: PROFILE, 6: 1795305600, 4: 1795305900, 1004: {0: "somebody", 1: "1"},
                   266: {"x": {1000: 2, 1001: {4: 2}}}})
    protected = cbor({1: -7})
    signed = cbor(["Signature1", protected, b"", claims])
    signature = raw_signature(openssl("dgst", "-sha256", "-sign", key, stdin=signed))
    cwt = b"\xd8\x3d\xd2" + cbor([protected, {4: b"kid"}, claims, signature])
    assert read(home, cwt, public).code == 0


@case
def what_is_not_affirmed_is_refused(home):
    key, public = keys(home, "other")
    for status in ("none", "warning", "contraindicated"):
        result = read(home, jwt(key, ear(submods={"x": {"ear_status": status}})), public)
        assert result.code == 7 and result.json["verdict"] == "ok", result


@case
def what_is_not_for_us_is_refused(home):
    key, public = keys(home, "other")
    forger = keys(home, "forger")[0]
    assert read(home, jwt(forger, ear(), {"alg": "ES256", "kid": "other"}), public).code == 8
    assert read(home, jwt(key, ear(exp=None)), public).code == 8
    assert read(home, jwt(key, ear()), public, at="2026-11-22T00:05:00Z").code == 9
    assert read(home, jwt(key, ear()), public, at="2026-11-21T23:59:59Z").code == 9
    assert read(home, jwt(key, ear(aud="you")), public).code == 8
    assert read(home, jwt(key, ear(aud="you")), public, "--input", "audience=yo").code == 8
    assert read(home, jwt(key, ear(aud="you")), public, "--input", "audience=you").code == 0
    assert read(home, jwt(key, ear()), public, "--input", "nonce=00").code == 9
    assert read(home, jwt(key, ear(iat=1795305600.5)), public).code == 8
    home.write("ear", jwt(key, ear()))
    assert home.bulla("verify", "--kind", "ear", "--json", "ear").code == 8
    policy(home, Device(home), platform="11" * 33, signer="22" * 32)
    home.bulla("verify", "--kind", "ear", "--anchor", f"issuer={public}", "--policy", "policy.yaml", "ear").fails(2)


@case
def a_result_needs_all_of_it(home):
    device = Device(home)
    key, public = keys(home, "verifier")
    home.write("token.cbor", device.token(NONCE))
    home.bulla("verify", "--kind", "psa", "--anchor", f"iak={device.iak}", "--result", "r", "--result-key", key,
               "token.cbor").fails(2)
    verify(home, device, "--result", "r").fails(2)
    verify(home, device, "--result-key", key).fails(2)
    verify(home, device, "--result", "r", "--result-key", key, "--result-format", "xml").fails(2)
    public.chmod(0o600)
    verify(home, device, "--result", "r", "--result-key", public).fails(3)
    openssl("genpkey", "-algorithm", "ED25519", "-out", home / "ed.pem")
    (home / "ed.pem").chmod(0o600)
    verify(home, device, "--result", "r", "--result-key", "ed.pem").fails(2)
    assert not (home / "r").exists()


@case
def nothing_is_written_of_what_is_not_genuine(home):
    device = Device(home)
    key = keys(home, "verifier")[0]
    policy(home, device, signer="22" * 32)
    home.write("token.cbor", device.token(bytes(32)))
    result = home.bulla("verify", "--kind", "psa", "--anchor", f"iak={device.iak}", "--input", f"nonce={NONCE.hex()}",
                        "--policy", "policy.yaml", "--result", "r.jwt", "--result-key", key, "token.cbor")
    assert result.code == 9 and not (home / "r.jwt").exists(), result


@case
def a_file_that_is_there_stays(home):
    device = Device(home)
    key = keys(home, "verifier")[0]
    home.write("r.jwt", b"mine")
    kept = verify(home, device, "--result", "r.jwt", "--result-key", key)
    assert kept.code == 1 and (home / "r.jwt").read_bytes() == b"mine", kept
    verify(home, device, "--result", "r.jwt", "--result-key", key, "-f")
    assert (home / "r.jwt").read_bytes().count(b".") == 2


main()
