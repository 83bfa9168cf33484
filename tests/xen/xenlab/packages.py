# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What comes from Debian: the packages that the lab needs here, and the archive that dom0 is built from."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence

from xenlab.layout import LabError, run

DEPENDENCIES = (
    "qemu-system-x86",
    "seabios",
    "ipxe-qemu",
    "mmdebstrap",
    "debian-archive-keyring",
    "fakeroot",
    "uidmap",  # lets mmdebstrap work in a user namespace, without root
    "e2fsprogs",
    "cpio",
    "kmod",
    "zstd",
    "openssh-client",
)

# Settings of apt that decide whether an archive can be reached; mmdebstrap's own apt does not see them otherwise.
_APT_SETTINGS = re.compile(r'Acquire::(https?|Check-Valid-Until|Retries)\b.* "[^"]+";$')


def install_dependencies() -> None:
    """Installs DEPENDENCIES by apt-get, through sudo unless this is root.

    Raises LabError if neither root nor sudo is at hand, or if apt-get fails.
    """
    become = [] if os.geteuid() == 0 else ["sudo"]
    if become and not shutil.which("sudo"):
        raise LabError("deps needs root or sudo")
    # Another apt-get may be at work on a machine that has just started: wait for its lock.
    apt_get = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=600"]
    run([*apt_get, "update"], 900)
    run([*apt_get, "install", "--yes", "--no-install-recommends", *DEPENDENCIES], 1800)


def debian_sources(suite: str, index_targets: str, mirror: str | None) -> list[str]:
    """One-line apt sources of `suite`, its updates and its security updates.

    `index_targets` holds a line `URI|ORIGIN|LABEL` for each index that apt has here, be it of this suite or not.
    `mirror`, if given, is the URI of a Debian archive with the security archive beside it (`.../debian-security`).
    Raises LabError if there is no Debian archive.
    """
    archive, security = mirror, None
    if archive is None:
        found: dict[str, str] = {}
        for line in index_targets.splitlines():
            uri, origin, label = line.split("|")
            if origin == "Debian":
                found.setdefault(label, uri)
        archive, security = found.get("Debian"), found.get("Debian-Security")
    if archive is None:
        raise LabError("apt knows no Debian archive here (after an 'apt-get update'); name one in XENLAB_MIRROR")
    archive = archive.rstrip("/")
    security = (security or archive + "-security").rstrip("/")
    return [
        f"deb {archive} {suite} main",
        f"deb {archive} {suite}-updates main",
        f"deb {security} {suite}-security main",
    ]


def apt_index_targets() -> str:
    """What apt has indexes of, a line `URI|ORIGIN|LABEL` each."""
    return _output(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(ORIGIN)|$(LABEL)", "Created-By: Packages"])


def apt_options() -> list[str]:
    """This machine's settings of apt (proxy, certificates, dates) that mmdebstrap's own apt needs too."""
    lines = _output(["apt-config", "dump", "--no-empty", "Acquire"]).splitlines()
    return [line for line in lines if _APT_SETTINGS.match(line)]


def _output(argv: Sequence[str]) -> str:
    try:
        return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise LabError(f"cannot ask apt ({error}); the lab is built on Debian") from error
