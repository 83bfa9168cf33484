# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all hosts of a rack share and may only read: `RACK/base`, which is /.sim on every machine.

Utilities that behave the same on NetBSD for what is used here are copies of the controller's, with the libraries that
they need and the Python that runs this file. Nothing else of the controller is visible in a machine, except Python's
standard library. The libraries of ssl and ctypes are left out: a machine's Python may lack both (facts
netbsd-measured 13). The Python that a machine's package installs is the same one, or another of the controller's: which
versions NetBSD has at a time, pkgsrc's lang/python/pyversion.mk says.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

# name on NetBSD -> where NetBSD has it. `[` and `test` are one program there too.
UTILITIES: dict[str, str] = {
    **dict.fromkeys(
        "[ cat chmod cp dd echo expr ln ls mkdir mv pwd rm rmdir sh sleep sync tar test".split(), "/bin"),
    **dict.fromkeys(
        "awk basename cmp cut diff dirname du egrep env false fgrep find grep gunzip gzip head id install logname "
        "mktemp nice nohup od printf sed sort split ssh-keygen tail tee touch tr true tty uniq wc whoami xargs".split(),
        "/usr/bin"),
    "chown": "/usr/sbin",
    "chroot": "/usr/sbin",
}

# What packages bring, if the controller has it.
PACKAGED = ("mke2fs", "e2fsck", "debugfs")
_PATH = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin"

# Started by their path under another name on the controller.
_SOURCES = {"awk": ("mawk", "gawk", "awk"), "sh": ("dash", "sh")}

# Not the machine's: what lets it look into a guest's system as into a root of its own (xen/common/guestlogin.py).
_TOOLS = ("mount", "unshare")

_SFTP_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server",
                 "/usr/libexec/sftp-server")

# Extension modules whose libraries come along.
_EXTENSIONS = ("zlib", "_bz2", "_lzma", "pyexpat", "_elementtree", "_uuid")

_THREADS_END = "libgcc_s.so.1"

_COMMAND = """#!/.sim/bin/python -IS
import sys
sys.path.append("/.sim/lib")
from netbsd_sim.core import standins
standins.install()
from netbsd_sim.core.dispatch import main
main()
"""

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


def stdlib() -> Path:
    """The standard library of the base interpreter (not of a virtual environment)."""
    return Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix, "base": sys.base_prefix}))


def interpreter() -> Path:
    """The base interpreter's file."""
    return Path(vars(sys)["_base_executable"]).resolve()


@dataclass(frozen=True)
class Interpreter:
    """A Python of the controller: its name (pythonX.Y), its file, its standard library."""

    name: str
    file: Path
    library: Path


def own_interpreter() -> Interpreter:
    """The one that runs this."""
    return Interpreter(PYTHON, interpreter(), stdlib())


_ASK = """
import json, os, sys, sysconfig
library = sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix, "base": sys.base_prefix})
file = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
print(json.dumps(["python%d.%d" % sys.version_info[:2], file, library]))
"""


def interpreter_of(program: str | Path) -> Interpreter:
    """What ``program``, a Python of 3.8 or later, says of itself. Raises RuntimeError if it is none."""
    asked = subprocess.run([str(program), "-IS", "-c", _ASK], capture_output=True, text=True, timeout=60, check=False)
    try:
        name, file, library = json.loads(asked.stdout)
    except ValueError:
        raise RuntimeError(f"{program} is no Python: {asked.stderr.strip() or asked.stdout.strip()}") from None
    return Interpreter(name, Path(file), Path(library))


def build(base: Path, machines: Interpreter | None = None) -> None:
    """Make the shared tree. ``machines`` is the Python that the machines have, by default the one that runs this.
    Raises RuntimeError if this machine lacks something that it is made of."""
    pythons = [own_interpreter()]
    if machines is not None and machines.name != PYTHON:
        pythons.append(machines)
    for name in ("bin", "so", "host", "mirror", "codes", "proc", "lib/netbsd_sim", "python/bin", "python/lib", "links",
                 *(library_mount(python.name) for python in pythons)):
        (base / name).mkdir(parents=True)
    binaries = [_copy_utility(name, base / "bin") for name in UTILITIES]
    (base / "tools").mkdir()
    binaries += [_copy_utility(name, base / "tools") for name in _TOOLS]
    binaries += [_copy_utility(name, base / "bin") for name in PACKAGED if shutil.which(name, path=_PATH)]
    binaries.append(_copy(_sftp_server(), base / "bin" / "sftp-server"))
    for python in pythons:
        binaries.append(_copy(python.file, base / "python/bin" / python.name))
        (base / "python/lib" / python.name).symlink_to(f"/.sim/{library_mount(python.name)}")
    (base / "bin" / "python").symlink_to(f"../python/bin/{PYTHON}")
    command = base / "bin" / "command"
    command.write_text(_COMMAND)
    command.chmod(0o755)
    for name in ("makedev", "rcscript", "guestsession"):
        (base / "bin" / name).symlink_to("command")
    extensions = [path for python in pythons for name in _EXTENSIONS
                  for path in (python.library / "lib-dynload").glob(f"{name}.*.so")]
    _copy_libraries([*binaries, *extensions], base)


def library_mount(name: str) -> str:
    """Where below /.sim the standard library of a pythonX.Y is bound."""
    return "pylib" if name == PYTHON else f"pylib-{name}"


def library_links(base: Path) -> list[str]:
    """Directories of a machine that must lead to /.sim/so, because the loader of programs looks there."""
    return [line for line in (base / "links" / "list").read_text().splitlines() if line]


def _copy(source: Path, target: Path) -> Path:
    shutil.copyfile(source, target)
    target.chmod(0o755)
    return target


def _copy_utility(name: str, directory: Path) -> Path:
    for candidate in _SOURCES.get(name, (name,)):
        found = shutil.which(candidate, path=_PATH)
        if found:
            return _copy(Path(found).resolve() if name != "[" else Path(found), directory / name)
    raise RuntimeError(f"this machine has no {name!r}, which a simulated host needs")


def _sftp_server() -> Path:
    for name in _SFTP_SERVERS:
        if os.path.exists(name):
            return Path(name)
    raise RuntimeError("no sftp-server: install OpenSSH's server (Debian: openssh-server)")


def _copy_libraries(binaries: list[Path], base: Path) -> None:
    """Copy what the dynamic loader says that the binaries need, and note in which directories it looks."""
    listing = subprocess.run(["ldd", *map(str, binaries)], capture_output=True, text=True, timeout=60, check=False)
    found = set(re.findall(r"(?:=> |^\s+)(/\S+) \(0x", listing.stdout, re.MULTILINE))
    if not found:
        raise RuntimeError(f"ldd tells no libraries: {listing.stderr.strip()}")
    links = set()
    for name in found:
        if not (base / "so" / os.path.basename(name)).exists():
            _copy(Path(name).resolve(), base / "so" / os.path.basename(name))
        directory = os.path.dirname(name)
        if re.match(r"/(usr/)?lib", directory):
            links.add(directory)
    # The C library loads this one when a thread ends itself, as those of Python 3.8 do: nothing is linked with it.
    for directory in links:
        if os.path.exists(f"{directory}/{_THREADS_END}") and not (base / "so" / _THREADS_END).exists():
            _copy(Path(directory, _THREADS_END).resolve(), base / "so" / _THREADS_END)
    (base / "links" / "list").write_text("\n".join(sorted(links)) + "\n")
