# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB 2's environment block: 1024 bytes of NAME=VALUE lines, filled up with `#` (GNU GRUB grub-core/lib/envblk.c)."""

from __future__ import annotations

SIZE = 1024
FILE = "/grub/grubenv"
_SIGNATURE = "# GRUB Environment Block\n"


class EnvError(Exception):
    """The block is none, or is full."""


def read(content: bytes) -> dict[str, str]:
    """The variables of a block, in order. Raises EnvError."""
    text = content.decode("latin-1")
    if len(text) != SIZE or not text.startswith(_SIGNATURE):
        raise EnvError("invalid environment block")
    pairs = [line.partition("=") for line in text.split("\n") if "=" in line and not line.startswith("#")]
    return {name: value.replace("\\\\", "\\") for name, _equals, value in pairs}


def render(variables: dict[str, str]) -> bytes:
    """The block of these variables. Raises EnvError when they do not fit."""
    text = _SIGNATURE + "".join(f"{name}={value}\n".replace("\\", "\\\\") for name, value in variables.items())
    if len(text) > SIZE:
        raise EnvError("environment block too small")
    return text.ljust(SIZE, "#").encode("latin-1")
