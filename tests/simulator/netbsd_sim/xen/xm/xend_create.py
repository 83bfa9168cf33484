# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How xend makes a domain: checks, memory, kernel, devices.

Source: XendDomain.domain_create, XendDomainInfo (_checkName, _constructDomain, _initDomain, waitForDevices),
balloon.py, image.py, server/DevController.py and util/blkif.py of Xen 3.1 and 4.2; pkgsrc's patch to
enable-dom0-ballooning.
"""
from __future__ import annotations

import re
from typing import Any

from ...core.machine import Machine, NotSimulated
from ...net import network
from ..common import domains, guests, hotplug, hypervisor
from ..common.hypervisor import KIB_PER_MIB, Domain, section, wait
from . import xend, xend_pci
from .xend import Fault, Settings

SCRIPTS_SECONDS = 100  # DEVICE_CREATE_TIMEOUT of DevController.py
_BALLOON_SECONDS = 21  # balloon.py: RETRY_LIMIT rounds that become longer
_CONSTRUCT_KB = 16384  # 4.x wants this much free before it makes a domain
_CREATE_SECONDS = 0.9  # assumed as long as with xl: nobody measured xend
_NAME = re.compile(r"[A-Za-z0-9_\-.:/+]+\Z")

_MAJORS = {
    "hd": (3, 22, 33, 34, 56, 57, 88, 89, 90, 91),
    "sd": (8, 65, 66, 67, 68, 69, 70, 71, 128, 129, 130, 131, 132, 133, 134, 135),
}


def config_value(m: Machine, key: str, default: str) -> str:
    """`(key value)` of xend-config.sxp."""
    path = m.path("/usr/pkg/etc/xen/xend-config.sxp")
    text = path.read_text(errors="surrogateescape") if path.is_file() else ""
    match = re.search(rf"^\s*\({re.escape(key)}\s+([^)]*)\)", text, re.MULTILINE)
    return match[1].strip("'\" ") if match else default


# --- checks ------------------------------------------------------------------------------------------------------


def check_name(m: Machine, name: str) -> None:
    """Raises Fault for a name that xend does not take, or that a domain has."""
    if not name:
        raise Fault("Missing VM Name")
    if not _NAME.match(name):
        raise Fault("Invalid VM Name")
    other = next((guest for guest in xend.everything(m) if guest.name == name), None)
    if other is not None:
        raise Fault(f"VM name '{name}' already exists" + ("" if other.domid is None else f" as domain {other.domid}"))


def check_new(m: Machine, found: Settings) -> None:
    """What xend refuses before it makes anything."""
    if xend.modern(m):
        for guest in xend.live(m):
            if found["name"] == guest.name or (found["uuid"] and found["uuid"] == guest.uuid):
                raise Fault(f"Domain '{found['name']}' already exists with ID '{guest.domid}'")
    check_name(m, found["name"])
    for key, others in (("on_poweroff", ()), ("on_reboot", ()), ("on_crash", ("coredump-destroy", "coredump-restart"))):
        known = {"destroy", "restart", "preserve", "rename-restart", *(others if xend.modern(m) else ())}
        if found[key] not in known:
            raise Fault(f"Invalid event handling mode: {key.removeprefix('on_')}".replace("poweroff", "shutdown"))
    if not xend.modern(m):
        return
    if found["maxmem"] and found["maxmem"] < found["memory"]:
        raise Fault("memory_dynamic_max must be less than or equal to memory_static_max")
    for text, values in (('The device "{}" is already defined', [disk["dev"] for disk in found["disks"]]),
                         ('The mac "{}" is already defined', [nic["mac"] for nic in found["nics"] if "mac" in nic])):
        for index, value in enumerate(values):
            if value in values[:index]:
                raise Fault(text.format(value))


def complete(found: Settings) -> None:
    """Give the guest and its devices their uuids."""
    found["uuid"] = found["uuid"] or xend.new_uuid()
    for device in [*found["disks"], *found["nics"]]:
        device.setdefault("uuid", xend.new_uuid())


# --- memory ------------------------------------------------------------------------------------------------------


def free_memory(m: Machine, need: int) -> None:
    """balloon.free: take from Domain-0 what is missing, if it may. Raises Fault."""
    have = hypervisor.free_kb(m)
    if have >= need:
        return
    least = config_value(m, "dom0-min-mem", "0" if not xend.modern(m) else "256")
    if not least.isdigit():
        raise NotSimulated(f"(dom0-min-mem {least})")
    minimum = int(least)
    new = xend.modern(m)
    if not new and minimum:
        raise NotSimulated("dom0-min-mem above 0 with a kernel that has no balloon(4)")
    state = section(m)
    if not new or config_value(m, "enable-dom0-ballooning", "yes") not in ("yes", "1", "true"):
        if need < hypervisor.total_kb(m) - state["dom0_kb"]:
            wait(m, _BALLOON_SECONDS)
        why = "enable-dom0-ballooning is False" if new else "dom0_min_mem is 0"
        raise Fault(f"Not enough free memory and {why}, so I cannot release any more.  I need {need} KiB but only "
                    f"have {have}.")
    target = state["dom0_kb"] - (need - have)
    if target < minimum * KIB_PER_MIB:
        raise Fault(f"I need {need} KiB, but dom0_min_mem is {minimum * KIB_PER_MIB} and shrinking to "
                    f"{minimum * KIB_PER_MIB} KiB would leave only "
                    f"{have + state['dom0_kb'] - minimum * KIB_PER_MIB} KiB free.")
    state["dom0_kb"] = target


# --- devices -----------------------------------------------------------------------------------------------------


def device_number(text: str) -> int:
    """blkdev_name_to_number. Raises Fault."""
    name = text.removeprefix("ioemu:").split(":")[0].removeprefix("/dev/")
    match = re.fullmatch(r"(hd|sd|xvd)([a-z]{1,2})(\d*)", name)
    if match and match[1] == "hd" and len(match[2]) == 1 and match[2] <= "t":
        index = ord(match[2]) - ord("a")
        return _MAJORS["hd"][index // 2] * 256 + index % 2 * 64 + int(match[3] or 0)
    if match and match[1] == "sd" and len(match[2]) == 1:
        index = ord(match[2]) - ord("a")
        return _MAJORS["sd"][index // 16] * 256 + index % 16 * 16 + int(match[3] or 0)
    if match and match[1] == "xvd":
        index = 0
        for letter in match[2]:
            index = index * 26 + ord(letter) - ord("a") + 1
        index -= 1
        part = int(match[3] or 0)
        return 202 * 256 + index * 16 + part if index < 16 else 1 << 28 | index << 8 | part
    if re.fullmatch(r"(0x)?[0-9a-fA-F]+", name):  # hexadecimal with or without 0x: 10 is 16
        return int(name, 16)
    raise Fault(f"Unable to find number for device ({text})")


def new_disk(m: Machine, disk: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(libxl's layout, the record of a disk that is not connected). Raises Fault; the record is {} if what it is made
    of is missing."""
    kind, colon, target = disk["uname"].partition(":")
    if not colon or kind not in ("phy", "file"):
        raise NotSimulated(f"a disk {disk['uname']}")
    number = device_number(disk["dev"])
    mode = disk["mode"]
    if mode not in ("r", "w", "w!", "rw"):
        raise Fault("Invalid mode")
    if kind == "phy" and not target.startswith("/"):
        target = f"/dev/{target}"
    name = disk["dev"].removeprefix("ioemu:").partition(":")[0]
    config = {"pdev_path": target, "vdev": name, "format": "raw", "readwrite": int(mode != "r"),
              "is_cdrom": disk["dev"].endswith(":cdrom")}
    if not target or not hotplug.local(m, target).exists():
        return config, {}
    vbd = hotplug.new_vbd(m, config)
    vbd.update(devid=number, uname=disk["uname"], uuid=disk["uuid"])
    return config, vbd


