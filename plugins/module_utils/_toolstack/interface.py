# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What can be asked of a toolstack, whichever a machine has: xl (``xl.Xl``) or xm with xend (``xm.Xm``).

Guests are addressed by domain id, never by name, and domain 0 is refused, whatever the caller thinks. All that runs a
command raises CommandFailed if it fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from .._change import CommandFailed
from .._formats.guest.devices import Disk, Nic
from .._formats.xl.xl_output import Domain, Row
from .._host import Host


@dataclass(frozen=True)
class Paths:
    """Where a system keeps a toolstack, and what starts its daemons."""

    program: str
    config_dir: str
    save_dir: str
    how_to_start: str


class Toolstack(Protocol):
    """The toolstack of one machine.

    ``name`` is that of its program, ``dialect`` that of the configuration files that it reads (see
    ``_resources/guests/declare/config.py``). ``weighing`` are the schedulers that know weights, and ``dom0`` is domain
    0 as its commands take it.
    """

    host: Host
    name: str
    dialect: str
    weighing: tuple[str, ...]
    dom0: str

    @property
    def paths(self) -> Paths:
        """Where this machine keeps it."""

    def alive(self) -> tuple[bool, str]:
        """Whether it can be called at all, and if not, why and what to do. It is not called for that."""

    # -- queries -------------------------------------------------------------------------------------------------------

    def rows(self) -> list[Row]:
        """Every domain that runs, domain 0 included."""

    def configs(self) -> dict[int, dict[str, Any]]:
        """The live configuration of every domain that runs, as the toolstack tells it, by domain id."""

    def domains(self, pools: bool = False, pins: bool = False, shares: bool = False) -> list[Domain]:
        """Every running domain but domain 0, with its pool and its pins where these are asked for; pins cost another
        call. With ``shares`` weight and cap are in the configuration for certain."""

    def managed(self) -> list[str]:
        """The guests that the toolstack keeps although they don't run."""

    def info(self) -> dict[str, str]:
        """What it says of the hypervisor and the machine: key to value; memory in MiB."""

    def pools(self) -> list[str]:
        """The names of the CPU pools; none where the hypervisor knows none."""

    # -- what is said of a guest ---------------------------------------------------------------------------------------

    def guest_log(self, name: str) -> str:
        """The file to which only this guest's toolstack writes, while the guest runs; empty if there is none."""

    def logs(self, name: str) -> dict[str, str]:
        """The last lines of a guest's logs, by a name for each log."""

    def console(self, domid: int, seconds: float) -> str:
        """What a guest's console shows within so many seconds, beginning with what nobody has read yet. Nothing is ever
        typed. Raises ``console.Held`` if somebody else has it."""

    def birth_mark(self, name: str) -> str:
        """A mark of the ``create`` that a guest comes from; empty if it is not known. A guest that reboots keeps it,
        and keeps its old configuration too."""

    def cause(self, stderr: str) -> str:
        """The line of an error output that says why; empty if there is none."""

    def domain_ids(self, stderr: str) -> set[int]:
        """The domains that an error output names; empty if it names none."""

    def unanswered(self, error: CommandFailed) -> bool:
        """Whether a failure means that a guest did not answer the request to suspend itself, and may be asked again."""

    # -- starting and stopping -----------------------------------------------------------------------------------------

    def create(self, config_path: str, name: str, before: set[int], paused: bool = False) -> Row:
        """Start a guest from its configuration file, or with ``paused`` make it ready to run, and return its row.
        ``before`` are the domains that are there already; see ``waiting.start``."""

    def restore(self, path: str, name: str, before: set[int], paused: bool = False) -> Row:
        """Let a saved guest go on from its file and return its row; otherwise as ``create``."""

    def delete(self, name: str) -> None:
        """Forget a guest that the toolstack keeps and that does not run. Its disks stay. Raises Refused for others."""

    def shutdown(self, row: Row, seconds: float) -> bool:
        """Ask a guest to shut down and wait until its domain is gone. False if it is still there after ``seconds``."""

    def reboot(self, row: Row, seconds: float) -> Row:
        """Ask a guest to reboot and wait for its new domain. Raises XenError if none comes within ``seconds``."""

    def destroy(self, domid: int) -> None:
        """Stop a guest at once and wait until its domain is gone."""

    def save(self, row: Row, path: str, seconds: float) -> None:
        """Write a guest's memory to a file and end its domain. If it fails the guest runs on."""

    # -- while it runs -------------------------------------------------------------------------------------------------

    def pause(self, row: Row) -> None:
        """Stop a guest's virtual CPUs, once."""

    def unpause(self, row: Row) -> None:
        """Let a paused guest run, however often it was paused."""

    def rename(self, domid: int, name: str) -> None:
        """Give a running guest another name."""

    def set_memory(self, domid: int, mebibytes: int) -> None:
        """Set a running guest's memory target."""

    def set_vcpus(self, domid: int, count: int) -> None:
        """Set the number of virtual CPUs that a running guest may use."""

    def pin(self, domid: int, vcpu: str, cpus: str) -> None:
        """Let one virtual CPU (a number, or ``all``) run only on these real ones (``0-3,^1``, ``all``)."""

    def set_weight(self, domid: int, weight: int | None, cap: int | None) -> None:
        """Set a guest's share of the CPUs; None leaves a value as it is."""

    def dom0_weight(self) -> tuple[str, int | None]:
        """The hypervisor's scheduler, and the weight of domain 0, None where that scheduler knows none."""

    def set_dom0_weight(self, weight: int) -> None:
        """Set the weight of domain 0."""

    def set_pool(self, domid: int, pool: str) -> None:
        """Move a guest to another CPU pool."""

    def dump_core(self, domid: int, path: str, seconds: float) -> None:
        """Write a guest's memory to a file while it is paused; it goes on afterwards."""

    def migrate(self, domid: int, machine: str, ssh_command: str, seconds: float) -> None:
        """Move a running guest to another machine, by ``ssh_command`` if it is given. Its domain is gone from here
        afterwards."""

    # -- devices -------------------------------------------------------------------------------------------------------

    def attach_disk(self, domid: int, disk: Disk) -> None:
        """Give a running guest another disk."""

    def detach_disk(self, domid: int, vdev: str) -> None:
        """Take a disk from a running guest. One that it still uses it does not give, and this fails."""

    def attach_nic(self, domid: int, nic: Nic) -> None:
        """Give a running guest another network interface. One that a failed attach leaves behind is taken away."""

    def detach_nic(self, domid: int, mac: str) -> None:
        """Take a network interface from a running guest. Never from NetBSD, which panics (record
        guest-panic-on-netdetach, NetBSD 7.99.10); who calls this knows the guest."""

    def insert_cd(self, domid: int, vdev: str, path: str) -> None:
        """Put an image into a guest's CD drive; an empty path takes out what is in it."""
