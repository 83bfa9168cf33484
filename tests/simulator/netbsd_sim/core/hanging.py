# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that never come back, and a clock that runs fast while there is one.

A signal would end the real command no more than it ends this one: it sleeps uninterruptibly (records
xenstored-dead-hang, xs-kill; NetBSD 7.99.10). Only SIGKILL still works here, so that `simrack stop` can clean up.

A time limit of half an hour on a command that hangs is tested in seconds: with the file `fast_clock` in the host
directory, which holds a factor (100 if it is empty), time.monotonic() of the machine's Python runs that many times as
fast as long as a process of the host hangs. Waits of `selectors` follow it (so subprocess.run(timeout=...) does);
time.sleep() and time.time() do not.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

_IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE)
_DEFAULT_FACTOR = 100.0
_LONGEST_WAIT = 0.02  # real seconds between two looks at the clock


def hang(host_dir: Path) -> None:
    """Never come back. The lock on `hanging` goes with the process, however it ends."""
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    sys.stdout.flush()
    with open(host_dir / "hanging", "w") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        while True:
            time.sleep(3600)


def is_hanging(host_dir: Path) -> bool:
    """Whether any process of the host hangs."""
    try:
        descriptor = os.open(host_dir / "hanging", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def fast_clock(host_dir: Path, real: Callable[[], float] = time.monotonic) -> Callable[[], float]:
    """A monotonic clock that gains while a process of the host hangs, by the factor in `fast_clock`."""
    text = (host_dir / "fast_clock").read_text().strip()
    factor = float(text) if text else _DEFAULT_FACTOR
    last, gained = real(), 0.0

    def monotonic() -> float:
        nonlocal last, gained
        now = real()
        if is_hanging(host_dir):
            gained += (now - last) * (factor - 1)
        last = now
        return now + gained

    return monotonic


def install(host_dir: Path) -> None:
    """Make it this process' clock. Before anything else takes time.monotonic by name."""
    time.monotonic = fast_clock(host_dir)
    import selectors

    poll = selectors.PollSelector
    real_select = poll.select

    def select(
        self: selectors.PollSelector, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            ready = real_select(self, left if left is None or left <= 0 else min(left, _LONGEST_WAIT))
            if ready or left is None or left <= 0:
                return ready

    type.__setattr__(poll, "select", select)  # mypy takes no assignment to a method
