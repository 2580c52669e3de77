#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of sealed blobs, written from docs/formats/sealed-blob.md alone.

    read_blob.py VECTORS.json

opens every vector and refuses every refusal of tests/vectors/sealed-blob/. It knows passphrase and
recipient slots. It is a test: it holds secrets in ordinary memory.
"""
import hashlib
import hmac
import json
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MAGIC = b"\x89BLS\r\n\x1a\n"
AREAS = 4
HPKE, PASSPHRASE = 5, 6
CHUNK, TAG = 16384, 16


class Refused(Exception):
    pass


# -- deterministic CBOR ---------------------------------------------------------------------------

def cbor(data):
    value, rest = cbor_item(data, 0)
    if rest != len(data):
        raise Refused("bytes after the CBOR item")
    return value


def cbor_head(data, at):
    if at >= len(data):
        raise Refused("CBOR ends early")
    major, small = data[at] >> 5, data[at] & 31
    if small < 24:
        return major, small, at + 1
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(small)
    if size is None or at + 1 + size > len(data):
        raise Refused("CBOR head")
    value = int.from_bytes(data[at + 1:at + 1 + size], "big")
    if value < 24 or (size > 1 and value < 1 << (4 * size)):
        raise Refused("CBOR head is not the shortest")
    return major, value, at + 1 + size


class Encoded:
    """A value together with the bytes that it came from."""

    def __init__(self, value, data):
        self.value, self.data = value, data


def cbor_item(data, at):
    start = at
    major, value, at = cbor_head(data, at)
    if major == 0:
        return Encoded(value, data[start:at]), at
    if major in (2, 3):
        if at + value > len(data):
            raise Refused("CBOR string ends early")
        content = data[at:at + value]
        if major == 3:
            try:
                content = content.decode()
            except UnicodeDecodeError:
                raise Refused("text is not UTF-8") from None
        return Encoded(content, data[start:at + value]), at + value
    if major == 4:
        items = []
        for _ in range(value):
            item, at = cbor_item(data, at)
            items.append(item)
        return Encoded(items, data[start:at]), at
    if major == 5:
        pairs, last = {}, b""
        for _ in range(value):
            key, at = cbor_item(data, at)
            if key.data <= last:
                raise Refused("CBOR keys do not ascend")
            last = key.data
            pairs[key.value], at = cbor_item(data, at)
        return Encoded(pairs, data[start:at]), at
    if major == 7 and value in (20, 21):
        return Encoded(value == 21, data[start:at]), at
    raise Refused("CBOR type")


def known_keys(pairs, known):
    for key in pairs:
        if key not in known and (not isinstance(key, int) or key < 0x100 or key % 2 == 1):
            raise Refused(f"key {key} must be understood")


# -- key derivation -------------------------------------------------------------------------------

def extract(name, salt, key):
    return hmac.digest(salt or bytes(hashlib.new(name).digest_size), key, name)


def expand(name, prk, info, size):
    out, block, count = b"", b"", 1
    while len(out) < size:
        block = hmac.digest(prk, block + info + bytes([count]), name)
        out, count = out + block, count + 1
    return out[:size]


KEMS = {  # id: kind, hash, size of the secret, size of a raw public key
    0x0020: ("X25519", "sha256", 32, 32),
    0x0010: ("P-256", "sha256", 32, 65),
    0x0011: ("P-384", "sha384", 48, 97),
}


def hpke_export(kem_id, private, enc, info, context, size):
    """RFC 9180, base mode, receiver, Secret Export."""
    kind, name, secret_size, _ = KEMS[kem_id]
    kem_suite = b"KEM" + struct.pack(">H", kem_id)
    suite = b"HPKE" + struct.pack(">HHH", kem_id, 1 if name == "sha256" else 2, 2)

    def labeled_extract(suite_id, salt, label, key):
        return extract(name, salt, b"HPKE-v1" + suite_id + label + key)

    def labeled_expand(suite_id, prk, label, text, length):
        return expand(name, prk, struct.pack(">H", length) + b"HPKE-v1" + suite_id + label + text, length)

    shared = agree(kind, private, enc)
    secret = labeled_expand(kem_suite, labeled_extract(kem_suite, b"", b"eae_prk", shared), b"shared_secret",
                            enc + raw_public(kind, private), secret_size)
    schedule = b"\0" + labeled_extract(suite, b"", b"psk_id_hash", b"") + \
        labeled_extract(suite, b"", b"info_hash", info)
    exporter = labeled_expand(suite, labeled_extract(suite, secret, b"secret", b""), b"exp", schedule,
                              hashlib.new(name).digest_size)
    return labeled_expand(suite, exporter, b"sec", context, size)


CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}


def load_private(kind, raw):
    if kind == "X25519":
        return x25519.X25519PrivateKey.from_private_bytes(raw)
    return ec.derive_private_key(int.from_bytes(raw, "big"), CURVES[kind])


def raw_public(kind, private):
    if kind == "X25519":
        return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def agree(kind, private, enc):
    try:
        if kind == "X25519":
            return private.exchange(x25519.X25519PublicKey.from_public_bytes(enc))
        return private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVES[kind], enc))
    except ValueError:
        raise Refused("encapsulated key") from None


# -- the access tree ------------------------------------------------------------------------------

def gf_multiply(a, b):
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11b if a & 0x80 else 0)
        b >>= 1
    return product


def gf_invert(a):
    return next(b for b in range(1, 256) if gf_multiply(a, b) == 1)


def interpolate(points):
    out = bytearray(32)
    for x, value in points:
        weight = 1
        for other, _ in points:
            if other != x:
                weight = gf_multiply(weight, gf_multiply(other, gf_invert(other ^ x)))
        for i, byte in enumerate(value):
            out[i] ^= gf_multiply(byte, weight)
    return bytes(out)


def combine(tree, shares):
    """The secret of a node, or None."""
    if isinstance(tree.value, bytes):
        return shares.get(tree.value)
    kind = tree.value[0].value
    children = tree.value[2 if kind == "k" else 1:]
    found = [(i + 1, secret) for i, secret in enumerate(combine(child, shares) for child in children)
             if secret is not None]
    if kind == "any" and found:
        return found[0][1]
    if kind == "all" and len(found) == len(children):
        total = bytes(32)
        for _, secret in found:
            total = bytes(a ^ b for a, b in zip(total, secret))
        return total
    if kind == "k" and len(found) >= tree.value[1].value:
        return interpolate(found[:tree.value[1].value])
    return None


def leaves(tree, depth=0):
    if isinstance(tree.value, bytes):
        return [tree.value]
    if depth == 4 or not isinstance(tree.value, list) or len(tree.value) < 2:
        raise Refused("access tree")
    kind = tree.value[0].value
    children = tree.value[2 if kind == "k" else 1:]
    if kind not in ("any", "all", "k") or not children:
        raise Refused("access tree")
    if kind == "k" and not 1 <= tree.value[1].value <= len(children):
        raise Refused("threshold")
    return [leaf for child in children for leaf in leaves(child, depth + 1)]


# -- slots of TEEs ---------------------------------------------------------------------------------

NUMBER, FIELDS = "number", "fields"
ROOT_PARAMS = {  # type of slot: each parameter is a number, a byte string of this size, or the fields
    3: {1: NUMBER, 2: NUMBER, 3: NUMBER, 4: NUMBER, 5: 8, 7: FIELDS, 8: NUMBER},
}
ROOT_FIELDS = {  # and the sizes of its fields
    3: {1: 48, 2: 48, 3: 48, 4: 32, 5: 32, 6: 8, 7: 16, 8: 16},
}


def root_params(kind, params):
    """Exactly the parameters of the kind."""
    if set(params) != set(ROOT_PARAMS[kind]):
        raise Refused("parameters of a TEE")
    for key, form in ROOT_PARAMS[kind].items():
        value = params[key].value
        if form == FIELDS:
            if any(ROOT_FIELDS[kind].get(field) != len(seen.value) for field, seen in value.items()):
                raise Refused("fields of a TEE")
        elif not (isinstance(value, int) if form == NUMBER else isinstance(value, bytes) and len(value) == form):
            raise Refused("parameter of a TEE")


# -- the blob -------------------------------------------------------------------------------------

def area_is_whole(area):
    if len(area) < 60:
        return False
    used = struct.unpack(">I", area[8:12])[0]
    return (12 + used + 48 <= len(area) and not any(area[12 + used:-48])
            and hashlib.sha256(area[:-16]).digest()[:16] == area[-16:])


class Blob:
    def __init__(self, data):
        if data[:8] != MAGIC:
            raise Refused("not a blob")
        if len(data) < 64:
            raise Refused("truncated")
        major, self.suite, core_size, slots_size, flags, self.epoch = struct.unpack(">HHIIIQ", data[8:32])
        if (major, self.suite) != (1, 1) or flags not in (0, AREAS):
            raise Refused("version, suite or flags")
        if core_size > 65536 or slots_size > 1 << 20:
            raise Refused("too large")
        if flags == AREAS and self.epoch != 0:
            raise Refused("an epoch beside areas")
        start = 64 + core_size
        end = start + (2 * slots_size if flags == AREAS else slots_size + 32)
        if len(data) < end:
            raise Refused("truncated")
        self.preamble, self.blob_id = data[:64], data[32:64]
        self.core, self.body = data[64:start], data[end:]
        if flags == AREAS:
            self.choose_area(data[start:start + slots_size], data[start + slots_size:end])
        else:
            self.slots = self.covered = data[start:end - 32]
            self.mac = data[end - 32:end]
        self.digest = hashlib.sha512(data[:16] + self.blob_id + self.core).digest()
        self.decode()

    def choose_area(self, *areas):
        whole = [area for area in areas if area_is_whole(area)]
        if not whole or (len(whole) == 2 and whole[0] != whole[1] and whole[0][:8] == whole[1][:8]):
            raise Refused("no area, or two that contradict")
        area = max(whole, key=lambda each: each[:8])
        self.epoch, used = struct.unpack(">QI", area[:12])
        self.slots, self.covered, self.mac = area[12:12 + used], area[:-48], area[-48:-16]

    def decode(self):
        self.fields = cbor(self.core).value
        known_keys(self.fields, (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12))
        table = cbor(self.slots).value
        known_keys(table, (1, 2))
        self.tree, self.slot_map = table[1], table[2].value
        if sorted(leaves(self.tree)) != sorted(self.slot_map):
            raise Refused("tree and slots differ")
        for slot in self.slot_map.values():
            known_keys(slot.value, range(1, 10))

    def input_key(self, slot_id, slot, passphrase, identities, roots):
        kind, params = slot[1].value, slot[2].value
        if kind in ROOT_PARAMS:
            root_params(kind, params)
            return roots.get(kind)
        if kind == PASSPHRASE and passphrase is not None:
            if not 14 <= params[2].value <= 20:
                raise Refused("scrypt cost")
            return hashlib.scrypt(passphrase, salt=params[1].value, n=1 << params[2].value, r=8, p=1,
                                  maxmem=(1 << 31) - 2, dklen=32)
        if kind == HPKE:
            for name, private in identities:
                own_id = hashlib.sha256(raw_public(name, private)).digest()[:8]
                if params[1].value in KEMS and KEMS[params[1].value][0] == name and own_id == params[3].value:
                    info = b"bulla.seal/1 recipient\0" + struct.pack(">H", self.suite) + self.digest
                    return hpke_export(params[1].value, private, params[2].value, info, slot_id, 32)
        return None

    def share(self, slot_id, slot, passphrase, identities, roots):
        key = self.input_key(slot_id, slot, passphrase, identities, roots)
        if key is None:
            return None
        info = b"bulla.seal/1 slot" + struct.pack(">H", slot[1].value) + hashlib.sha512(slot[2].data).digest()
        both = expand("sha512", extract("sha512", self.blob_id + slot_id, key), info, 64)
        if both[32:] != slot[4].value:
            return None
        try:
            return AESGCM(both[:32]).decrypt(bytes(12), slot[3].value, self.digest + slot_id)
        except InvalidTag:
            raise Refused("altered slot") from None

    def open(self, name, associated_data, passphrase, identities, roots=None):
        """`roots`: what TEEs derive, by the type of the slot."""
        shares = {}
        for slot_id, slot in self.slot_map.items():
            share = self.share(slot_id, slot.value, passphrase, identities, roots or {})
            if share is not None:
                shares[slot_id] = share
        content_key = combine(self.tree, shares)
        if content_key is None:
            raise Refused("no slot opens")
        prk = extract("sha512", self.blob_id, content_key)
        suite = struct.pack(">H", self.suite)
        mac_key = expand("sha512", prk, b"bulla.seal/1 header-mac\0" + suite, 64)
        if hmac.digest(mac_key, self.preamble + self.core + self.covered, "sha512")[:32] != self.mac:
            raise Refused("altered header")
        if name is not None and self.fields[1].value != name:
            raise Refused("name")
        stored = self.fields[3].value if 3 in self.fields else None
        given = hashlib.sha512(associated_data).digest() if associated_data is not None else None
        if stored != given:
            raise Refused("associated data")
        if any(key in self.fields for key in (8, 11, 12)):
            raise Refused("cannot honour the core")
        plaintext = self.open_body(expand("sha512", prk, b"bulla.seal/1 body\0" + suite + self.digest, 32))
        if 5 in self.fields and self.fields[5].value != len(plaintext):
            raise Refused("size")
        return plaintext

    def open_body(self, key):
        if len(self.body) < 56:
            raise Refused("truncated body")
        info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0" + self.body[:24] + self.digest
        derived = expand("sha512", key, info, 76)
        if derived[44:] != self.body[24:56]:
            raise Refused("commitment")
        aead, base = AESGCM(derived[:32]), int.from_bytes(derived[32:44], "big")
        sealed, out = self.body[56:], []
        for number, at in enumerate(range(0, len(sealed) + 1, CHUNK + TAG)):
            chunk = sealed[at:at + CHUNK + TAG]
            if len(chunk) < TAG:
                raise Refused("the end is missing")
            try:
                out.append(aead.decrypt((base ^ number).to_bytes(12, "big"), chunk, None))
            except InvalidTag:
                raise Refused("altered chunk") from None
        return b"".join(out)


# -- vectors --------------------------------------------------------------------------------------

def open_vector(vector, data):
    associated = vector["associated_data"].encode() if "associated_data" in vector else None
    passphrase = vector["passphrase"].encode() if "passphrase" in vector else None
    identities = [(identity["kind"], load_private(identity["kind"], bytes.fromhex(identity["private"])))
                  for identity in vector["identities"]]
    return Blob(data).open(vector["name"], associated, passphrase, identities)


def edited(data, edit):
    at = edit["offset"] + (len(data) if edit["offset"] < 0 else 0)
    if "add" in edit:
        return data + bytes.fromhex(edit["add"])
    if "cut" in edit:
        return data[:at]
    return data[:at] + bytes([data[at] ^ edit["flip"]]) + data[at + 1:]


def check(path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    failed, by_name = 0, {}
    for vector in document["vectors"]:
        data = bytes.fromhex(vector["blob"])
        by_name[vector["name"]] = vector, data
        expected = bytes((i * 7 + (i >> 9)) & 255 for i in range(vector["plaintext_size"]))
        try:
            found = open_vector(vector, data)
        except Refused as reason:
            found = reason
        if found != expected:
            print(f"{vector['name']}: {found if isinstance(found, Refused) else 'another plaintext'}")
            failed += 1
    for edit in document["harmless"]:
        vector, data = by_name[edit["of"]]
        try:
            open_vector(vector, edited(data, edit))
        except Refused as reason:
            print(f"{edit['of']}: {edit['why']}: {reason}")
            failed += 1
    for edit in document["refused"]:
        vector, data = by_name[edit["of"]]
        try:
            open_vector(vector, edited(data, edit))
        except Refused:
            continue
        print(f"{edit['of']}: {edit['why']}: was opened")
        failed += 1
    print(f"{len(document['vectors'])} vectors, {len(document['refused'])} refusals, {failed} failed")
    return 1 if failed or not document["vectors"] or not document["refused"] else 0


if __name__ == "__main__":
    sys.exit(check(sys.argv[1]))
