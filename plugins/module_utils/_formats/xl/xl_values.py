# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Single values of a guest's configuration, as xl's functions read them (libxlu_cfg.c, xl_parse.c)."""

from __future__ import annotations

import re
from typing import Any

from .xlcfg import Added

_NUMBER = re.compile(r"\s*([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)\Z", re.IGNORECASE)
_LARGEST = (1 << 63) - 1


def plain(value: Any) -> Any:
    """As a parser would give it: text, or lists of text."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bool):
        return str(int(value))
    return value if isinstance(value, str) else str(value)


def integer(value: Any) -> int | None:
    """A number as xl reads it (C's strtol with base 0, all of the text); None for what it takes for no number."""
    if isinstance(value, int):
        return value
    found = _NUMBER.match(value) if isinstance(value, str) and not isinstance(value, Added) else None
    if found is None:
        return None
    sign, digits = found.groups()
    if digits[:2].lower() == "0x":
        number = int(digits, 16)
    else:
        number = int(digits, 8 if digits.startswith("0") else 10)
    return None if number > _LARGEST else -number if sign == "-" else number


def first_that_starts(words: tuple[str, ...], text: str) -> str | None:
    return next((word for word in words if word.startswith(text)), None)


def text_of(value: Any) -> str | None:
    return str(value) if isinstance(value, (str, int)) else None
