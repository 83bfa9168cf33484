# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""One create at a time on a machine: two at once can both succeed and leave two domains of one name."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .._change import XenError

LOCK_FILE = "/var/run/netbsd.xen.lock"
POLL_SECONDS = 0.2


@contextmanager
def exclusive(seconds: float, path: str = "") -> Iterator[None]:
    """Hold the machine's lock. It goes with the process that holds it, however that ends.

    Raises XenError if another run does not give it back within ``seconds``.
    """
    path = path or LOCK_FILE
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait(descriptor, path, time.monotonic() + seconds)
        yield
    finally:
        os.close(descriptor)


def _wait(descriptor: int, path: str, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise XenError(
                    f"Another run is still creating guests on this machine (it holds {path}). Nothing was done for "
                    "this guest; run again when the other is through."
                ) from None
        time.sleep(POLL_SECONDS)
