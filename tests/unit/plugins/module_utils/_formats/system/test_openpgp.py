# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What of a signed text is signed, and keys that are packed as text."""

from __future__ import annotations

import pytest
from netbsd_sim.system import openpgp as simulated

from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import openpgp

TEXT = "\nThe following is a list\n\nSHA512 (NetBSD-10.1/a) = 00\n"
SIGNED = simulated.signed(simulated.OFFICER, TEXT, simulated.SHA512, "")
OLD = simulated.signed(simulated.OFFICER, TEXT)


@pytest.mark.parametrize("text", [SIGNED, OLD], ids=["new", "old"])
def test_only_what_is_signed_is_taken(text: str) -> None:
    assert openpgp.signed_text(text) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT,
        "SHA512 (NetBSD-10.1/a) = 11\n" + SIGNED,
        SIGNED + "SHA512 (NetBSD-10.1/a) = 11\n",
        SIGNED + SIGNED,
        "\n" + SIGNED,
        SIGNED.replace("Hash: SHA512\n", "Hash: SHA512\nSHA512 (NetBSD-10.1/a) = 11\n"),
        SIGNED.replace("-----BEGIN PGP SIGNATURE-----\n", "-----BEGIN PGP SIGNATURE-----\nSHA512 (a) = 11\n"),
        SIGNED.replace("=\n-----END", "=\nSHA512 (a) = 11\n-----END").replace("\n=", "\nSHA512 (a) = 1\n="),
        SIGNED.replace("-----END PGP SIGNATURE-----\n", ""),
        SIGNED[: len(SIGNED) // 2],
        "\0" * 2000,
    ],
    ids=["nothing", "unsigned", "before", "behind", "twice", "line", "header", "in signature", "among base64", "no end",
         "half", "lost"],
)  # fmt: skip
def test_whatever_else_there_is_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not one signed text and nothing else"):
        openpgp.signed_text(text)


def test_a_long_list_is_read_at_once() -> None:
    lines = "".join(f"SHA512 (NetBSD-10.1/amd64/{number}) = {'0' * 128}\n" for number in range(60_000))
    text = SIGNED.replace(TEXT, lines)
    assert openpgp.signed_text(text) == lines


def test_a_key_may_be_packed_as_text() -> None:
    ring = simulated.public(simulated.OFFICER)
    text = simulated.armored("PUBLIC KEY BLOCK", ring)
    assert openpgp.keyring(ring) == ring
    assert openpgp.keyring(text.encode()) == ring
    with_header = text.replace("-----\n", "-----\nVersion: GnuPG v1\nComment: of tests\n", 1).replace("\n", "\r\n")
    assert openpgp.keyring(with_header.encode()) == ring
    with pytest.raises(ValueError, match="damaged"):
        openpgp.keyring(text.replace("m", "!", 1).encode())
