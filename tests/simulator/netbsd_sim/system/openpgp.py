# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenPGP as far as a release's signed list takes it: RSA keys and signatures of version 4, signed text (RFC 4880, 5.2,
5.5, 6, 7). ``OFFICER`` signs what the rack's mirror has; he is nobody else."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

# What it is made of is known to everybody: a key of tests.
_P, _Q = (int("".join(words.split()), 16) for words in (
    """
    fc4dc6d964f83c443d16339228b8ab9cee47929d3ca60ccb2571ee7881f4c217e80c52dc7f149fa22df0a507a04886c3a925
    c188cfa041d49ebe434246f9e41c0f476b70c7a9720354fa9611d7fad34d0344b9671b15175f856971a05a741d8897f8b4d4
    07e0dd4aaa804420607bef56d90e4fb6b8c2e079342a8e8127b21beb
    """,
    """
    c7127160e186159368f530ee8faf0be2f5f59af9d682ff02f834ed050621610e3a5c00e00c2f756ea8388155d3980f3a0c1f
    0dcf1e17db596baec7319ebe076e1e18085766b9358362f803169127d223e6acc8ab2d93f9f75e2a32acbc60ec2085c1adc9
    e3940292e437d9fce8cc712ad59e0eeb764a3dfde91bd603ff173ed3
    """,
))
_MADE = 1561939200
_RSA, _TEXT, _CERTIFIES = 1, 0x01, 0x13
SHA1, SHA256, SHA512 = 2, 8, 10
_HASHES = {SHA1: "sha1", SHA256: "sha256", SHA512: "sha512"}
# As NetBSD 6.0 has it before the signature of its list.
_HEADER = "Version: GnuPG v1.4.11 (NetBSD)\n"
# EMSA-PKCS1-v1_5 (RFC 8017, 9.2, note 1).
_PREFIXES = {"sha1": "3021300906052b0e03021a05000414", "sha256": "3031300d060960864801650304020105000420",
             "sha512": "3051300d060960864801650304020305000440"}
_KEY_TAG, _SIGNATURE_TAG, _USER_TAG = 6, 2, 13


class Unreadable(ValueError):
    """No packets of OpenPGP."""


@dataclass(frozen=True)
class Key:
    """A public RSA key with its owner, ``d`` 0 without its secret half."""

    n: int
    e: int
    user: str = ""
    made: int = _MADE
    d: int = 0

    @property
    def body(self) -> bytes:
        return struct.pack(">BIB", 4, self.made, _RSA) + _number(self.n) + _number(self.e)

    @property
    def fingerprint(self) -> bytes:
        return hashlib.sha1(b"\x99" + struct.pack(">H", len(self.body)) + self.body).digest()  # noqa: S324

    @property
    def id(self) -> bytes:
        return self.fingerprint[-8:]


@dataclass(frozen=True)
class Signature:
    kind: int
    hash: int
    hashed: bytes
    issuer: bytes
    made: int
    value: int


OFFICER = Key(_P * _Q, 65537, "NetBSD Security Officer <security-officer@NetBSD.org>",
              d=pow(65537, -1, (_P - 1) * (_Q - 1)))


# --- writing ----------------------------------------------------------------------------------------------------------


def public(key: Key) -> bytes:
    """A keyring with this key in it."""
    user = key.user.encode()
    over = b"\x99" + struct.pack(">H", len(key.body)) + key.body + b"\xb4" + struct.pack(">I", len(user)) + user
    parts = ((_KEY_TAG, key.body), (_USER_TAG, user), (_SIGNATURE_TAG, _sign(key, _CERTIFIES, over)))
    return b"".join(_packet(tag, body) for tag, body in parts)


def armored(kind: str, content: bytes, header: str = "") -> str:
    """Packets as text."""
    lines = [base64.b64encode(content[at : at + 48]).decode() for at in range(0, len(content), 48)]
    checked = base64.b64encode(struct.pack(">I", _crc(content))[1:]).decode()
    return "\n".join([f"-----BEGIN PGP {kind}-----", header, *lines, f"={checked}", f"-----END PGP {kind}-----", ""])


def signed(key: Key, text: str, algorithm: int = SHA256, header: str = _HEADER) -> str:
    """A signed text. No line of it may begin with a dash. GnuPG writes no header from 2.1 on."""
    signature = armored("SIGNATURE", _packet(_SIGNATURE_TAG, _sign(key, _TEXT, _canonical(text), algorithm)), header)
    return f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: {_HASHES[algorithm].upper()}\n\n{text}{signature}"


def _sign(key: Key, kind: int, over: bytes, algorithm: int = SHA256) -> bytes:
    name, hashed = _HASHES[algorithm], struct.pack(">BBBBHBBI", 4, kind, _RSA, algorithm, 6, 5, 2, key.made)
    digest = _digest(name, over, hashed)
    value = pow(_padded(name, digest, key.n), key.d, key.n)
    return hashed + struct.pack(">HBB", 10, 9, 16) + key.id + digest[:2] + _number(value)


