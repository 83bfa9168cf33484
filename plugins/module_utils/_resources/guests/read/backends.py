# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""dom0's ends of the guests' disks and interfaces, as xenstored has them. Reads only.

A domain that has been destroyed has its disks, its vnd units and its interfaces for as long as its backends are there,
although the toolstack lists it without a name, or not at all any more (records xl-destroy-with-guest, destroy-five,
NetBSD 7.99.10). What a domain's configuration says is what it was given, not what it still has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...._change import CommandFailed
from ...._formats.xl import xenstore
from ...._host import Host
from ...._toolstack import waiting
from .extents import identity

if TYPE_CHECKING:
    from ..declare.guest import Guest

XENSTORE_LS = "/usr/pkg/bin/xenstore-ls"
BACKENDS = "/local/domain/0/backend"
SECONDS = 10.0


@dataclass(frozen=True)
class Backend:
    """The end of one device. A disk has a ``path``, what that is under any name (``place``), and an ``access`` (rw or
    ro); an interface has a ``mac``."""

    domid: int
    path: str
    place: str
    access: str
    mac: str


def read(host: Host) -> list[Backend]:
    """Every backend of a disk or an interface; none on a machine that is not NetBSD. xenstored must be alive. Raises
    CommandFailed if it does not tell."""
    if host.system != "NetBSD":
        return []
    result = host.try_run([XENSTORE_LS, BACKENDS], timeout=SECONDS)
    # Without a device the directory is not there (record after-shutdown, NetBSD 7.99.10).
    if result.rc and "No such file or directory" not in result.stderr:
        raise CommandFailed(f"xenstored does not tell what guests have of this machine's devices: {result.tail}")
    return [_backend(host, keys) for keys in xenstore.leaves(result.stdout, 3) if keys.get("frontend-id", "").isdigit()]


def _backend(host: Host, keys: dict[str, str]) -> Backend:
    """xl writes the path as it is; xend may write a prefix, and a device without its directory, as it stands in the
    configuration (tools/python/xen/xend/server/blkif.py)."""
    path = keys.get("params", "").split("file:", 1)[-1]
    path = path if path.startswith("/") or not path else f"/dev/{path}"
    access = "rw" if "w" in keys.get("mode", "w") else "ro"
    return Backend(int(keys["frontend-id"]), path, _place(host, path), access, keys.get("mac", ""))


def settled(host: Host, guests: Iterable[Guest], listed: set[int]) -> list[Backend]:
    """As ``read``, after the domains that are not ``listed`` have had their time to give back what these guests need,
    unless the machine is seen at one moment."""
    if host.one_look:
        return read(host)
    needed = [_needs(host, guest) for guest in guests]
    found: list[Backend] = []

    def free() -> bool:
        found[:] = read(host)
        return not any(_held(found, needs, listed) for needs in needed)

    waiting.until(free, waiting.GOING_SECONDS)
    return found


def held(host: Host, guest: Guest, listed: set[int]) -> str:
    """What this guest needs and a domain that is not ``listed`` still has after its time, in words; empty if there is
    no such thing."""
    return _held(settled(host, [guest], listed), _needs(host, guest), listed)


def label(domid: int) -> str:
    """A domain that only xenstored knows, in words."""
    if domid == 0:
        return "dom0 itself, as a disk or an interface of its own"
    return (
        f"domain {domid}, which has ended and whose devices xenstored still has; run again when {BACKENDS}/vbd/{domid} "
        f"and {BACKENDS}/vif/{domid} are gone"
    )


def _needs(host: Host, guest: Guest) -> dict[str, str]:
    """The places of a guest's disks and its MAC addresses, with what they are in words."""
    disks = {_place(host, disk.path): f"disk {disk.path}" for disk in guest.disks if disk.path}
    return {**disks, **{nic.mac: f"mac {nic.mac}" for nic in guest.nics if nic.mac}}


def _held(found: Iterable[Backend], needs: dict[str, str], listed: set[int]) -> str:
    for each in found:
        what = needs.get(each.mac) or needs.get(each.place)
        if what and each.domid not in listed:
            return f"{what} is in use by {label(each.domid)}"
    return ""


def _place(host: Host, path: str) -> str:
    place = host.real_path(path) if path else ""
    return identity(place, host.stat(place)) if place else ""
