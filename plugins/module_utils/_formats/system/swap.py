# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What ``swapctl -l`` prints: a header, then a line for each device or file with its name first (record swapctl, NetBSD
7.99.10)."""

from __future__ import annotations

# What it says instead, and fails, where there is no swap.
NONE = "no swap devices configured"


def devices(text: str) -> list[str]:
    """The names of what dom0 swaps to."""
    return [line.split()[0] for line in text.splitlines() if line.startswith("/")]
