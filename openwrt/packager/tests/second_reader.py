"""Reads packages and checks signatures without anything of kickstand-packager: what it writes must be what others read.

usage: second_reader.py tar FILE                      members of a tar.gz, as JSON
       second_reader.py adb FILE                      values, data and signatures of an apk or packages.adb, as JSON
       second_reader.py usign PUBLIC MESSAGE SIG      exit 1 when the signature is not good
       second_reader.py apk-signature PUBLIC FILE     exit 1 when the signature is not good

The last two need the package `cryptography`.
"""

import base64
import hashlib
import json
import struct
import sys
import tarfile
import zlib


def tar(path):
    with tarfile.open(path, "r:gz") as archive:
        return [
            {
                "name": member.name,
                "type": member.type.decode(),
                "mode": oct(member.mode),
                "owner": [member.uid, member.gid, member.uname, member.gname],
                "mtime": member.mtime,
                "pax": member.pax_headers,
                "link": member.linkname,
                "text": archive.extractfile(member).read().decode("latin-1") if member.isfile() else None,
            }
            for member in archive
        ]


def blocks(path):
    """Schema and blocks of a container; apk-tools' doc/apk-v3.5.scd."""
    raw = open(path, "rb").read()
    if raw[:4] == b"ADBd":
        raw = zlib.decompress(raw[4:], -15)
    assert raw[:4] == b"ADB.", raw[:4]
    found, at = [], 8
    while at < len(raw):
        (word,) = struct.unpack_from("<I", raw, at)
        size = word & 0x3FFFFFFF
        found.append((word >> 30, raw[at + 4 : at + size]))
        assert not any(raw[at + size : at + (size + 7 & ~7)]), "padding is zero"
        at += size + 7 & ~7
    return raw[4:8], found


def value(adb, word):
    kind, rest = word >> 28, word & 0x0FFFFFFF
    if kind == 0:
        return None
    if kind == 1:
        return rest
    if kind in (2, 3):
        return struct.unpack_from("<I" if kind == 2 else "<Q", adb, rest)[0]
    if kind in (8, 9, 10):
        form = {8: "<B", 9: "<H", 10: "<I"}[kind]
        (size,) = struct.unpack_from(form, adb, rest)
        start = rest + struct.calcsize(form)
        return adb[start : start + size].decode("latin-1")
    assert kind in (13, 14), kind
    (count,) = struct.unpack_from("<I", adb, rest)
    return [value(adb, field) for field in struct.unpack_from(f"<{count - 1}I", adb, rest + 4)]


def adb(path):
    schema, found = blocks(path)
    values = found[0][1]
    assert [kind for kind, _ in found] == sorted(kind for kind, _ in found) and found[0][0] == 0
    return {
        "schema": schema.decode(),
        "root": value(values, struct.unpack_from("<I", values, 4)[0]),
        "sha256": hashlib.sha256(values).hexdigest(),
        "data": [
            [*struct.unpack_from("<II", block), hashlib.sha256(block[8:]).hexdigest()]
            for kind, block in found
            if kind == 2
        ],
        "signatures": [block.hex() for kind, block in found if kind == 1],
    }


def second_line(path):
    return base64.b64decode(open(path).read().splitlines()[1])


def usign(public, message, signature):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public, signature = second_line(public), second_line(signature)
    assert public[:2] == signature[:2] == b"Ed"
    assert public[2:10] == signature[2:10], "signed by another key"
    Ed25519PublicKey.from_public_bytes(public[10:]).verify(signature[10:], open(message, "rb").read())


def apk_signature(public, path):
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

    key = serialization.load_pem_public_key(open(public, "rb").read())
    point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    schema, found = blocks(path)
    signature = next(block for kind, block in found if kind == 1)
    assert signature[:2] == b"\0\4", "version 0, SHA-512"
    assert signature[2:18] == hashlib.sha512(point).digest()[:16], "signed by another key"
    signed = schema + signature[:18] + hashlib.sha512(found[0][1]).digest()
    key.verify(signature[18:], signed, ECDSA(hashes.SHA512()))


what, *paths = sys.argv[1:]
print(json.dumps({"tar": tar, "adb": adb, "usign": usign, "apk-signature": apk_signature}[what](*paths)))
