# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Disks and network interfaces of a running guest, by xl."""

from __future__ import annotations

from collections.abc import Sequence

from .._change import XenError
from .._formats.guest import devices
from .._formats.guest.devices import Disk, Nic
from .._formats.xl import xl_tables
from .._host import Host
from . import waiting
from .answers import parsed
from .xl_call import change, paths, query

DEVICE_SECONDS = 120.0
# XenbusStateConnected (xen public/io/xenbus.h), and how long a guest may take to get there: one that has booted, and
# one whose other devices are not connected yet, as of a guest that was paused since its start
# (record xl-block-list-with-guest, NetBSD 7.99.10).
CONNECTED = 4
CONNECT_SECONDS = 30.0
BOOT_SECONDS = 120.0


def attach_disk(host: Host, domid: int, disk: Disk) -> None:
    """Give a running guest another disk. Raises XenError if the guest does not take it."""
    domain = str(waiting.checked(domid))
    seconds = _patience(_disks(host, domain))
    change(host, DEVICE_SECONDS, "block-attach", domain, devices.render_disk(disk))
    number = devices.vdev_number(disk.vdev)
    if not waiting.until(lambda: number in _connected_disks(host, domain), seconds):
        host.try_run([paths(host.system).xl, "block-detach", domain, disk.vdev, "-f"], timeout=DEVICE_SECONDS)
        raise XenError(f"Domain {domid} has not taken the disk {disk.path} {_not_taken(seconds)}")


def _patience(others: Sequence[xl_tables.LiveDisk | xl_tables.LiveNic]) -> float:
    return CONNECT_SECONDS if all(device.state == CONNECTED for device in others) else BOOT_SECONDS


def _not_taken(seconds: float) -> str:
    return f"within {seconds:g} seconds; it was taken away again. Does the guest's kernel have a driver for it?"


def detach_disk(host: Host, domid: int, vdev: str) -> None:
    """Take a disk from a running guest. A guest that still uses it does not give it, and this raises CommandFailed."""
    change(host, DEVICE_SECONDS, "block-detach", str(waiting.checked(domid)), vdev)


def attach_nic(host: Host, domid: int, nic: Nic) -> None:
    """Give a running guest another network interface.

    Each key is a word of its own: what follows a comma is not looked at. A failed attach leaves the interface behind,
    and a guest that has one can't be restored after a save (record net_attach_badbridge, xl 4.20), so it is taken away.
    """
    domain = str(waiting.checked(domid))
    present = _nics(host, domain)
    before, seconds = {each.index for each in present}, _patience(present)
    try:
        change(host, DEVICE_SECONDS, "network-attach", domain, *devices.render_vif(nic).split(","))
        if not waiting.until(lambda: nic.mac in _connected_macs(host, domain), seconds):
            raise XenError(f"Domain {domid} has not taken the interface {nic.mac} {_not_taken(seconds)}")
    except XenError:
        for left in _nics(host, domain):
            if left.index not in before:
                argv = [paths(host.system).xl, "network-detach", domain, str(left.index)]
                host.try_run(argv, timeout=DEVICE_SECONDS)
        raise


def _connected_disks(host: Host, domain: str) -> set[int]:
    """The virtual devices that a guest uses. xl reports success for one that the guest never takes."""
    return {disk.vdev for disk in _disks(host, domain) if disk.state == CONNECTED}


def _disks(host: Host, domain: str) -> list[xl_tables.LiveDisk]:
    return parsed(xl_tables.parse_block_list, query(host, "block-list", domain))


def _connected_macs(host: Host, domain: str) -> set[str | None]:
    return {nic.mac for nic in _nics(host, domain) if nic.state == CONNECTED}


def _nics(host: Host, domain: str) -> list[xl_tables.LiveNic]:
    return parsed(xl_tables.parse_network_list, query(host, "network-list", domain))


def detach_nic(host: Host, domid: int, mac: str) -> None:
    """Take a network interface from a running guest. Never from NetBSD, which panics (record guest-panic-on-netdetach,
    NetBSD 7.99.10); who calls this knows the guest."""
    change(host, DEVICE_SECONDS, "network-detach", str(waiting.checked(domid)), mac)


def insert_cd(host: Host, domid: int, vdev: str, path: str) -> None:
    """Put an image into a guest's CD drive; an empty path takes out what is in it. Only hvm guests have one (record
    cd_insert, xl 4.17)."""
    words = ["cd-insert", str(waiting.checked(domid)), vdev, path] if path else ["cd-eject", str(domid), vdev]
    change(host, DEVICE_SECONDS, *words)
