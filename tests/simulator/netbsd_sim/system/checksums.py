# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""cksum(1), sha1, which is the same program, and netpgpverify(1)."""

from __future__ import annotations

import hashlib
import os
import sys
import time

from ..core import forms
from ..core.machine import Machine, NotSimulated, SimError
from . import openpgp


def cksum(m: Machine, argv: list[str]) -> int:
    """cksum -a ALGORITHM [-n] FILE... (record cksum-a-sha512)."""
    letters, values, words = forms.read(argv)
    if "a" in letters and words:
        return _print_sums(m, values["a"][-1].upper(), words, bare="n" in letters)
    raise NotSimulated(" ".join(argv))


def sha1(m: Machine, argv: list[str]) -> int:
    """sha1 FILE... is the same program under a name that says the algorithm (usr.bin/cksum/cksum.c, NetBSD 10)."""
    return _print_sums(m, "SHA1", forms.read(argv).words, bare=False, program="sha1")


def _print_sums(m: Machine, algorithm: str, names: list[str], bare: bool, program: str = "cksum") -> int:
    rc = 0
    for name in names:
        try:
            digest = hashlib.new(algorithm.lower(), m.path(os.path.abspath(name)).read_bytes()).hexdigest()
        except OSError as error:
            print(f"{program}: {name}: {error.strerror}", file=sys.stderr)
            rc = 1
            continue
        print(f"{digest} {name}" if bare else f"{algorithm} ({name}) = {digest}")
    return rc


def netpgpverify(m: Machine, argv: list[str]) -> int:
    """netpgpverify -k KEYRING FILE (crypto/external/bsd/netpgp/dist/src/netpgpverify/main.c): 0 and who signed it, or
    1 and why not. A keyring is binary; one that is packed as text can't be read. That of NetBSD 7 knows no SHA512 and
    no signature without a header (digest.c, digest_get_prefix; libverify.c, read_ascii_armor; measured with that of
    7.99.10, 20150205)."""
    _letters, values, (name,) = forms.read(argv)
    try:
        ring = openpgp.keys(m.path(os.path.abspath(values["k"][-1])).read_bytes())
    except (OSError, openpgp.Unreadable):
        raise SimError("can't read keyring") from None
    try:
        text = m.path(os.path.abspath(name)).read_text()
        old = m.profile.netbsd_revision < 800000000
        if old and "-----BEGIN PGP SIGNATURE-----\n\n" in text:
            raise ValueError("No signature found")
        key, found = openpgp.verified(text, ring)
        if old and found.hash == openpgp.SHA512:
            raise ValueError("Signature on data did not match")
    except OSError:
        raise SimError("Signature did not match contents -- No input data") from None
    except ValueError as error:
        raise SimError(f"Signature did not match contents -- {error}") from None
    pairs = " ".join(key.fingerprint.hex()[at : at + 4] for at in range(0, 40, 4))
    born = time.strftime("%Y-%m-%d", time.gmtime(key.made))
    print(f"Good signature for {name} made {time.ctime(found.made)}")
    print(f"signature     {key.n.bit_length()}/RSA (Encrypt or Sign) {key.id.hex()} {born}")
    print(f"fingerprint   {pairs} \nuid           {key.user}\n")
    return 0
