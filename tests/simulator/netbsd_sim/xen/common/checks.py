# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What libxl checks while it builds a domain, and how it complains: records create_* (xl 4.20), create-* (NetBSD
7.99.10). Each raises Failure."""
from __future__ import annotations

from typing import Any

from ...core.machine import Machine, NotSimulated
from . import devicemodel, guests, hotplug, pools
from .hotplug import Failure, local
from .hypervisor import Domain, free_kb

Config = dict[str, Any]


def disk_backends(m: Machine, domid: int, config: Config) -> list[str]:
    backends = []
    for index, disk in enumerate(config.get("disks", [])):
        try:
            backends.append(hotplug.disk_backend(m, disk))
        except Failure as failure:
            failure.lines.append(f"libxl: error: libxl_create.c:1373:initiate_domain_create: Domain {domid}:Unable to "
                                 f"set disk defaults for disk {index}")
            raise
    return backends


def affinity(m: Machine, domain: Domain) -> None:
    """CPUs that its pool does not have (measured on xl 4.20)."""
    domid, own = domain["domid"], set(pools.cpus_of(m, domain))
    failed = f"libxl: error: libxl_create.c:1695:domcreate_rebuild_done: Domain {domid}:cannot (re-)build domain: "
    wanted = domain["config"]["b_info"].get("vcpu_hard_affinity", [])
    placed = "numa_placement" not in domain["config"]["b_info"]
    if wanted and placed and not own & set().union(*wanted):
        raise Failure("libxl: error: libxl_dom.c:185:numa_place_domain: Hard affinity completely outside of domain's "
                      "cpupool!", failed + "-6")
    for vcpu, cpus in enumerate(wanted):
        if not own & set(cpus):
            raise Failure(f"libxl: error: libxl_sched.c:62:libxl__set_vcpuaffinity: Domain {domid}:Setting vcpu "
                          "affinity: Invalid argument",
                          f"libxl: error: libxl_dom.c:345:libxl__build_pre: setting affinity failed on vcpu `{vcpu}'",
                          failed + "-3")


def kernel(m: Machine, domid: int, config: Config) -> None:
    build = config["b_info"]
    failed = f"libxl: error: libxl_create.c:1695:domcreate_rebuild_done: Domain {domid}:cannot (re-)build domain: -3"
    if "bootloader" in build and build["bootloader"]:
        if config.get("disks"):
            raise NotSimulated("a guest with a bootloader and a disk")
        raise Failure(f"libxl: error: libxl_bootloader.c:426:libxl__bootloader_run: Domain {domid}:cannot run "
                      "bootloader with no boot disk", failed)
    if config["c_info"]["type"] == "hvm" and devicemodel.bios(m, config):
        return
    if config["c_info"]["type"] == "hvm":
        raise Failure(
            "libxl: error: libxl_dom.c:846:libxl__load_hvm_firmware_module: failed to read BIOS file: No such file or "
            "directory",
            "libxl: error: libxl_dom.c:1103:libxl__build_hvm: initializing domain firmware failed", failed)
    for key, line in (("kernel", 641), ("ramdisk", 654)):
        name = build.get(key)
        if name is not None and not local(m, name).is_file():
            raise Failure(
                f"xc: error: panic: xg_dom_core.c:205: failed to open file '{name}': No such file or directory: "
                "Internal error",
                f"libxl: error: libxl_dom.c:{line}:libxl__build_pv: xc_dom_{key}_file failed: No such file or "
                "directory", failed)
    if not guests.is_bootable(m, build.get("kernel", "")):
        raise Failure("xc: error: panic: xg_dom_core.c:689: xc_dom_find_loader: no loader found: Invalid kernel",
                      "libxl: error: libxl_dom.c:566:libxl__build_dom: xc_dom_parse_image failed", failed)


def memory(m: Machine, domid: int, domain: Domain) -> None:
    if domain["mem_kb"] > free_kb(m):
        raise Failure(
            "xc: error: panic: xg_dom_boot.c:119: xc_dom_boot_mem_init: can't allocate low memory for domain: Out of "
            "memory",
            "libxl: error: libxl_dom.c:581:libxl__build_dom: xc_dom_boot_mem_init failed: Cannot allocate memory",
            f"libxl: error: libxl_create.c:1695:domcreate_rebuild_done: Domain {domid}:cannot (re-)build domain: -3")


def vdevs(domid: int, vbds: list[dict[str, Any]]) -> None:
    for vbd in vbds:
        if vbd["devid"] is None:
            raise Failure(
                f"libxl: error: libxl_disk.c:248:libxl__device_from_disk: Domain {domid}:Invalid or unsupported "
                f"virtual disk identifier {vbd['vdev']}",
                f"libxl: error: libxl_disk.c:369:device_disk_add: Domain {domid}:Invalid or unsupported virtual disk "
                f"identifier {vbd['vdev']}",
                f"libxl: error: libxl_create.c:1727:domcreate_launch_dm: Domain {domid}:unable to add disk devices")
