# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is done to a guest while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from .... import _progress
from ...._change import XenError
from ...._formats.guest.devices import Disk, Nic
from ...._toolstack import waiting
from ...._toolstack.interface import Toolstack
from ...._toolstack.lock import exclusive
from ..read.started_with import STARTED_DIR
from .stop import row_of

# How long a guest's kernel may take to follow when its memory or its virtual CPUs are changed.
FOLLOW_SECONDS = 30.0
# How far a guest's own use may be from what is set, in MiB, before we say that it does not follow.
MEMORY_SLACK = 4


@dataclass(frozen=True)
class Pause:
    domid: int

    def carry_out(self, tool: Toolstack, name: str) -> None:
        row = row_of(tool, self.domid)
        if row is not None and not row.paused:
            tool.pause(row)


@dataclass(frozen=True)
class Unpause:
    domid: int

    def carry_out(self, tool: Toolstack, name: str) -> None:
        row = row_of(tool, self.domid)
        if row is not None and row.paused:
            tool.unpause(row)


@dataclass(frozen=True)
class Rename:
    """Give a running guest its new name; ``old`` is the one that it has."""

    domid: int
    old: str

    def carry_out(self, tool: Toolstack, name: str) -> None:
        with exclusive():
            tool.rename(self.domid, name)
        if tool.host.exists(f"{STARTED_DIR}/{self.old}"):
            tool.host.rename(f"{STARTED_DIR}/{self.old}", f"{STARTED_DIR}/{name}")


@dataclass(frozen=True)
class SetMemory:
    """Set its memory in MiB, and with ``wait`` see that its kernel follows."""

    domid: int
    memory: int
    wait: bool

    def carry_out(self, tool: Toolstack, name: str) -> None:
        tool.set_memory(self.domid, self.memory)
        with _progress.during(name, f"changes its memory to {self.memory} MiB"):
            row = waiting.memory(tool, self.domid, self.memory, MEMORY_SLACK, FOLLOW_SECONDS) if self.wait else None
        if row is not None and abs(row.memory - self.memory) > MEMORY_SLACK:
            raise XenError(
                f"The memory of {name} is set to {self.memory} MiB, and after {FOLLOW_SECONDS:g} seconds it still has "
                f"{row.memory} MiB: its kernel does not follow (no balloon driver, or not above what it was started "
                "with). Restart it to change its memory."
            )


@dataclass(frozen=True)
class SetVcpus:
    """Set its virtual CPUs, and with ``wait`` see that its kernel follows: what the toolstack has set says nothing of
    what the guest uses, for the command ends with 0 and the guest's kernel may do nothing (record
    xl-vcpu-set-with-guest, NetBSD 7.99.10)."""

    domid: int
    vcpus: int
    wait: bool

    def carry_out(self, tool: Toolstack, name: str) -> None:
        tool.set_vcpus(self.domid, self.vcpus)
        with _progress.during(name, f"changes its virtual CPUs to {self.vcpus}"):
            row = waiting.vcpus(tool, self.domid, self.vcpus, FOLLOW_SECONDS) if self.wait else None
        if row is not None and row.vcpus != self.vcpus:
            raise XenError(
                f"The virtual CPUs of {name} are set to {self.vcpus}, and after {FOLLOW_SECONDS:g} seconds it still "
                f"uses {row.vcpus}: its kernel does not follow. Declare maxvcpus {self.vcpus} and restart it."
            )


@dataclass(frozen=True)
class Pin:
    """Let each of these virtual CPUs, by number, run on its real ones only."""

    domid: int
    pins: dict[str, str]

    def carry_out(self, tool: Toolstack, name: str) -> None:
        for vcpu, cpus in self.pins.items():
            tool.pin(self.domid, vcpu, cpus)


@dataclass(frozen=True)
class SetWeight:
    """Set its share of the CPUs; None leaves a value as it is."""

    domid: int
    weight: int | None
    cap: int | None

    def carry_out(self, tool: Toolstack, name: str) -> None:
        tool.set_weight(self.domid, self.weight, self.cap)


@dataclass(frozen=True)
class SetPool:
    domid: int
    pool: str

    def carry_out(self, tool: Toolstack, name: str) -> None:
        tool.set_pool(self.domid, self.pool)


@dataclass(frozen=True)
class AttachDisk:
    domid: int
    disk: Disk

    def carry_out(self, tool: Toolstack, name: str) -> None:
        tool.attach_disk(self.domid, self.disk)


@dataclass(frozen=True)
class DetachDisk:
    domid: int
    vdev: str

    def carry_out(self, tool: Toolstack, name: str) -> None:
        tool.detach_disk(self.domid, self.vdev)


@dataclass(frozen=True)
class AttachNic:
    domid: int
    nic: Nic

    def carry_out(self, tool: Toolstack, name: str) -> None:
        tool.attach_nic(self.domid, self.nic)


@dataclass(frozen=True)
class DetachNic:
    domid: int
    mac: str

    def carry_out(self, tool: Toolstack, name: str) -> None:
        tool.detach_nic(self.domid, self.mac)


@dataclass(frozen=True)
class InsertCd:
    """Put an image into a CD drive; without a path, empty it."""

    domid: int
    vdev: str
    path: str

    def carry_out(self, tool: Toolstack, name: str) -> None:
        tool.insert_cd(self.domid, self.vdev, self.path)
