# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Disks and network interfaces of a running guest, by xm."""

from __future__ import annotations

from .._change import CommandFailed, Refused, XenError
from .._formats.guest import devices
from .._formats.guest.devices import Disk, Nic
from .._formats.xl import xl_tables
from . import waiting
from .answers import parsed
from .xm_call import DEVICE_SECONDS, XmCall

DETACH_SECONDS = 20.0


class XmDevices(XmCall):
    """xend only asks a guest to give a device back, so these look whether it does."""

    def attach_disk(self, domid: int, disk: Disk) -> None:
        words = _disk_words(disk)
        self.change(DEVICE_SECONDS, "block-attach", self.target(domid), *words)

    def detach_disk(self, domid: int, vdev: str) -> None:
        devid = devices.vdev_number(vdev, "xm")
        if devid is None:
            raise Refused(f"The disk {vdev!r} has no name that xm knows, like xvda, hda1 or 0x1.")
        self._detach("block-detach", "block-list", domid, devid)

    def attach_nic(self, domid: int, nic: Nic) -> None:
        number = self.target(domid)
        before = self._device_ids("network-list", number)
        try:
            self.change(DEVICE_SECONDS, "network-attach", number, *devices.render_vif(nic).split(","))
        except CommandFailed:
            for left in self._device_ids("network-list", number) - before:
                argv = [self.paths.program, "network-detach", number, str(left)]
                self.host.try_run(argv, timeout=DEVICE_SECONDS)
            raise

    def detach_nic(self, domid: int, mac: str) -> None:
        for nic in self._nics(self.target(domid)):
            if nic.mac == mac.lower():
                self._detach("network-detach", "network-list", domid, nic.index)
                return
        raise XenError(f"Domain {domid} has no network interface {mac}.")

    def insert_cd(self, domid: int, vdev: str, path: str) -> None:
        drive = Disk(path, vdev, access="ro", cdrom=True, format="raw" if path else "empty")
        words = _disk_words(drive)
        self.change(DEVICE_SECONDS, "block-configure", self.target(domid), *words)

    def _nics(self, number: str) -> list[xl_tables.LiveNic]:
        return parsed(xl_tables.parse_network_list, self.query("network-list", number))

    def _detach(self, verb: str, listing: str, domid: int, devid: int) -> None:
        number = self.target(domid)
        self.change(DEVICE_SECONDS, verb, number, str(devid))
        if not waiting.until(lambda: devid not in self._device_ids(listing, number), DETACH_SECONDS):
            argv = [self.paths.program, verb, number, str(devid)]
            why = f"the guest has not given the device back within {DETACH_SECONDS:g} seconds; does it still use it?"
            raise CommandFailed(f"{' '.join(argv)} reported success, but {why}", command=argv, rc=0, cause=why)

    def _device_ids(self, listing: str, number: str) -> set[int]:
        if listing == "network-list":
            return {nic.index for nic in self._nics(number)}
        return {disk.vdev for disk in parsed(xl_tables.parse_block_list, self.query(listing, number))}


def _disk_words(disk: Disk) -> list[str]:
    try:
        return devices.render_disk(disk, "xm").split(",")
    except ValueError as error:
        raise Refused(f"{error}.") from error
