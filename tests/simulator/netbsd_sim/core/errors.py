# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How simulated tools fail. Apart from machine.py, because the machine's Python imports it at start."""

from __future__ import annotations


class SimError(Exception):
    """A simulated tool fails: `message` is what the real one prints on stderr, `rc` its exit status."""

    def __init__(self, message: str, rc: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.rc = rc


class NotSimulated(SimError):
    """Something that the simulator has no source for. It ends loudly and never pretends."""

    def __init__(self, what: str) -> None:
        super().__init__(f"simulator: {what}: not simulated", 97)
