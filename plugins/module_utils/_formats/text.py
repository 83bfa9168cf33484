# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Text of a machine's files, and of an inventory, on its way to a person."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def printable(text: str) -> str:
    """Text as it can be shown: bytes that were no UTF-8 (kept as surrogates for writing back) become a mark."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def shown(key: object) -> str:
    """A key in a message, which is one line whatever the inventory holds."""
    return key if isinstance(key, str) and key.isprintable() else repr(key)


def near(word: str, known: Iterable[str]) -> str:
    """The known words that this one may be a slip of, as a question, or nothing."""
    close = difflib.get_close_matches(word, sorted(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def unknown_key(key: object, known: Iterable[str]) -> str:
    """That a key is not known, with those that were probably meant, or with all that there are."""
    names = list(known)
    return f"{shown(key)} is not a known key{near(str(key), names) or '; allowed are ' + ', '.join(names)}"
