# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Files of checksums as NetBSD's mirrors have one in each directory: what ``cksum -a SHA512 *`` prints (cksum(1))."""

from __future__ import annotations

import re

# SHA512 (netbsd-XEN3_DOM0.gz) = 0123...
_LINE = re.compile(r"SHA512 \((?P<name>.+)\) = (?P<sum>[0-9A-Fa-f]{128})\s*\Z")


def sha512_sums(text: str) -> dict[str, str]:
    """File name to SHA512 in lower case. Lines of other algorithms, and whatever else stands there, are passed over."""
    matches = (_LINE.match(line) for line in text.splitlines())
    return {match.group("name"): match.group("sum").lower() for match in matches if match}
