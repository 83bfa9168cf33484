# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""One create at a time on a machine: two at once can both succeed and leave two domains of one name."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .. import _progress
from .._change import XenError

LOCK_FILE = "/var/run/netbsd.xen.lock"
# A guest that is just being stopped or started by another run has its time.
LOCK_SECONDS = 900.0
POLL_SECONDS = 0.2


@contextmanager
def exclusive(seconds: float | None = None) -> Iterator[None]:
    """Hold the machine's lock. It goes with the process that holds it, however that ends.

    Raises XenError if another run does not give it back within ``seconds``.
    """
    descriptor = os.open(LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait(descriptor, time.monotonic() + (LOCK_SECONDS if seconds is None else seconds))
        yield
    finally:
        os.close(descriptor)


@contextmanager
def installing(name: str) -> Iterator[None]:
    """Nobody else works on this guest's system meanwhile. Raises XenError at once if another run does."""
    place = f"{LOCK_FILE}.{name}"
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise XenError(f"Another run is just installing guest {name}; run again when it is through.") from None
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, deadline: float) -> None:
    with _progress.during("guests", "wait for another run that creates guests on this machine"):
        _wait_for(descriptor, deadline)


def _wait_for(descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise XenError(
                    f"Another run is still creating guests on this machine (it holds {LOCK_FILE}). Nothing was done "
                    "for this guest; run again when the other is through."
                ) from None
        time.sleep(POLL_SECONDS)
