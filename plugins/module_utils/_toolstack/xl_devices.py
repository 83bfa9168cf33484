# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Disks and network interfaces of a running guest, by xl."""

from __future__ import annotations

from collections.abc import Sequence

from .._change import XenError
from .._formats.guest import devices
from .._formats.guest.devices import Disk, Nic
from .._formats.xl import xl_tables
from . import waiting
from .answers import parsed
from .xl_call import XlCall

DEVICE_SECONDS = 120.0
# XenbusStateConnected (xen public/io/xenbus.h), and how long a guest may take to get there: one that has booted, and
# one whose other devices are not connected yet, as of a guest that was paused since its start
# (record xl-block-list-with-guest, NetBSD 7.99.10).
CONNECTED = 4
CONNECT_SECONDS = 30.0
BOOT_SECONDS = 120.0


class XlDevices(XlCall):
    """xl reports success for a device that the guest never takes, so these look whether it does."""

    def attach_disk(self, domid: int, disk: Disk) -> None:
        domain = str(waiting.checked(domid))
        seconds = _patience(self._disks(domain))
        self.change(DEVICE_SECONDS, "block-attach", domain, devices.render_disk(disk))
        number = devices.vdev_number(disk.vdev)
        if not waiting.until(lambda: number in self._connected_disks(domain), seconds):
            argv = [self.paths.program, "block-detach", domain, disk.vdev, "-f"]
            self.host.try_run(argv, timeout=DEVICE_SECONDS)
            raise XenError(f"Domain {domid} has not taken the disk {disk.path} {_not_taken(seconds)}")

    def detach_disk(self, domid: int, vdev: str) -> None:
        self.change(DEVICE_SECONDS, "block-detach", str(waiting.checked(domid)), vdev)

    def attach_nic(self, domid: int, nic: Nic) -> None:
        """Each key is a word of its own: what follows a comma is not looked at. A guest that has an interface of a
        failed attach can't be restored after a save (record net_attach_badbridge, xl 4.20)."""
        domain = str(waiting.checked(domid))
        present = self._nics(domain)
        before, seconds = {each.index for each in present}, _patience(present)
        try:
            self.change(DEVICE_SECONDS, "network-attach", domain, *devices.render_vif(nic).split(","))
            if not waiting.until(lambda: nic.mac in self._connected_macs(domain), seconds):
                raise XenError(f"Domain {domid} has not taken the interface {nic.mac} {_not_taken(seconds)}")
        except XenError:
            for left in self._nics(domain):
                if left.index not in before:
                    argv = [self.paths.program, "network-detach", domain, str(left.index)]
                    self.host.try_run(argv, timeout=DEVICE_SECONDS)
            raise

    def detach_nic(self, domid: int, mac: str) -> None:
        self.change(DEVICE_SECONDS, "network-detach", str(waiting.checked(domid)), mac)

    def insert_cd(self, domid: int, vdev: str, path: str) -> None:
        """Only hvm guests have a drive (record cd_insert, xl 4.17)."""
        domain = str(waiting.checked(domid))
        words = ["cd-insert", domain, vdev, path] if path else ["cd-eject", domain, vdev]
        self.change(DEVICE_SECONDS, *words)

    def _connected_disks(self, domain: str) -> set[int]:
        return {disk.vdev for disk in self._disks(domain) if disk.state == CONNECTED}

    def _disks(self, domain: str) -> list[xl_tables.LiveDisk]:
        return parsed(xl_tables.parse_block_list, self.query("block-list", domain))

    def _connected_macs(self, domain: str) -> set[str | None]:
        return {nic.mac for nic in self._nics(domain) if nic.state == CONNECTED}

    def _nics(self, domain: str) -> list[xl_tables.LiveNic]:
        return parsed(xl_tables.parse_network_list, self.query("network-list", domain))


def _patience(others: Sequence[xl_tables.LiveDisk | xl_tables.LiveNic]) -> float:
    return CONNECT_SECONDS if all(device.state == CONNECTED for device in others) else BOOT_SECONDS


def _not_taken(seconds: float) -> str:
    return f"within {seconds:g} seconds; it was taken away again. Does the guest's kernel have a driver for it?"
