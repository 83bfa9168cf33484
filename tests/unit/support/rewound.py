# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated machine that many tests share, and that each of them finds as it was made: to make one takes longer than
most tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class Rewinder:
    """Remembers everything below a directory; ``rewind`` brings it back."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._content = {path: _content(path) for path in _below(directory)}
        self._seen = {path: _stamp(path) for path in self._content}

    def rewind(self) -> None:
        for path in [path for path in _below(self.directory) if path not in self._content]:
            _remove(path)
        for path, content in self._content.items():
            if not os.path.lexists(path) or _stamp(path) != self._seen[path]:
                _restore(path, content)
                self._seen[path] = _stamp(path)


def _below(directory: Path) -> list[str]:
    """Directories before what is in them."""
    return [
        os.path.join(folder, name) for folder, folders, files in os.walk(directory) for name in sorted(folders) + files
    ]


def _stamp(path: str) -> tuple[int, ...]:
    found = os.lstat(path)
    is_folder = os.path.isdir(path) and not os.path.islink(path)
    return (found.st_mode, *(() if is_folder else (found.st_size, found.st_mtime_ns, found.st_ino)))


def _content(path: str) -> tuple[int, bytes | str | None]:
    """Its mode, and a file's bytes or where a link leads."""
    if os.path.islink(path):
        return 0, os.readlink(path)
    return os.lstat(path).st_mode & 0o7777, None if os.path.isdir(path) else Path(path).read_bytes()


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _restore(path: str, content: tuple[int, bytes | str | None]) -> None:
    mode, what = content
    if what is None:
        os.makedirs(path, exist_ok=True)
    else:
        _remove(path)
        if isinstance(what, str):
            os.symlink(what, path)
            return
        Path(path).write_bytes(what)
    os.chmod(path, mode)
