# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""cksum(1) -a and its links."""

from __future__ import annotations

import hashlib
import os
import sys

from .machine import Machine, NotSimulated, SimError


def cksum(m: Machine, argv: list[str]) -> int:
    """cksum -a ALGORITHM [-n] FILE..."""
    words = argv[1:]
    if len(words) < 3 or words[0] != "-a":
        raise NotSimulated(" ".join(argv))
    return _print_sums(m, words[1].upper(), words[2:])


def sha512(m: Machine, argv: list[str]) -> int:
    """sha512 FILE..."""
    return _print_sums(m, "SHA512", argv[1:])


def _print_sums(m: Machine, algorithm: str, words: list[str]) -> int:
    if algorithm not in ("SHA512", "SHA256", "SHA1", "MD5"):
        raise SimError(f"cksum: unknown algorithm {algorithm}")
    bare = "-n" in words
    rc = 0
    for name in [word for word in words if word != "-n"]:
        try:
            digest = hashlib.new(algorithm.lower(), m.path(os.path.abspath(name)).read_bytes()).hexdigest()
        except OSError as error:
            print(f"cksum: {name}: {error.strerror}", file=sys.stderr)
            rc = 1
            continue
        print(f"{digest} {name}" if bare else f"{algorithm} ({name}) = {digest}")
    return rc