def _packet(tag: int, body: bytes) -> bytes:
    return bytes([0x80 | tag << 2 | 1]) + struct.pack(">H", len(body)) + body


def _number(value: int) -> bytes:
    return struct.pack(">H", value.bit_length()) + value.to_bytes((value.bit_length() + 7) // 8, "big")


def _crc(content: bytes) -> int:
    found = 0xB704CE
    for byte in content:
        found ^= byte << 16
        for _bit in range(8):
            found = found << 1 ^ (0x1864CFB if found & 0x800000 else 0)
    return found & 0xFFFFFF


# --- reading ----------------------------------------------------------------------------------------------------------


def keys(ring: bytes) -> list[Key]:
    """The RSA keys of a keyring. Raises Unreadable."""
    found: list[Key] = []
    for tag, body in _packets(ring):
        if tag == _KEY_TAG and body[0] == 4 and body[5] in (1, 2, 3):
            n, rest = _read_number(body[6:])
            found.append(Key(n, _read_number(rest)[0], made=struct.unpack(">I", body[1:5])[0]))
        elif tag == _USER_TAG and found and not found[-1].user:
            found[-1] = Key(found[-1].n, found[-1].e, body.decode(), found[-1].made)
    return found


def verified(text: str, ring: list[Key]) -> tuple[Key, Signature]:
    """Who signed a text, and how. Raises ValueError in the words of netpgpverify."""
    _start, _line, rest = text.partition("\n\n")
    body, mark, rest = rest.partition("-----BEGIN PGP SIGNATURE-----\n")
    if not mark:
        raise ValueError("No signature found")
    packed = rest.partition("\n\n")[2].partition("-----END PGP SIGNATURE-----")[0]
    lines = [line for line in packed.splitlines() if line and not line.startswith("=")]
    try:
        packets = list(_packets(base64.b64decode("".join(lines))))
        (found,) = [_signature(each) for tag, each in packets if tag == _SIGNATURE_TAG]
    except (ValueError, IndexError, struct.error):
        raise ValueError("No signature found") from None
    key = next((each for each in ring if each.id == found.issuer), None)
    if key is None:
        raise ValueError(f"Signature key id {found.issuer.hex()} not found ")
    name = _HASHES.get(found.hash, "")
    digest = _digest(name, _canonical(body), found.hashed) if name else b""
    if not name or pow(found.value, key.e, key.n) != _padded(name, digest, key.n):
        raise ValueError("Signature on data did not match")
    return key, found


def _packets(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(content):
        head = content[at]
        if not head & 0x80:
            raise Unreadable
        if head & 0x40:
            tag, first = head & 0x3F, content[at + 1]
            size, at = (first, at + 2) if first < 192 else ((first - 192 << 8) + content[at + 2] + 192, at + 3)
        else:
            tag, width = head >> 2 & 15, 1 << (head & 3)
            size, at = int.from_bytes(content[at + 1 : at + 1 + width], "big"), at + 1 + width
        yield tag, content[at : at + size]
        at += size


def _signature(body: bytes) -> Signature:
    end = 6 + struct.unpack(">H", body[4:6])[0]
    size = struct.unpack(">H", body[end : end + 2])[0]
    known = dict([*_parts(body[6:end]), *_parts(body[end + 2 : end + 2 + size])])
    value = _read_number(body[end + 2 + size + 2 :])[0]
    return Signature(body[1], body[3], body[:end], known[16], struct.unpack(">I", known[2])[0], value)


def _parts(content: bytes) -> Iterator[tuple[int, bytes]]:
    while content:
        yield content[1] & 0x7F, content[2 : content[0] + 1]
        content = content[content[0] + 1 :]


def _read_number(content: bytes) -> tuple[int, bytes]:
    size = (struct.unpack(">H", content[:2])[0] + 7) // 8 + 2
    return int.from_bytes(content[2:size], "big"), content[size:]


def _canonical(text: str) -> bytes:
    """The text that is signed: lines without blanks at their ends, and nothing behind the last."""
    return "\r\n".join(line.rstrip(" \t\r") for line in text.removesuffix("\n").split("\n")).encode()


def _digest(name: str, over: bytes, hashed: bytes) -> bytes:
    return hashlib.new(name, over + hashed + struct.pack(">BBI", 4, 0xFF, len(hashed))).digest()


def _padded(name: str, digest: bytes, n: int) -> int:
    inner = bytes.fromhex(_PREFIXES[name]) + digest
    size = (n.bit_length() + 7) // 8
    return int.from_bytes(b"\0\1" + b"\xff" * (size - len(inner) - 3) + b"\0" + inner, "big")
