# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a method works with: the machine, the guest, its record, and a way to say how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ...._host import Host
from ...._progress import Say
from . import record as records
from .record import Record

if TYPE_CHECKING:
    from ...guests.declare.guest import Guest
    from ..declare import Install

MOUNTS = "/var/run/netbsd.xen.install"


def silent(phase: str, done: int | None = None, total: int | None = None, unit: str = "") -> None:
    """Tells nobody."""


class _Recorded:
    """What is done with the record of an installation, which stands in a file. Who has one has these fields."""

    host: Host
    name: str
    config_dir: str
    record: Record

    @property
    def mount_point(self) -> str:
        """Where dom0 mounts the guest's file system. What is below it is the guest's, so no copies are kept of it."""
        return mount_point(self.name)

    def note(self, **changes: Any) -> None:
        """Change the record, on the disk."""
        self.record = replace(self.record, **changes)
        records.write(self.host, self.config_dir, self.name, self.record)


@dataclass
class Leftover(_Recorded):
    """What an installation of guest ``name`` has left, whatever is declared of it by now."""

    host: Host
    name: str
    config_dir: str
    record: Record


@dataclass
class Job(_Recorded):
    """One guest's installation. ``record`` is what stands in its file; ``keys`` are the lines of root's
    authorized_keys, the admin's first; ``xen`` is the release of Xen, empty if nobody said."""

    host: Host
    guest: Guest
    install: Install
    config_dir: str
    record: Record
    say: Say = silent
    keys: tuple[str, ...] = ()
    xen: str = ""
    # Names of what this very run has made outside of the guest's disk: what an earlier one left may be what a power cut
    # has left of it.
    made: set[str] = field(default_factory=set)
    # SHA512 by path, from the signed list of the guest's release; None until it was read.
    signed: Mapping[str, str] | None = None
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.guest.name

    def reached(self, stage: str) -> None:
        """Advance the record, once all that was written to the guest's disk is on the disk."""
        self.host.sync([self.install.disk.path])
        self.note(stage=stage)


def mount_point(name: str) -> str:
    """Where dom0 mounts a guest's file system."""
    return f"{MOUNTS}/{name}"
