# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Passwords in URLs (RFC 3986, 3.2.1: user information). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

HIDDEN = "********"
# The user, then the password, which ends at the last @ before the path.
_PASSWORD = re.compile(r"(?<=://)([^\s/:@?#'\"]*):([^\s/?#'\"]+)(?=@)")
PROBLEM = (
    "a URL with a password in it, which everybody on the machine could read with ps while it is fetched, and all who "
    "read logs; allowed is one without. What can't be had without a password is to be brought there as a file, or from "
    "the controller; a repository of packages with one belongs into the machine's own repositories.conf"
)


def masked(text: str) -> str:
    """The text with no password in its URLs."""
    return _PASSWORD.sub(rf"\1:{HIDDEN}", text) if "://" in text and "@" in text else text


def with_password(value: object, where: str) -> Iterator[str]:
    """Where in a value there is a URL with a password: ``where``, and the keys that lead to it."""
    if isinstance(value, str):
        if masked(value) != value:
            yield where
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from with_password(each, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for number, each in enumerate(value):
            yield from with_password(each, f"{where}[{number}]")
