#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bulla verify of evidence in a wrapper: it names its kind and brings its pieces, and no trust."""
import base64
import json

from cli import case, main
from evidence import Device, cbor, openssl, raw_signature

NONCE = bytes(range(32))
TYPE = "tag:bulla.invalid,2026:evidence/1"


def wrapped(kind, evidence, **parts):
    items = {"__cmwc_t": TYPE, "evidence": [f"application/vnd.bulla.{kind}", evidence, 4]}
    items.update((role, ["application/octet-stream", part]) for role, part in parts.items())
    return items


def as_json(items):
    return json.dumps({k: v if isinstance(v, str) else [v[0], base64.urlsafe_b64encode(v[1]).decode().rstrip("="),
                                                        *v[2:]] for k, v in items.items()}).encode()


def verify(home, file, *options):
    return home.bulla("verify", "--json", "--input", f"nonce={NONCE.hex()}", *options, file)


@case
def a_wrapper_says_what_is_in_it(home):
    device = Device(home)
    items = wrapped("psa", device.token(NONCE))
    home.write("w.cbor", cbor(items))
    home.write("w.json", as_json(items))
    home.write("record.cbor", cbor([10003, device.token(NONCE)]))
    for file in ("w.cbor", "w.json", "record.cbor"):
        result = verify(home, file, "--anchor", f"iak={device.iak}")
        assert result.code == 0 and result.json["kind"] == "psa", result
        assert NONCE.hex() in json.dumps(result.json["claims"]), result.json


@case
def anchors_and_inputs_do_not_come_from_a_wrapper(home):
    device = Device(home)
    home.write("w.cbor", cbor(wrapped("psa", device.token(NONCE), iak=device.iak.read_bytes(),
                                      nonce=NONCE.hex().encode(), root=device.iak.read_bytes())))
    result = verify(home, "w.cbor")
    assert result.code == 8 and result.json["verdict"] == "fail", result
    trusted = home.bulla("verify", "--json", "--anchor", f"iak={device.iak}", "w.cbor")
    assert trusted.code == 0 and trusted.json["freshness"] == "not checked", trusted


@case
def what_is_given_stands_for_all_of_its_role(home):
    """A wrapper cannot make a piece ambiguous, and so unread, that the operator gives."""
    keys = [home / f"{name}.key" for name in ("ak", "other")]
    for key in keys:
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        openssl("ec", "-in", key, "-pubout", "-out", f"{key}.pub")
    message = tpm_quote(NONCE)
    home.write("sig", tpm_signature(keys[0], message))
    home.write("quote", cbor(wrapped("tpm", message, signature=tpm_signature(keys[1], message))))
    anchor = ["--anchor", f"ak_pub={keys[0]}.pub"]
    bad = verify(home, "quote", *anchor)
    assert bad.code == 8 and bad.json["verdict"] == "fail" and "BL-0801" in bad.err, bad
    good = verify(home, "quote", *anchor, "--part", "signature=sig")
    assert good.json["verdict"] == "ok", good


def tpm_signature(key, message):
    """TPMT_SIGNATURE of ECDSA with SHA-256 (TPM 2.0 Structures, 11.3.4)."""
    raw = raw_signature(openssl("dgst", "-sha256", "-sign", key, stdin=message))
    return b"\x00\x18\x00\x0b\x00\x20" + raw[:32] + b"\x00\x20" + raw[32:]


def tpm_quote(nonce):
    """TPMS_ATTEST of a quote of PCR 0 (TPM 2.0 Structures, 10.12.8)."""
    return (b"\xffTCG\x80\x18" + b"\x00\x22\x00\x0b" + b"\x11" * 32 + len(nonce).to_bytes(2, "big") + nonce +
            bytes(8) + bytes(4) + bytes(4) + b"\x01" + bytes(8) +
            b"\x00\x00\x00\x01\x00\x0b\x03\x01\x00\x00" + b"\x00\x20" + b"\x22" * 32)


@case
def what_is_no_wrapper_needs_a_kind(home):
    device = Device(home)
    home.write("token", device.token(NONCE))
    home.write("empty", b"")
    for file in ("token", "empty"):
        verify(home, file).fails(2)
    home.write("cut", cbor(wrapped("psa", device.token(NONCE)))[:-1])
    verify(home, "cut").fails(3)
    home.write("kind", cbor(wrapped("psx", device.token(NONCE))))
    verify(home, "kind").fails(3)
    home.write("w.cbor", cbor(wrapped("psa", device.token(NONCE))))
    bare = verify(home, "w.cbor", "--kind", "psa", "--anchor", f"iak={device.iak}")
    assert bare.code == 8 and bare.json["failure"] == "malformed", bare


main()
