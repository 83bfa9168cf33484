# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a method of installation is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..work.job import Job

if TYPE_CHECKING:
    from ...._formats.guest.devices import Disk
    from ...guests.declare.fields import Fields
    from ...guests.declare.guest import Guest


class Method(Protocol):
    """A way in which a guest gets its system, in three steps. A run that broke off begins the step anew in which it
    was, ``prepare`` and ``fill`` together; each leaves nothing mounted and no unit configured."""

    @property
    def name(self) -> str:
        """What ``install.method`` calls it."""

    @property
    def systems(self) -> tuple[str, ...]:
        """For which ``os`` of a guest it is."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Those of METHOD_KEYS that it has."""

    @property
    def released(self) -> bool:
        """Whether it installs a release of NetBSD, and has RELEASE_KEYS."""

    @property
    def talks(self) -> bool:
        """Whether the disk is filled by the guest's own installer, which the controller talks to at its console between
        ``prepare`` and ``fill``; ``fill`` then proves what that has left."""

    @property
    def visited(self) -> bool:
        """Whether a person does the installation, in a system that stays up until then: the controller looks in at its
        console in each run (see ``visits.py``), and ``fill`` and ``configure`` have nothing to do."""

    def root(self, disk: Disk, index: int, options: Any) -> str:
        """What the guest calls the file system on its disk number ``index``; empty if only the guest knows."""

    def sets_up(self, options: Any) -> bool:
        """Whether it makes what is installed the guest's own, with its options."""

    def unfit(self, guest: Guest, root: str, release: str, arch: str) -> list[str]:
        """What of the guest's own declaration would keep it from booting what is installed. Pure."""

    def read(self, fields: Fields, guest: Guest, disk: Disk) -> Any:
        """What its own keys say for the guest's ``disk``; what is wrong is noted in ``fields``. Pure."""

    def check(self, job: Job) -> int:
        """Bring all that it takes to dom0, checked, and return how many bytes the disk must have at least. The disk is
        not touched. Raises XenError, in one line, if something can't be had."""

    def prepare(self, job: Job) -> None:
        """Give the disk its label, with the record's mark, and empty file systems."""

    def fill(self, job: Job) -> None:
        """Put the system onto it."""

    def configure(self, job: Job) -> None:
        """Make it this guest's own."""

    def installer(self, job: Job) -> Guest:
        """The guest as it is for the time of its installation, of a method that ``talks``."""

    def leave(self, job: Job) -> None:
        """Take away what said whose the disk is, now that the record says that all is there."""
