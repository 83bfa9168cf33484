# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The root of a small Linux system, as a tarball for dom0: what a guest can be installed from.

It is made of dom0's own Debian: busybox as init, shell and nearly all programs, OpenSSH's server, Python, and cksum(1),
which Debian's busybox lacks. A whole Debian would take minutes to unpack and to boot under emulation.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from xenlab.layout import LabError, run

# Those that OpenSSH's server starts are not there in each release of it.
_PROGRAMS = ("usr/sbin/sshd", "usr/bin/cksum")
_HELPERS = ("sshd-session", "sshd-auth", "sftp-server")
_LOADER = "lib64/ld-linux-x86-64.so.2"
_DIRECTORIES = (
    *("dev", "proc", "sys", "run", "tmp", "mnt", "root", "var/lib/systemd", "var/log", "etc/ssh", "usr/lib64"),
    *(f"etc/network/if-{when}.d" for when in ("pre-up", "up", "down", "post-down")),
)
_MERGED = ("bin", "sbin", "lib", "lib64")
# sshd(8) gives its right up for a user of its own.
_ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/bin/false\n",
    "etc/shadow": "root:*:20000:0:99999:7:::\nsshd:!:20000::::::\n",
    "etc/group": "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
}
# Of Python's library what no module of Ansible's imports, by the beginning of its path there.
_NOT_IMPORTED = (
    *("test/", "idlelib/", "tkinter/", "turtledemo/", "ensurepip/", "pydoc_data/", "lib2to3/", "distutils/"),
    *("unittest/", "sqlite3/", "curses/", "asyncio/", "xmlrpc/", "wsgiref/", "dbm/", "venv/", "msilib/"),
    *("config-", "sitecustomize", "lib-dynload/_codecs_", "lib-dynload/_curses", "lib-dynload/_dbm"),
    *("lib-dynload/_decimal", "lib-dynload/_sqlite3", "lib-dynload/_test", "lib-dynload/readline"),
)


def make_tree(root: Path, tree: Path) -> None:
    """Puts into `tree` what a guest's root has, out of dom0's `root`; files/system is the caller's to add."""
    for directory in _DIRECTORIES:
        (tree / directory).mkdir(parents=True, exist_ok=True)
    for directory in _MERGED:
        (tree / "usr" / directory).mkdir(exist_ok=True)
        (tree / directory).symlink_to(f"usr/{directory}")
    # busybox' ifup(8) notes there what is up.
    (tree / "var/run").symlink_to("/run")
    helpers = [f"usr/lib/openssh/{name}" for name in _HELPERS if (root / "usr/lib/openssh" / name).exists()]
    programs = [*_PROGRAMS, *helpers, *_add_python(root, tree)]
    for program in [*programs, *_libraries(root, programs), _LOADER]:
        _copy(root, tree, program)
    _add_busybox(root, tree)
    for name, text in _ACCOUNTS.items():
        (tree / name).write_text(text, encoding="ascii")
    (tree / "etc/shadow").chmod(0o600)


def pack(tree: Path, output: Path) -> None:
    """A tarball, not packed: to unpack it costs more under emulation than to read it."""
    run(["tar", "-C", tree, "-cf", output, "--numeric-owner", "--sort=name", "."], 120)


def _add_busybox(root: Path, tree: Path) -> None:
    """And links of its programs to it, for what is not there yet: what is copied behind them would go through one."""
    _copy(root, tree, "usr/bin/busybox")
    for name in _said([root / "usr/bin/busybox", "--list-full"]).split():
        place = tree / "usr" / name.removeprefix("usr/")
        if not place.exists() and not place.is_symlink():
            place.symlink_to("/usr/bin/busybox")


def _add_python(root: Path, tree: Path) -> list[str]:
    """Copies Python's library, compiled, as modules without a source (the import system takes PLACE/NAME.pyc), which
    are half as many files. Returns the program and the extensions."""
    program = (root / "usr/bin/python3").readlink().name
    (tree / "usr/bin/python3").symlink_to(program)
    library = root / "usr/lib" / program
    extensions = []
    for source in sorted(library.rglob("*")):
        name = str(source.relative_to(library))
        if name.startswith(_NOT_IMPORTED) or not source.is_file():
            continue
        if source.suffix == ".so":
            extensions.append(f"usr/lib/{program}/{name}")
        elif source.suffix == ".py":
            compiled = next(source.parent.glob(f"__pycache__/{source.stem}.cpython-*.pyc"), None)
            place = tree / "usr/lib" / program / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(compiled or source, place.with_suffix(".pyc") if compiled else place)
    return [f"usr/bin/{program}", *extensions]


def _libraries(root: Path, programs: Iterable[str]) -> list[str]:
    """The shared libraries that these need, by the tree's own loader (ld.so(8), --list)."""
    places = [root / "usr/lib/x86_64-linux-gnu", root / "usr/lib"]
    loader = [root / _LOADER, "--library-path", ":".join(map(str, places)), "--list"]
    found: dict[str, None] = {}
    for program in programs:
        for line in _said([*loader, root / program]).splitlines():
            _name, arrow, place = line.partition(" => ")
            if arrow and place.startswith(str(root)):
                found[os.path.relpath(place.rpartition(" (")[0], root)] = None
    return list(found)


def _copy(root: Path, tree: Path, name: str) -> None:
    place = tree / name
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(root / name, place)


def _said(argv: list[str | Path]) -> str:
    try:
        return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise LabError(f"{Path(argv[0]).name} of dom0 does not run here: {error}") from error