def new_network(domid: int, nic: dict[str, str], devid: int) -> dict[str, Any]:
    """The record of a network; its interface is named after Xen 3's fashion."""
    config: dict[str, Any] = {"devid": devid, "bridge": nic.get("bridge", "")}
    if "mac" in nic:
        config["mac"] = nic["mac"]
    vif = hotplug.new_vif(domid, config)
    vif["ifname"] = nic.get("vifname", f"xvif{domid}.{devid}")
    vif["uuid"] = nic["uuid"]
    nic.update(mac=vif["mac"], script="vif-bridge")
    return vif


def no_hotplug(m: Machine, number: int, kind: str) -> Fault:
    """The scripts never answered. Comes back after xend's patience."""
    wait(m, SCRIPTS_SECONDS)
    return Fault(f"Device {number} ({kind}) could not be connected. Hotplug scripts not working.")


def connect_network(m: Machine, domid: int, vif: dict[str, Any]) -> None:
    """Raises Fault, after the wait."""
    if m.daemon("xenbackendd") is None or vif["bridge"] not in network.interfaces(m):
        raise no_hotplug(m, vif["devid"], "vif")
    hotplug.connect_network(m, domid, vif)


def connect_disk(m: Machine, domid: int, vbd: dict[str, Any], number: int) -> None:
    """Raises Fault; `vbd` is empty when there is nothing to connect."""
    if m.daemon("xenbackendd") is None or not vbd:
        raise no_hotplug(m, number, "vbd")
    try:
        hotplug.connect_disk(m, domid, vbd)
    except hotplug.Failure:
        if not xend.modern(m):  # its script writes no reason to xenstore
            raise no_hotplug(m, number, "vbd") from None
        raise Fault(f"Device {number} (vbd) could not be connected. no available vnd device") from None


