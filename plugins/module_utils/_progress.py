# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""How far something is that takes long, on its way from a machine to the person who waits.

A module's result comes at its end, so while it works it keeps one small file, which the action plugin on the controller
looks at every few seconds (``plugin_utils/_watched.py``). The file's name comes in the environment; without it nothing
is written. It holds no secret, and whatever happens to it the work goes on.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator
from typing import Callable

VARIABLE = "NETBSD_XEN_PROGRESS"
# More often is of no use to anybody who reads lines.
WRITE_SECONDS = 1.0
BYTES = "bytes"
# ``say`` of one thing: the phase, how much of it is done, of how much, and of what.
Say = Callable[..., None]


class _File:
    """The file of this process. ``phase`` is the one that was said last, and since when, in seconds since 1970."""

    def __init__(self) -> None:
        self.path = os.environ.get(VARIABLE, "")
        self.phase: tuple[str, str] | None = None
        self.began = 0.0
        self.written = 0.0
        self.goes_with_us = False

    def say(self, thing: str, phase: str, done: int | None, total: int | None, unit: str) -> None:
        now = time.time()
        if (thing, phase) != self.phase:
            self.phase, self.began, self.written = (thing, phase), now, 0.0
        if not self.path or abs(now - self.written) < WRITE_SECONDS:
            return
        if not self.goes_with_us:
            atexit.register(self.remove)
            self.goes_with_us = True
        self.written = now
        told = {"thing": thing, "phase": phase, "done": done, "total": total, "unit": unit, "began": int(self.began)}
        with contextlib.suppress(OSError):
            self._write(json.dumps(told))

    def _write(self, text: str) -> None:
        """In one step, and never through a link that somebody has put there: /tmp is everybody's."""
        new = f"{self.path}.new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)
        os.rename(new, self.path)

    def end(self) -> None:
        """What was said last is over."""
        self.phase = None
        if self.written:
            self.remove()

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self.path)


_file = _File()


def say(thing: str, phase: str, done: int | None = None, total: int | None = None, unit: str = "") -> None:
    """Tell what is being done to a thing, in words that go on after its name: ``web1``, ``unpacks base.tar.xz``.
    ``done`` and ``total`` are in ``unit``, of which ``bytes`` are shown as megabytes. It may be called as often as one
    likes."""
    _file.say(thing, phase, done, total, unit)


def of(thing: str) -> Say:
    """``say`` for one thing."""

    def said(phase: str, done: int | None = None, total: int | None = None, unit: str = "") -> None:
        say(thing, phase, done, total, unit)

    return said


@contextlib.contextmanager
def during(thing: str, phase: str) -> Iterator[None]:
    """Tell what is being done, or waited for, while the block runs."""
    say(thing, phase)
    try:
        yield
    finally:
        _file.end()


@contextlib.contextmanager
def growing(thing: str, phase: str, path: str, total: int | None = None) -> Iterator[None]:
    """While the block runs, tell how long a file has become that a command in it writes, or by how much the files of a
    directory have grown. Sizes in bytes."""
    before = 0 if os.path.isfile(path) else _size(path)
    say(thing, phase, 0, total, BYTES)
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(WRITE_SECONDS):
            say(thing, phase, max(_size(path) - before, 0), total, BYTES)

    watcher = threading.Thread(target=look, daemon=True)
    # Nobody looks where there is no file to tell it to.
    if _file.path:
        watcher.start()
    try:
        yield
    finally:
        ended.set()
        if watcher.ident is not None:
            watcher.join()
        _file.end()


def _size(path: str) -> int:
    """Of a file, or of the files of a directory; 0 for what is not there."""
    try:
        with os.scandir(path) as entries:
            return sum(_size(entry.path) for entry in entries if entry.is_file(follow_symlinks=False))
    except NotADirectoryError:
        return os.stat(path).st_size
    except OSError:
        return 0
