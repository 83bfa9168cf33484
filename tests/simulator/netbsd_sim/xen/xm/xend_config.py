# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A domain as an s-expression: what `xm list --long` shows and config.sxp holds.

Order of the parts: XendConfig.to_sxp and published listings of Xen 3.3 and 4.x. The ELF notes of the kernel, which a
real listing has below `image`, are left out: they depend on the kernel file.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...core.machine import Machine
from ...pkg import tools
from ..common import domains, hypervisor, listing, pools
from ..common.hypervisor import KIB_PER_MIB
from . import xend_pci, xend_sxp

if TYPE_CHECKING:
    from .xend import Guest, Settings


def state_letters(m: Machine, guest: Guest) -> str:
    """The columns r b p s c d of xm."""
    if guest.is_dom0:
        return "r-----"
    if guest.live is None:
        return "------"
    reason = guest.live["reason"]
    if reason is not None:
        return "----c-" if reason == 3 else "---s--"
    return listing.state_letters(m, guest.live)[:6]


def cpu_seconds(m: Machine, guest: Guest) -> float:
    if guest.is_dom0:
        return listing.domain0(m).seconds
    return 0.0 if guest.live is None else domains.cpu_seconds(m, guest.live)


def memory_mib(m: Machine, guest: Guest) -> int:
    if guest.is_dom0:
        return int(hypervisor.section(m)["dom0_kb"]) // KIB_PER_MIB
    return int(guest.settings["memory"]) if guest.live is None else int(guest.live["mem_kb"]) // KIB_PER_MIB


def vcpus(m: Machine, guest: Guest) -> int:
    if guest.is_dom0:
        return hypervisor.dom0_vcpus(m)
    return int(guest.settings["vcpus"]) if guest.live is None else int(guest.live["vcpus"])


def domain_form(m: Machine, guest: Guest) -> list[Any]:
    """The `(domain ...)` form."""
    new = tools.xm_era(m) != "3.1"
    found = guest.settings
    domid = [["domid", guest.domid]] if guest.domid is not None else []
    head: list[Any]
    if new:
        head = ["domain", *domid, ["cpu_weight", found.get("cpu_weight", 256)], ["cpu_cap", found.get("cpu_cap", 0)],
                *([["pool_name", pools.pool_of(m, guest.live)["name"]]] if domid else []),
                ["bootloader", ""], ["vcpus", vcpus(m, guest)],
                ["cpus", [[]] * 1], ["on_poweroff", found.get("on_poweroff", "destroy")], ["description", ""],
                ["on_crash", found.get("on_crash", "restart")], ["uuid", guest.uuid], ["bootloader_args", ""],
                ["name", guest.name], ["on_reboot", found.get("on_reboot", "restart")]]
    else:
        head = ["domain", *domid, ["on_crash", found.get("on_crash", "restart")], ["uuid", guest.uuid],
                ["bootloader_args", ""], ["vcpus", vcpus(m, guest)], ["name", guest.name],
                ["on_poweroff", found.get("on_poweroff", "destroy")],
                ["on_reboot", found.get("on_reboot", "restart")], ["bootloader", ""]]
    memory = memory_mib(m, guest)
    head += [["maxmem", max(memory, found.get("maxmem", 0) or 0)], ["memory", memory], ["shadow_memory", 0],
             ["features", ""], ["on_xend_start", found.get("on_xend_start", "ignore")],
             ["on_xend_stop", found.get("on_xend_stop", "ignore")]]
    if guest.live is not None:
        head.append(["start_time", f"{guest.live['created']:.2f}"])
    if domid:
        head += [["cpu_time", f"{cpu_seconds(m, guest):.9f}"], ["online_vcpus", vcpus(m, guest)]]
    if guest.is_dom0:
        return head + [["image", ["linux", ["kernel", ""], ["superpages", 0], ["nomigrate", 0], ["tsc_mode", 0]]
                        if new else ["linux", ["kernel", ""]]], ["status", 2], ["state", "r-----"]]
    head += [["image", _image(found, new)], ["status", 2 if domid else 0]]
    if domid:
        head.append(["state", state_letters(m, guest)])
    return head + _devices(found, new)


def _image(found: Settings, new: bool) -> list[Any]:
    image: list[Any] = ["linux", ["kernel", found["kernel"]]]
    image += [["ramdisk", found["ramdisk"]]] if found["ramdisk"] else []
    image.append(["args", found["args"]])
    return image + ([["superpages", 0], ["videoram", 4], ["pci", []], ["nomigrate", 0], ["tsc_mode", 0]] if new else [])


def _devices(found: Settings, new: bool) -> list[Any]:
    forms: list[Any] = []
    for nic in found["nics"]:
        forms.append(["device", ["vif", *([key, value] for key, value in sorted(nic.items()) if key != "devid"),
                                 ["backend", 0]]])
    console = ["device", ["console", ["protocol", "vt100"], ["location", 2]]]
    disks = [["device", ["vbd", ["uuid", disk["uuid"]], ["bootable", int(index == 0)], ["dev", _dev(disk["dev"])],
                         ["uname", disk["uname"]], ["mode", disk["mode"]], ["backend", 0],
                         *([["VDI", ""]] if new else [])]] for index, disk in enumerate(found["disks"])]
    devices = [*disks, *xend_pci.form(found.get("pci", []))]
    return [*forms, console, *devices] if new else [*forms, *devices, console]


def _dev(text: str) -> str:
    """blkif.py: the name, and the type that the frontend was given: `xvda:disk`, `6:cdrom`."""
    name, _colon, kind = text.removeprefix("ioemu:").partition(":")
    return f"{name}:{kind or 'disk'}"


def from_form(form: list[Any]) -> Settings:
    """A managed domain's settings, from its config.sxp."""
    image = next(part[1] for part in form[1:] if part[0] == "image")
    disks, nics, pci = [], [], []
    for part in form[1:]:
        if part[0] == "device" and part[1][0] == "vbd":
            disk = {key: xend_sxp.child(part[1], key) for key in ("uuid", "dev", "uname", "mode")}
            disks.append({**disk, "dev": disk["dev"].removesuffix(":disk")})
        elif part[0] == "device" and part[1][0] == "pci":
            pci = xend_pci.from_form(part[1])
        elif part[0] == "device" and part[1][0] == "vif":
            nics.append({entry[0]: str(entry[1]) for entry in part[1][1:] if entry[0] != "backend"})
    texts = {key: xend_sxp.child(form, key, default) for key, default in (
        ("name", ""), ("uuid", ""), ("on_poweroff", "destroy"), ("on_reboot", "restart"), ("on_crash", "restart"),
        ("on_xend_start", "ignore"), ("on_xend_stop", "ignore"))}
    numbers = {key: int(xend_sxp.child(form, key, default)) for key, default in (
        ("memory", "128"), ("maxmem", "0"), ("vcpus", "1"), ("cpu_weight", "256"), ("cpu_cap", "0"))}
    return {**texts, **numbers, "maxvcpus": 0, "cpus": "", "kernel": xend_sxp.child(image, "kernel"),
            "ramdisk": xend_sxp.child(image, "ramdisk"), "args": xend_sxp.child(image, "args"), "disks": disks,
            "nics": nics, "pci": pci, "started": 0.0}