def _connect(m: Machine, domid: int, found: Settings) -> None:
    """All devices, networks first. Raises Fault. The domain is fetched anew after each wait."""
    domain = hypervisor.domains(m)[str(domid)]
    disks = [new_disk(m, disk) for disk in found["disks"]]
    domain["config"]["disks"] = [config for config, _vbd in disks]
    for index, nic in enumerate(found["nics"]):
        vif = new_network(domid, nic, index)
        connect_network(m, domid, vif)
        domain["vifs"].append(vif)
        domain["config"]["nics"].append({"devid": index, "mac": vif["mac"], "bridge": vif["bridge"]})
    for config, vbd in disks:
        connect_disk(m, domid, vbd, device_number(config["vdev"]))
        domain["vbds"].append(vbd)
    xend_pci.check(m, found.get("pci", []))


# --- the domain --------------------------------------------------------------------------------------------------


def _libxl_layout(found: Settings) -> dict[str, Any]:
    memory = found["memory"] * KIB_PER_MIB
    return {
        "c_info": {"type": "pv", "name": found["name"], "uuid": found["uuid"]},
        "b_info": {"max_memkb": max(memory, found["maxmem"] * KIB_PER_MIB), "target_memkb": memory,
                   "max_vcpus": max(found["vcpus"], found["maxvcpus"]), "avail_vcpus": list(range(found["vcpus"])),
                   "kernel": found["kernel"], "cmdline": found["args"],
                   "sched_params": {"weight": found["cpu_weight"], "cap": found["cpu_cap"]}},
        "disks": [], "nics": [],
    }


def _check_image(m: Machine, found: Settings) -> None:
    if not found["kernel"] or not hotplug.local(m, found["kernel"]).is_file():
        raise Fault(f"Kernel image does not exist: {found['kernel']}")
    if found["ramdisk"] and not hotplug.local(m, found["ramdisk"]).is_file():
        raise Fault(f"Kernel ramdisk does not exist: {found['ramdisk']}")
    if not guests.is_bootable(m, found["kernel"]):
        raise Fault("(2, 'Invalid kernel', 'xc_dom_find_loader: no loader found\\n')")


def build(m: Machine, found: Settings, paused: bool, at: float | None = None) -> Domain:
    """Make the domain. Raises Fault with everything undone but the number that it used."""
    complete(found)
    domid = domains.new_domid(m)
    if xend.modern(m):
        free_memory(m, _CONSTRUCT_KB)
    free_memory(m, found["memory"] * KIB_PER_MIB)
    _check_image(m, found)
    if at is None:
        wait(m, _CREATE_SECONDS)
    started = m.now() if at is None else at
    domain = domains.new_domain(m, domid, _libxl_layout(found), True, started)
    found["started"] = started
    domain["xend"] = found
    hypervisor.domains(m)[str(domid)] = domain
    try:
        _connect(m, domid, found)
    except Fault as fault:
        xend.log(m, f"ERROR (XendDomainInfo) {fault.text}")
        left = domains.get(m, domid)
        if left is not None:
            domains.destroy(m, left)
        raise
    domain = hypervisor.domains(m)[str(domid)]
    domain["paused"] = int(paused)
    domain["running_since"] = started
    if xend.is_managed(m, found["uuid"]):
        xend.save_managed(m, found)
    xend.log(m, f"INFO (XendDomain) Domain {found['name']} ({found['uuid']}) started.")
    domains.start_guest(m, domain, started)
    return domain
