# SPDX-License-Identifier: Apache-2.0
"""Evidence that tests make themselves: PSA tokens (draft-tschofenig-rats-psa-token), signed by openssl; and the
policies that they meet."""
import hashlib
import re
import subprocess


def head(major, number):
    """The head of a CBOR item, in its shortest form."""
    if number < 24:
        return bytes([major << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise ValueError(number)


def cbor(value):
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        pairs = sorted((cbor(k), cbor(v)) for k, v in value.items())
        return head(5, len(pairs)) + b"".join(k + v for k, v in pairs)
    raise TypeError(type(value))


def openssl(*args, stdin=b""):
    return subprocess.run(["openssl", *map(str, args)], input=stdin, capture_output=True, check=True).stdout


def raw_signature(der):
    """r | s of an ECDSA signature in DER, 32 bytes each."""
    numbers = re.findall(rb"INTEGER\s+:([0-9A-F]+)", openssl("asn1parse", "-inform", "DER", stdin=der))
    return b"".join(int(n, 16).to_bytes(32, "big") for n in numbers)


class Device:
    """A device with an initial attestation key of its own."""

    def __init__(self, home, name="device"):
        self.key, self.iak = home / f"{name}.key", home / f"{name}.pem"
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key)
        openssl("ec", "-in", self.key, "-pubout", "-out", self.iak)
        self.instance = b"\x01" + hashlib.sha256(name.encode()).digest()

    @staticmethod
    def components(firmware, signer):
        return [{2: hashlib.sha256(firmware).digest(), 5: hashlib.sha256(signer).digest()}]

    def code(self, firmware=b"firmware 1", signer=b"vendor"):
        """What a policy calls its code."""
        return hashlib.sha256(cbor(self.components(firmware, signer))).digest()

    def token(self, nonce, firmware=b"firmware 1", signer=b"vendor", lifecycle=0x3000):
        claims = cbor({265: "http://arm.com/psa/2.0.0", 2394: 1, 2395: lifecycle, 2396: b"\x11" * 32,
                       10: nonce, 256: self.instance, 2397: b"\x22" * 32, 2399: self.components(firmware, signer)})
        protected = cbor({1: -7})
        signed = cbor(["Signature1", protected, b"", claims])
        signature = raw_signature(openssl("dgst", "-sha256", "-sign", self.key, stdin=signed))
        return b"\xd2" + cbor([protected, {}, claims, signature])


POLICY = """format: 1
name: meters
version: 7
subject: enclave
binding: none
classes: [hardware]
platforms: ["{platform}"]
platform_pcrs: any
not_after: {not_after}
isolation: [none]
signers: ["{signer}"]
product: meter
minimum_version: 1
codes: any
configs: any
"""
POLICY_2 = """format: 2
name: meters
version: 8
subject: enclave
binding: {binding}
not_after: "{not_after}"
kinds: [psa]
classes: [hardware]
platforms: [{{ value: "{platform}", from: enrolled, until: "{until}" }}]
revoked_platforms: {revoked}
exceptions: []
unchecked: []
isolation: [hardware]
signers: {{ any: "the code says who" }}
products: {{ absent: "tokens have none" }}
minimum_version: {{ absent: "tokens have none" }}
codes: [{{ value: "{code}", from: "release 1", until: "2100-01-01T00:00:00Z" }}]
configs: {{ absent: "tokens have none" }}
"""
FAR = "2100-01-01T00:00:00Z"


def policy(home, device, name="policy.yaml", **changed):
    """The name of a policy of format 1 that permits this device, but for what is changed."""
    values = {"platform": device.instance.hex(), "signer": hashlib.sha256(b"vendor").hexdigest(),
              "not_after": 4000000000, **changed}
    home.write(name, POLICY.format(**values).encode())
    return name


def policy_2(home, device, name="two.yaml", **changed):
    """The same in format 2, where the code counts."""
    values = {"binding": "none", "not_after": FAR, "platform": device.instance.hex(), "until": FAR, "revoked": "[]",
              "code": device.code().hex(), **changed}
    home.write(name, POLICY_2.format(**values).encode())
    return name
