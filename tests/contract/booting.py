# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Waiting for a guest's kernel to come up, where the kernel itself may panic: under emulation Linux has done so while
it booted ("double fault in error_entry"), before anything was asked of it.

Such a guest is started once more, with a warning, which pytest shows and counts at the end. A second panic of the same
guest is a failure, and so is whatever else keeps it from coming up.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable

from contract_target import Target

# The least time between two looks at the machine.
POLL_SECONDS = 0.2
_PANIC = re.compile(r"Kernel panic[^\n]*|PANIC: double fault[^\n]*")


class BootPanic(UserWarning):
    """A guest's kernel has panicked while it booted, and was started once more."""


class Boots:
    """The boots of one guest, from before its first start on."""

    def __init__(self, target: Target, name: str) -> None:
        self.target, self.name = target, name
        self.log = f"{target.facts['console_log_dir']}/guest-{name}.log"
        self.panics: list[str] = []
        # A machine that ran before the tests may have had a guest of that name.
        self._known = len(self._told())

    def wait(
        self, is_up: Callable[[], object], is_there: Callable[[], object], again: Callable[[], object], seconds: float
    ) -> None:
        """Until it is up. ``again`` starts it once more. Raises AssertionError if it does not come up."""

        told: list[str] = []

        def decided() -> bool:
            """Up, or panicked. What was seen once decides: a guest that waits may run again at the next look."""
            told.clear()
            if is_up():
                return True
            if not is_there():
                told.extend(self._told()[self._known :])
            return bool(told)

        wait(decided, f"{self.name} waits for something", seconds)
        if not told:
            return
        self.panics.append(told[0])
        self._known += len(told)
        assert len(self.panics) == 1, f"the kernel of {self.name} panics whenever it boots: {self.panics}"
        warnings.warn(BootPanic(f"{self.name}: {self.panics[0]}; started once more"), stacklevel=2)
        again()
        self.wait(is_up, is_there, again, seconds)

    def _told(self) -> list[str]:
        """The lines of its console's log that tell of a panic, of which a boot may write several."""
        return _PANIC.findall(self.target.run(["cat", self.log]).stdout)


def wait(is_so: Callable[[], object], what: str, seconds: float) -> None:
    """Polls. Raises AssertionError if it is not so within ``seconds``.

    Between two looks it waits at least twice as long as a look took: under emulation that is time that a guest's boot
    needs.
    """
    deadline = time.monotonic() + seconds
    while True:
        looked = time.monotonic()
        if is_so():
            return
        now = time.monotonic()
        assert now < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(max(POLL_SECONDS, 2 * (now - looked)))
