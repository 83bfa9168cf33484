# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""xm's commands for disks and networks (main.py, XendDomainInfo.device_create and destroyDevice, Xen 3.1 and 4.2)."""
from __future__ import annotations

import re

from ...core.machine import Machine, NotSimulated
from ..common import domains, guests, hotplug
from ..common.hypervisor import Domain, out, wait
from . import xend, xend_create
from .xend import Fault
from .xm_config import XmError

_DETACH_SECONDS = 100  # DEVICE_DESTROY_TIMEOUT


def _listens(domain: Domain) -> bool:
    return not domain["paused"] and domain["reason"] is None and not guests.ignores_requests(domain)


def _words(args: list[str], command: str) -> tuple[list[str], bool]:
    """(words, force)."""
    words = [word for word in args if not word.startswith("-")]
    options = {word for word in args if word.startswith("-")}
    if options - {"-f", "--force"}:
        raise NotSimulated(f"xm {command} {min(options)}")
    return words, bool(options)


def block_attach(m: Machine, args: list[str]) -> int:
    if len(args) > 4:
        raise NotSimulated("xm block-attach with a backend domain")
    guest, domain = xend.running(m, args[0], "block-attach")
    disk = {"uname": args[1], "dev": args[2], "mode": args[3], "uuid": xend.new_uuid()}
    config, vbd = xend_create.new_disk(m, disk)
    number = xend_create.device_number(args[2])
    if number in [old["devid"] for old in domain["vbds"]]:
        if not xend.modern(m):
            raise NotSimulated("xm block-attach of a device that is there")
        raise Fault(f'The device "{args[2]}" is already defined')
    xend_create.connect_disk(m, domain["domid"], vbd, number)
    domain["vbds"].append(vbd)
    domain["config"]["disks"].append(config)
    guest.settings["disks"].append(disk)
    return 0


def block_detach(m: Machine, args: list[str]) -> int:
    words, force = _words(args, "block-detach")
    guest, domain = xend.running(m, words[0], "block-detach")
    number = _device_to_detach(words[1])
    vbd = next((vbd for vbd in domain["vbds"] if vbd["devid"] == number), None)
    if vbd is None:
        raise Fault(f"Device {number} not connected")
    if not _listens(domain) and not force:
        if not xend.modern(m):
            raise NotSimulated("xm block-detach of a guest that does not answer")
        wait(m, _DETACH_SECONDS)
        raise Fault(f"Device {number} (vbd) could not be disconnected. ")
    domain["vbds"].remove(vbd)
    hotplug.disconnect_disk(m, vbd)
    domain["config"]["disks"] = [disk for disk in domain["config"]["disks"]
                                 if xend_create.device_number(disk["vdev"]) != number]
    guest.settings["disks"] = [disk for disk in guest.settings["disks"]
                               if xend_create.device_number(disk["dev"]) != number]
    return 0


def _device_to_detach(text: str) -> int:
    """A number, vbd/NUMBER or a name: convertToDeviceNumber of xend/server/blkif.py (Xen 4.2). Other than where a disk
    is given, a bare number is decimal."""
    last = text.rpartition("/")[2]
    return int(last) if last.isdigit() else xend_create.device_number(last)


def network_attach(m: Machine, args: list[str]) -> int:
    guest, domain = xend.running(m, args[0], "network-attach")
    nic: dict[str, str] = {}
    for word in args[1:]:
        key, equals, value = word.partition("=")
        if not equals or key not in ("type", "mac", "bridge", "ip", "script", "backend", "vifname", "rate", "model",
                                     "accel"):
            raise Fault(f"Invalid argument: {word}")
        if key in ("type", "script", "backend", "rate", "model", "accel"):
            raise NotSimulated(f"xm network-attach {key}=")
        nic[key] = value
    if xend.modern(m) and "mac" in nic and not re.fullmatch(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}", nic["mac"]):
        raise Fault("Cannot create a new virtual network interface - MAC address is not valid!")
    nic["uuid"] = xend.new_uuid()
    devid = max((vif["devid"] for vif in domain["vifs"]), default=-1) + 1
    vif = xend_create.new_network(domain["domid"], nic, devid)
    xend_create.connect_network(m, domain["domid"], vif)
    domain["vifs"].append(vif)
    domain["config"]["nics"].append({"devid": devid, "mac": vif["mac"], "bridge": vif["bridge"]})
    guest.settings["nics"].append(nic)
    return 0


def network_detach(m: Machine, args: list[str]) -> int:
    words, _force = _words(args, "network-detach")
    guest, domain = xend.running(m, words[0], "network-detach")
    if not words[1].isdigit():
        raise NotSimulated("xm network-detach by MAC address")
    vif = next((vif for vif in domain["vifs"] if vif["devid"] == int(words[1])), None)
    if vif is None:
        raise Fault(f"Device {words[1]} not connected")
    if domain["os"] == guests.NETBSD and _listens(domain) and not domains.is_busy(m, domain):
        domains.panic(m, domain)
        return 0
    if not _listens(domain):
        raise NotSimulated("xm network-detach of a guest that does not answer")
    domain["vifs"].remove(vif)
    hotplug.disconnect_network(m, domain["domid"], vif)
    domain["config"]["nics"] = [nic for nic in domain["config"]["nics"] if nic["devid"] != vif["devid"]]
    guest.settings["nics"] = [nic for nic in guest.settings["nics"] if nic.get("uuid") != vif["uuid"]]
    return 0


def _one_domain(args: list[str], command: str) -> str:
    if any(word.startswith("-") for word in args):
        raise NotSimulated(f"xm {command} --long")
    if len(args) != 1:
        out("No domain parameter given\n" if not args else "No multiple domain parameters allowed\n")
        raise XmError("", 1)
    return args[0]


def block_list(m: Machine, args: list[str]) -> int:
    guest = xend.find(m, _one_domain(args, "block-list"))
    vbds = guest.live["vbds"] if guest.live else []
    blanks = "  " if xend.modern(m) else "    "
    if vbds:
        out("Vdev  BE handle state evt-ch ring-ref BE-path\n")
    for index, vbd in enumerate(vbds):
        path = f"/local/domain/0/backend/vbd/{guest.domid}/{vbd['devid']}"
        channel, ring = (6 + index, 511 - index) if vbd["state"] == 4 else (-1, -1)
        out(f"{vbd['devid']:<5d}{blanks}{0:<3d}  {0:<3d}   {vbd['state']:<3d}    {channel:<3d}    {ring:<5d} "
            f"{path:<30}  \n")
    return 0


def network_list(m: Machine, args: list[str]) -> int:
    guest = xend.find(m, _one_domain(args, "network-list"))
    vifs = guest.live["vifs"] if guest.live else []
    if vifs:
        out("Idx BE     MAC Addr.     handle state evt-ch tx-/rx-ring-ref BE-path\n")
    for index, vif in enumerate(vifs):
        path = f"/local/domain/0/backend/vif/{guest.domid}/{vif['devid']}"
        ring = 510 - 2 * index
        out(f"{vif['devid']:<3d} {0:<3d}{vif['mac']:<17}    {vif['devid']:<3d}   {4:<3d}    {7 + index:<3d}   "
            f"{ring:<5d}/{ring - 1:<5d}   {path:<30}  \n")
    return 0
