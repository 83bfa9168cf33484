# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""rc.d scripts, of the base system and of packages: they call the simulator."""

from __future__ import annotations

from pathlib import Path


def write(path: Path, script: str, rcvar: bool, name: str = "", requires: str = "", variable: str = "",
          origin: str = "") -> None:
    """Write an rc.d script; see `text`."""
    put(path, text(script, rcvar, name, requires, variable, origin), 0o755 if origin else 0o555)


def put(path: Path, content: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(content)
    path.chmod(mode)


def text(script: str, rcvar: bool, name: str = "", requires: str = "", variable: str = "", origin: str = "") -> str:
    """An rc.d script: a header as rc.subr's scripts have it, then the simulator does the work. `origin` is the package
    that it comes from, which decides what it does; a script of the base system has none."""
    name = name or script.replace("-", "_")
    requires = requires or "DAEMON"
    keyword = "# KEYWORD: shutdown\n" if script == "xendomains" else ""
    lines = [f"#!/bin/sh\n#\n# PROVIDE: {script}\n# REQUIRE: {requires}\n{keyword}#\n",
             f"# Simulated: calls the simulator, as the script of {origin}.\n\n" if origin else "\n",
             f'name="{name}"\n', f"rcvar={variable or '$name'}\n" if rcvar else "",
             '\nexec /.sim/bin/rcscript "$0" "$@"\n']
    return "".join(lines)
