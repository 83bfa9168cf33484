# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is read of the guests of a machine. It travels to the controller as JSON (see ``_plain``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...._formats.xl.xl_output import Domain
from .backends import Backend
from .dom0_disks import Use
from .extents import Extent

SAVED, RESTORING = ".save", ".save.restoring"


@dataclass(frozen=True)
class Dom0:
    """Whether this is a dom0 whose toolstack answers, and if not, why."""

    alive: bool
    why: str


@dataclass(frozen=True)
class ConfigFile:
    """A configuration file: its ``settings`` as they are compared (see ``declare/config.py``), or why they can't be
    read (``error``) and the ``paths`` in it, each of which may be a disk. ``private``: only root can read it;
    ``ours``: this collection wrote it."""

    settings: dict[str, Any] | None
    error: str | None
    paths: list[str]
    private: bool
    ours: bool


@dataclass(frozen=True)
class StartedWith:
    """The settings that a running guest was started with."""

    settings: dict[str, Any] | None


@dataclass(frozen=True)
class LeftUnit:
    """A vnd unit that a guest left behind: its file, and whose that is."""

    path: str
    guest: str


@dataclass(frozen=True)
class KeptUnit:
    """A vnd unit that stays, and why. ``path`` and ``guest`` are empty where it is no guest's."""

    path: str
    guest: str
    why: str


@dataclass(frozen=True)
class VndUnits:
    """The vnd units that are not the disks of running guests, by their names."""

    left: dict[str, LeftUnit]
    kept: dict[str, KeptUnit]


@dataclass(frozen=True)
class VndNodes:
    """How many vnd units have a node in /dev, and how many of those are in use."""

    nodes: int
    used: int


@dataclass(frozen=True)
class Storage:
    """What dom0 uses of its disks, and where on which disk this and the guests' disks lie, by path, as far as a guest
    needs to know. ``opens_once``: a block device can be open only once, also to read from it."""

    uses: list[Use]
    extents: dict[str, Extent]
    opens_once: bool


@dataclass(frozen=True)
class StartFacts:
    """What only a start needs to know; memory in MiB. None stands for what can't be told, ``pools`` also for what
    nobody asked for, and ``vnd_units`` for a machine where disks don't take units. ``pci`` are the devices
    that are kept for guests. ``backends`` are dom0's ends of the
    devices that guests have. If dom0's share is not ``dom0_fixed``, the toolstack may take memory from dom0 for a
    guest."""

    bridges: list[str]
    free: int | None
    cpus: int | None
    dom0_fixed: bool
    dom0_memory: int | None
    pools: list[str] | None
    vnd_units: VndNodes | None
    storage: Storage
    backends: list[Backend]
    pci: list[str]


@dataclass(frozen=True)
class Current:
    """The guests' configuration files, the running domains, and the files that matter to them.

    ``configs`` are by file name, and ``occupied`` are the names in their directory that something else has. Where a
    guest is declared with another file than its name says (``file_names.py``), ``config_files`` has the file of a name.
    ``managed`` are the guests that xend keeps. ``saved`` says of each saved guest whether it has run since; those that
    were ``restoring`` were interrupted in that. ``waited``: how many seconds what was coming or going had. ``vnd`` is
    None if nobody looked. ``files`` says what is at each path, None for nothing; ``identities`` what it is under any
    name; ``links`` where a path goes by symbolic links, for those that do; ``sizes`` how many bytes a file has.
    ``elsewhere`` are the configurations in other directories that start with the machine, or that a running guest was
    made from, by their paths. With a ``salt`` passwords had been masked by it when they were read
    (``declare/config.py``).
    """

    dom0: Dom0
    toolstack: str
    dialect: str
    config_dir: str
    save_dir: str
    configs: dict[str, ConfigFile]
    occupied: list[str]
    domains: list[Domain]
    managed: list[str]
    saved: dict[str, bool]
    restoring: list[str]
    started_with: dict[str, StartedWith]
    waited: float
    vnd: VndUnits | None
    files: dict[str, str | None]
    identities: dict[str, str]
    links: dict[str, str]
    start: StartFacts | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    elsewhere: dict[str, ConfigFile] = field(default_factory=dict)
    salt: str = ""
    config_files: dict[str, str] = field(default_factory=dict)

    def config_path(self, name: str) -> str:
        """A guest's configuration file."""
        return f"{self.config_dir}/{self.config_files.get(name, name)}"

    def save_path(self, name: str) -> str:
        """The file that holds a saved guest's memory."""
        return f"{self.save_dir}/{name}{SAVED}"

    def taken_path(self, name: str) -> str:
        """Where that file is while the guest is brought back from it."""
        return f"{self.save_dir}/{name}{RESTORING}"
