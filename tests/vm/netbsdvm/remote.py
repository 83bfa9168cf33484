# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The way into the machine, and what it says about itself. Only sh and what every NetBSD has in /usr/bin and /sbin is
asked: its Python is not there yet, and its PATH may have no sbin."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from netbsdvm.wishes import VmError

HOST = "netbsd-vm"
ASK_SECONDS = 120.0
# Given to sh to read: a login shell may be csh, which takes no quoted text of several lines.
ASKED = r"""
echo "system=$(/usr/bin/uname -s)"
echo "release=$(/usr/bin/uname -r)"
echo "machine=$(/usr/bin/uname -m)"
echo "arch=$(/usr/bin/uname -p)"
route=$(/sbin/route -n get default 2>/dev/null | /usr/bin/awk '$1 == "interface:" {print $2}')
# An address by hand may be without a default route; then the interface is the one that ssh came by.
set -- $SSH_CONNECTION
test -n "$route" || route=$(/sbin/ifconfig -a | /usr/bin/awk -v "address=$3" '
    /^[a-z]/ {name = $1; sub(/:.*/, "", name)}
    $1 == "inet" {sub("/.*", "", $2); if ($2 == address) print name}')
echo "route=$route"
echo "console=$(/sbin/dmesg | /usr/bin/sed -n 's/^\(com[0-9]*\): console.*/\1/p' | /usr/bin/tail -n 1)"
for each in /usr/pkg/bin/python3.* /usr/local/bin/python3.*; do
    case $each in *-config|*'*') ;; *) test -x "$each" && echo "python=$each";; esac
done
"""
# The process has its path and a blank behind it (ps, comm); databases of packages by the age of the package tools.
_PACKAGES_SEEN = "/bin/ps -ax -o comm; /bin/ls /usr/pkg/pkgdb /var/db/pkg"
_PACKAGES_COME = re.compile(r"^(?:\S*/)?pkg_add *$|^xen(?:kernel|tools)\d+", re.MULTILINE)


@dataclass(frozen=True)
class Way:
    """How the machine is reached: a port of 127.0.0.1, a user, a private key, and a file for its host key."""

    port: int
    user: str
    key: Path
    known_hosts: Path

    @property
    def options(self) -> list[str]:
        """For ssh and for Ansible's. Each image is somebody else's machine: its key is believed the first time only."""
        return [
            *("-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "StrictHostKeyChecking=accept-new"),
            *("-o", f"HostKeyAlias={HOST}", "-o", "IdentitiesOnly=yes", "-o", "ServerAliveInterval=20"),
            *("-o", "ServerAliveCountMax=9", "-o", "LogLevel=ERROR"),
        ]

    def command(self, words: str) -> list[str]:
        at = ["-i", str(self.key), "-p", str(self.port), "-o", "BatchMode=yes", "-o", "ConnectTimeout=20"]
        return ["ssh", "-F", "none", *self.options, *at, f"{self.user}@127.0.0.1", words]

    def answers(self) -> bool:
        try:
            return self.run("/usr/bin/true", 45).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def run(self, words: str, seconds: float = ASK_SECONDS, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run what the user's login shell takes from one line; ``given`` is what it may read."""
        return subprocess.run(
            self.command(words), input=given, capture_output=True, text=True, timeout=seconds, check=False
        )


def await_packages(way: Way, seconds: float) -> None:
    """Until Xen's packages are on their way: one is installed at this moment, or already registered, as happens first.

    Raises VmError if none comes.
    """
    deadline = time.monotonic() + seconds
    while not _PACKAGES_COME.search(way.run(_PACKAGES_SEEN).stdout):
        if time.monotonic() > deadline:
            raise VmError(f"none of Xen's packages was installed within {seconds:.0f} s")
        time.sleep(0.2)


@dataclass(frozen=True)
class Told:
    """What the machine says: ``interface`` is the one to the world outside, ``python`` the newest that it has."""

    release: str
    machine: str
    arch: str
    interface: str
    console: str
    python: str | None


def ask(way: Way) -> Told:
    """Raises VmError if it says nothing, or is no NetBSD."""
    ended = way.run("/bin/sh", given=ASKED)
    told = [line.partition("=")[::2] for line in ended.stdout.splitlines()]
    found = dict(told)
    if found.get("system") != "NetBSD":
        system = found.get("system") or "nothing"
        raise VmError(f"the machine says that it is {system}, not NetBSD: {ended.stderr.strip()}")
    pythons = sorted((value for name, value in told if name == "python"), key=_version)
    return Told(
        release=found["release"],
        machine=found["machine"],
        arch=found["arch"],
        interface=found["route"],
        console=found["console"],
        python=pythons[-1] if pythons else None,
    )


def _version(path: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", path.rpartition("python")[2]))
