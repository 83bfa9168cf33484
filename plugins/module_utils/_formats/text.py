# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Text of a machine's files on its way to a person."""

from __future__ import annotations


def printable(text: str) -> str:
    """Text as it can be shown: bytes that were no UTF-8 (kept as surrogates for writing back) become a mark."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
