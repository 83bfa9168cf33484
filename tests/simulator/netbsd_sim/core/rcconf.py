# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of rc.conf(5), as sh itself says: it reads the files, and no other command is at hand."""

from __future__ import annotations

import re
import shlex
import subprocess
import tempfile
from pathlib import Path

from .machine import Machine

_NOWHERE = "/nonexistent"
# `. FILE`, and a test of one: there sh shall see the machine's.
_FILE = re.compile(r"""(?<![^\s;&({])(?P<word>\.|source|-[a-z])[ \t]+(?P<quote>["']?)(?P<path>/[\w./-]+)(?P=quote)""")


def read(m: Machine, service: str = "") -> dict[str, str]:
    """Variables as load_rc_config(SERVICE) leaves them: of /etc/rc.conf, which itself may read others, and
    /etc/rc.conf.d/SERVICE. Raises ValueError, with what sh says, where it stops on the way."""
    files = ["/etc/rc.conf"] + ([f"/etc/rc.conf.d/{service}"] if service else [])
    with tempfile.TemporaryDirectory() as folder:
        copies = [_copy(m, name, folder) for name in files if m.path(name).is_file()]
        script = "".join(f". {copy}\n" for copy in copies) + "set\n"
        result = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, errors="replace",
                                stdin=subprocess.DEVNULL, timeout=30, env={"PATH": _NOWHERE})
        if result.returncode:
            said = result.stderr.strip().splitlines()[-1:] or [f"status {result.returncode}"]
            raise ValueError(_with_names(said[0], folder))
    return dict(word.split("=", 1) for word in shlex.split(result.stdout) if re.match(r"[A-Za-z_]\w*=", word))


def _copy(m: Machine, name: str, folder: str) -> str:
    """A copy of a file in which sh finds the machine's other files; where none is, so for sh."""
    copy = Path(folder, name.replace("/", "%"))
    if copy.exists() or not m.path(name).is_file():
        return str(copy)
    copy.touch()  # a file may read itself

    def moved(found: re.Match[str]) -> str:
        path = found["path"]
        is_test = found["word"].startswith("-")
        return f"{found['word']} {m.path(path) if is_test else _copy(m, path, folder)}"

    copy.write_text(_FILE.sub(moved, m.path(name).read_text(errors="replace")))
    return str(copy)


def _with_names(said: str, folder: str) -> str:
    """What sh says, about the machine's files: `NAME: Syntax error: Unterminated quoted string`."""
    text = re.sub(rf"{re.escape(folder)}/(\S+)", lambda found: found[1].replace("%", "/"), said)
    return re.sub(r"^(/bin/)?sh: (\d+: )?", "", text)


def is_yes(value: str) -> bool:
    """checkyesno of rc.subr."""
    return value.lower() in ("yes", "true", "on", "1")
