# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Texts of OpenPGP as people publish them: RFC 4880, 7 (signed text) and 6.2 (what is packed as text). Pure; whether a
signature holds is not known here."""

from __future__ import annotations

import base64
import binascii
import re

_KEY_BEGIN, _KEY_END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
# One signed text and nothing else: what stands before it, between two of them, or behind it is nobody's word, and so
# are headers that we don't know. A line of the text that began with dashes would have a dash and a blank before them.
_SIGNED = re.compile(
    r"-----BEGIN PGP SIGNED MESSAGE-----\n"
    r"(?:Hash: [A-Z0-9, -]+\n)*\n"
    r"(?P<text>(?:(?!-----).*\n)*)"
    r"-----BEGIN PGP SIGNATURE-----\n"
    r"(?:[A-Z][A-Za-z]*: .*\n)*\n"
    r"[A-Za-z0-9+/=\n]+"
    r"-----END PGP SIGNATURE-----\n?\Z"
)


def signed_text(text: str) -> str:
    """What the signature of a signed text is about. Raises ValueError if the text is anything else, or more than
    that."""
    found = _SIGNED.match(text)
    if found is None:
        raise ValueError("it is not one signed text and nothing else")
    return found["text"]


def keyring(content: bytes) -> bytes:
    """Public keys as programs read them, also of a key that is packed as text (``NAME.asc``). Raises ValueError for a
    damaged one."""
    text = content.decode("latin-1")
    if _KEY_BEGIN not in text:
        return content
    lines = text.partition(_KEY_BEGIN)[2].partition(_KEY_END)[0].strip("\r\n").splitlines()
    # Headers end with an empty line; the last line of what is packed is its sum (RFC 4880, 6.1).
    start = lines.index("") + 1 if "" in lines else 0
    body = [line for line in lines[start:] if not line.startswith("=")]
    try:
        return base64.b64decode("".join(body), validate=True)
    except binascii.Error as error:
        raise ValueError(f"it is damaged ({error})") from error
