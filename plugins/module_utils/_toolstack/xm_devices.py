# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Disks and network interfaces of a running guest, by xm."""

from __future__ import annotations

from .._change import CommandFailed, Refused, XenError
from .._formats.guest import devices
from .._formats.guest.devices import Disk, Nic
from .._formats.xl import xl_tables
from .._host import Host
from . import waiting
from .answers import parsed
from .xm_call import DEVICE_SECONDS, change, paths, query, target

DETACH_SECONDS = 20.0


def attach_disk(host: Host, domid: int, disk: Disk) -> None:
    """Give a running guest another disk."""
    try:
        words = devices.render_disk(disk, "xm").split(",")
    except ValueError as error:
        raise Refused(f"{error}.") from error
    change(host, DEVICE_SECONDS, "block-attach", target(host, domid), *words)


def detach_disk(host: Host, domid: int, vdev: str) -> None:
    """Take a disk from a running guest. A guest that still uses it does not give it, and this raises CommandFailed."""
    devid = devices.vdev_number(vdev, "xm")
    if devid is None:
        raise Refused(f"The disk {vdev!r} has no name that xm knows, like xvda, hda1 or 0x1.")
    _detach(host, "block-detach", "block-list", domid, devid)


def attach_nic(host: Host, domid: int, nic: Nic) -> None:
    """Give a running guest another network interface. One that a failed attach left behind is taken away."""
    number = target(host, domid)
    before = _device_ids(host, "network-list", number)
    try:
        change(host, DEVICE_SECONDS, "network-attach", number, *devices.render_vif(nic).split(","))
    except CommandFailed:
        for left in _device_ids(host, "network-list", number) - before:
            host.try_run([paths(host.system).xm, "network-detach", number, str(left)], timeout=DEVICE_SECONDS)
        raise


def detach_nic(host: Host, domid: int, mac: str) -> None:
    """Take a network interface from a running guest. Never from NetBSD, which panics (record guest-panic-on-netdetach,
    NetBSD 7.99.10); who calls this knows the guest."""
    for nic in _nics(host, target(host, domid)):
        if nic.mac == mac.lower():
            _detach(host, "network-detach", "network-list", domid, nic.index)
            return
    raise XenError(f"Domain {domid} has no network interface {mac}.")


def _nics(host: Host, number: str) -> list[xl_tables.LiveNic]:
    return parsed(xl_tables.parse_network_list, query(host, "network-list", number))


def _detach(host: Host, verb: str, listing: str, domid: int, devid: int) -> None:
    """xend only asks the guest to give the device back, so this looks whether it does."""
    number = target(host, domid)
    change(host, DEVICE_SECONDS, verb, number, str(devid))
    if not waiting.until(lambda: devid not in _device_ids(host, listing, number), DETACH_SECONDS):
        argv = [paths(host.system).xm, verb, number, str(devid)]
        why = f"the guest has not given the device back within {DETACH_SECONDS:g} seconds; does it still use it?"
        raise CommandFailed(f"{' '.join(argv)} reported success, but {why}", command=argv, rc=0, cause=why)


def _device_ids(host: Host, listing: str, number: str) -> set[int]:
    if listing == "network-list":
        return {nic.index for nic in _nics(host, number)}
    return {disk.vdev for disk in parsed(xl_tables.parse_block_list, query(host, listing, number))}


def insert_cd(host: Host, domid: int, vdev: str, path: str) -> None:
    """Put an image into a guest's CD drive; an empty path takes out what is in it."""
    drive = Disk(path, vdev, access="ro", cdrom=True, format="raw" if path else "empty")
    try:
        words = devices.render_disk(drive, "xm").split(",")
    except ValueError as error:
        raise Refused(f"{error}.") from error
    change(host, DEVICE_SECONDS, "block-configure", target(host, domid), *words)
