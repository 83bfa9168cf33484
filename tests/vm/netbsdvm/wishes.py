# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What the person at the keyboard gave for the machine: variables of the environment, checked before all else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NEEDS = (
    "netbsd-vm needs a NetBSD to boot: NETBSD_IMAGE=DISK with NETBSD_SSH_KEY=KEY, NETBSD_PACKAGES=DIRECTORY and "
    "NETBSD_SETS=DIRECTORY, or NETBSD_RELEASE=10.1 to get one (tests/vm/README.md)"
)
NOT_RUN = 77
"""The exit status of a run that lacks a machine; automake's for a test that was skipped."""

# What su or doas asks for; read when it is needed, so that it is in no file.
BECOME_PASSWORD = "NETBSD_BECOME_PASSWORD"
# QEMU's name of a disk's interface, and what NetBSD calls the disk.
DISKS = {"ide": "wd0", "virtio": "ld0", "scsi": "sd0"}
# QEMU's network cards, and what NetBSD calls their interface.
CARDS = {"e1000": "wm0", "virtio-net-pci": "vioif0"}


class VmError(Exception):
    """Something that the person at the keyboard must know; the text says what was found and what to do."""


class NotRun(VmError):
    """Nothing was asked for that could be run."""


@dataclass(frozen=True)
class Wishes:
    """``image`` is a raw or qcow2 disk whose ``user`` takes ``key``, or None where ``release`` says which one to get.

    ``packages`` is a directory of binary packages with Xen's, ``sets`` one with ``sets`` and ``kernel`` of the release;
    without them the mirrors are asked. ``disk`` and ``card`` are keys of DISKS and CARDS, None for what boots."""

    image: Path | None
    release: str | None
    key: Path | None
    user: str
    become: str | None
    root_disk: str | None
    xen: str | None
    packages: Path | None
    sets: Path | None
    sha512: str | None
    memory: int
    disk: str | None
    card: str | None


def read(environment: Mapping[str, str]) -> Wishes:
    """Raises NotRun if no machine is named, VmError for what can't be meant."""
    given = {name: value for name, value in environment.items() if value}
    if "NETBSD_IMAGE" not in given and "NETBSD_RELEASE" not in given:
        raise NotRun(NEEDS)
    if "NETBSD_IMAGE" in given and "NETBSD_SSH_KEY" not in given:
        raise VmError("NETBSD_IMAGE needs NETBSD_SSH_KEY, the private key that its root, or NETBSD_SSH_USER, accepts")
    sets = _path(given, "NETBSD_SETS", folder=True)
    if sets is not None and binary(sets) is None:
        raise VmError(f"NETBSD_SETS={sets} has no directories sets and kernel, as binary/ of a release has them")
    return Wishes(
        image=_path(given, "NETBSD_IMAGE"),
        release=given.get("NETBSD_RELEASE"),
        key=_path(given, "NETBSD_SSH_KEY"),
        user=given.get("NETBSD_SSH_USER", "root"),
        become=given.get("NETBSD_BECOME"),
        root_disk=given.get("NETBSD_ROOT_DISK"),
        xen=given.get("NETBSD_XEN_RELEASE"),
        packages=_path(given, "NETBSD_PACKAGES", folder=True),
        sets=sets,
        sha512=given.get("NETBSD_SHA512"),
        memory=_number(given, "NETBSD_MEMORY", 2048),
        disk=_one_of(given, "NETBSD_DISK", DISKS),
        card=_one_of(given, "NETBSD_CARD", CARDS),
    )


def binary(sets: Path) -> Path | None:
    """Where ``sets`` and ``kernel`` are: the directory itself, or ``binary`` in it or in the one of its machine."""
    found = [sets, sets / "binary", *sorted(sets.glob("*/binary")), *sorted(sets.glob("NetBSD-*/*/binary"))]
    return next((each for each in found if (each / "sets").is_dir() and (each / "kernel").is_dir()), None)


def _path(given: Mapping[str, str], name: str, folder: bool = False) -> Path | None:
    if name not in given:
        return None
    path = Path(given[name]).expanduser().resolve()
    if not (path.is_dir() if folder else path.is_file()):
        raise VmError(f"{name}={given[name]}: there is no such {'directory' if folder else 'file'}")
    return path


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not text.isdigit():
        raise VmError(f"{name}={text} must be a number of MiB")
    return int(text)


def _one_of(given: Mapping[str, str], name: str, known: Mapping[str, str]) -> str | None:
    if name in given and given[name] not in known:
        raise VmError(f"{name}={given[name]} must be one of {', '.join(known)}")
    return given.get(name)
