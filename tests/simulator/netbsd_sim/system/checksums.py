# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""cksum(1)."""

from __future__ import annotations

import hashlib
import os
import sys

from ..core import forms
from ..core.machine import Machine, NotSimulated


def cksum(m: Machine, argv: list[str]) -> int:
    """cksum -a ALGORITHM [-n] FILE... (record cksum-a-sha512)."""
    letters, values, words = forms.read(argv)
    if "a" in letters and words:
        return _print_sums(m, values["a"][-1].upper(), words, bare="n" in letters)
    raise NotSimulated(" ".join(argv))


def _print_sums(m: Machine, algorithm: str, names: list[str], bare: bool) -> int:
    rc = 0
    for name in names:
        try:
            digest = hashlib.new(algorithm.lower(), m.path(os.path.abspath(name)).read_bytes()).hexdigest()
        except OSError as error:
            print(f"cksum: {name}: {error.strerror}", file=sys.stderr)
            rc = 1
            continue
        print(f"{digest} {name}" if bare else f"{algorithm} ({name}) = {digest}")
    return rc
