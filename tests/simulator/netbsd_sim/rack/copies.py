# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine of a rack as another one is, but for words: a large rack with guests in seconds instead of hours."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from ..core.machine import Machine
from .rack import Rack

# Larger files are kernels, packages and disks, in which no name stands.
_LARGEST = 1 << 20  # bytes

_Replace = Callable[[bytes], bytes]


def copy(rack: Rack, source: str, target: str, words: Mapping[str, str]) -> None:
    """Make ``target`` what ``source`` is: its file system and its state, running guests among them.

    ``words`` are replaced in both, wherever they stand: host names, what was derived from one. Both hosts are made
    already. Keeps the target's address. Raises CalledProcessError if a file can't be copied.
    """
    old, new = rack.host_dir(source), rack.host_dir(target)
    shutil.rmtree(new / "root")
    subprocess.run(["cp", "-a", "--sparse=always", str(old / "root"), str(new / "root")], check=True)
    replace = _replacer({old_word.encode(): word.encode() for old_word, word in words.items()})
    for directory, _names, files in os.walk(new / "root"):
        for name in files:
            _replace_in(Path(directory, name), replace)
    state = json.loads(replace((old / "state.json").read_bytes()))
    with Machine(new, new / "root") as m:
        m.data.clear()
        m.data.update(state)
        m.data["vnd_inodes"] = {unit: m.path(path).stat().st_ino for unit, path in m.data.get("vnd", {}).items()}


def _replacer(words: Mapping[bytes, bytes]) -> _Replace:
    pattern = re.compile(b"|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)))
    return lambda text: pattern.sub(lambda found: words[found.group()], text)


def _replace_in(file: Path, replace: _Replace) -> None:
    if file.is_symlink() or file.stat().st_size > _LARGEST:
        return
    found, text = file.stat(), file.read_bytes()
    replaced = replace(text)
    if replaced != text:
        file.write_bytes(replaced)
        os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
