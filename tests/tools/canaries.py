# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Secrets that are looked for wherever none may be: a word for each path that takes one, which stands nowhere else."""

from __future__ import annotations

import base64
import os
import stat
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

# How often the processes are looked at, and how often each one: a new one may still be its parent's image. A command of
# the simulated machine takes longer.
LOOK_SECONDS = 0.04
LOOKS = 4
# Nobody but the owner may read or write it.
PRIVATE = 0o077


def forms(word: str) -> tuple[bytes, ...]:
    """A word as it may stand somewhere: plainly, or within something that was written in base64, where it begins at one
    of three places."""
    plain = word.encode()
    packed = []
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + plain)
        # What the neighbours decide, too, is cut off.
        packed.append(text[(0, 2, 3)[shift] : len(text) // 4 * 4 - 4])
    return plain, *packed


def within(content: bytes, words: Mapping[str, str]) -> set[str]:
    """The names of the words that stand in it."""
    return {name for name, word in words.items() if any(form in content for form in forms(word))}


def files(directory: Path) -> Iterator[Path]:
    """All files below a directory, without following links."""
    for folder, _folders, names in os.walk(directory):
        for name in names:
            path = Path(folder, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield path


def held(directories: Iterable[Path], words: Mapping[str, str]) -> dict[Path, set[str]]:
    """The files below these directories that have words in them."""
    found = {}
    for directory in directories:
        for path in files(directory):
            with suppress(FileNotFoundError):
                inside = within(_content(path), words)
                if inside:
                    found[path] = inside
    return found


def _content(path: Path) -> bytes:
    """Without the holes, of which a disk of a guest is made."""
    pieces, at, size = [], 0, path.stat().st_size
    with path.open("rb") as stream:
        while at < size:
            try:
                at = os.lseek(stream.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            end = os.lseek(stream.fileno(), at, os.SEEK_HOLE)
            stream.seek(at)
            pieces.append(stream.read(end - at))
            at = end
    return b"".join(pieces)


def exposed(found: Mapping[Path, set[str]]) -> dict[Path, set[str]]:
    """Those of these files that others than their owner can read."""
    return {path: names for path, names in found.items() if path.stat().st_mode & PRIVATE}


@contextmanager
def watched_processes(words: Mapping[str, str]) -> Iterator[set[str]]:
    """The names of the words that stood in the arguments of any process meanwhile, as ps(1) shows them. The processes
    of a simulated machine are processes of this one."""
    seen: set[str] = set()
    looks: Counter[str] = Counter()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            here = {each for each in os.listdir("/proc") if each.isdigit()}
            for gone in looks.keys() - here:
                del looks[gone]
            for each in here:
                if looks[each] < LOOKS:
                    looks[each] += 1
                    with suppress(OSError):
                        seen.update(within(Path("/proc", each, "cmdline").read_bytes(), words))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()
