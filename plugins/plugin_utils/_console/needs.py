# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libraries that a console takes on the controller, and what went wrong at one."""

from __future__ import annotations

import importlib
from typing import Any


class ConsoleError(Exception):
    """What went wrong at a console, in the admin's words. ``screen`` is what was on it last, without secrets."""

    def __init__(self, message: str, screen: str = "") -> None:
        super().__init__(f"{message}\nThe screen was:\n{screen}" if screen.strip() else message)
        self.screen = screen


class Ended(ConsoleError):
    """The console is gone: the guest ended, or the way to it broke."""


class Held(ConsoleError):
    """Somebody else has the console, or is logged in at it."""


def library(name: str) -> Any:
    """One of the libraries, imported when it is needed.

    Raises:
        ConsoleError: it is not there; the message says how to get it.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        text = f"guests' consoles need the Python libraries pexpect and pyte on the controller, and {name} is not there"
        raise ConsoleError(f"{text}: python3 -m pip install pexpect pyte, for the Python that runs Ansible") from None
