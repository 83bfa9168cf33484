# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What libxl and the hotplug scripts do to dom0 for a guest's disks and networks.

Scripts: facts netbsd-xen section 7; records create-nodisk, create-rawdisk, create-five-4vnd, create-five-6vnd-left,
create-vifdef, create-vifunk, create-phys-blk (NetBSD 7.99.10). Source line numbers are those of the xl 4.20 records
(create_missing_disk, create_missing_bridge, create_disk_qcow2_noqemu, net_attach_badbridge).
"""
from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

from ...core.machine import Machine, SimError
from ...net import network
from ...system import devices, mounts, wedges
from .hypervisor import Domain

SCRIPTS = "/usr/pkg/etc/xen/scripts"
DEVICE_MODEL = "/usr/pkg/libexec/xen/bin/qemu-system-i386"
SECTOR_BYTES = 512

PHYSICAL = "phy"
FILE = "file"
NEEDS_QEMU = "qdisk"


class Failure(Exception):
    """libxl gives up. ``lines`` are what it prints, without the program's own last words."""

    def __init__(self, *lines: str) -> None:
        super().__init__(lines)
        self.lines = list(lines)


def local(m: Machine, name: str) -> Path:
    """A path that a user gave: absolute ones are the machine's, others belong to the current directory."""
    return m.path(name) if os.path.isabs(name) else Path(name)


def next_pid(m: Machine) -> int:
    """A process id for a script or an xl monitor."""
    pid = int(m.data.get("next_pid", 1100))
    m.data["next_pid"] = pid + 7
    return pid


# --- disks -------------------------------------------------------------------------------------------------------


def disk_backend(m: Machine, disk: dict[str, Any]) -> str:
    """Who serves a disk: the kernel (block device or file), or a device model. Raises Failure if it isn't there."""
    target = disk.get("pdev_path", "")
    if disk["format"] == "empty" and not target:
        return NEEDS_QEMU
    if not target or not local(m, target).exists():
        raise Failure(f"libxl: error: libxl_device.c:468:libxl__device_disk_set_backend: Disk vdev={disk['vdev']} "
                      f"failed to stat: {target}: No such file or directory")
    node = devices.node(m, target)
    if disk["format"] != "raw" or disk.get("backend") == "qdisk" or (node is not None and node.kind == "c"):
        return NEEDS_QEMU
    return FILE if node is None else PHYSICAL


def no_device_model(domid: int) -> Failure:
    """There is no device model here: the errors are about qemu (records create-rawdisk, create_disk_qcow2_noqemu)."""
    return Failure(
        f"libxl: error: libxl_dm.c:2914:libxl__spawn_local_dm: Domain {domid}:device model {DEVICE_MODEL} "
        "is not executable: No such file or directory",
        f"libxl: error: libxl_dm.c:3387:device_model_spawn_outcome: Domain {domid}:(null): spawn failed (rc=-3)",
        f"libxl: error: libxl_dm.c:3607:device_model_postconfig_done: Domain {domid}:Post DM startup configs failed, "
        "rc=-3",
        f"libxl: error: libxl_create.c:1957:domcreate_devmodel_started: Domain {domid}:device model did not start: -3",
    )


def new_vbd(m: Machine, disk: dict[str, Any]) -> dict[str, Any]:
    """The record of a disk that is not connected yet."""
    from ..xl.specs import vdev_number

    target = disk.get("pdev_path", "")
    node = devices.node(m, target)
    size = 0 if node is not None else local(m, target).stat().st_size
    return {"devid": vdev_number(disk["vdev"]), "vdev": disk["vdev"], "target": target,
            "mode": "w" if disk.get("readwrite") else "r", "unit": None, "cdrom": bool(disk.get("is_cdrom")),
            "physical": None if node is None else node.rdev, "sectors": size // SECTOR_BYTES, "state": 4}


def connect_disks(m: Machine, domid: int, vbds: list[dict[str, Any]]) -> None:
    """Run the block script for each disk. All are started at once, so the units don't follow the order of the disks
    (record create-five-6vnd-left): each takes the lowest that is free when its turn comes.

    Raises Failure when the nodes run out, with what was configured undone.
    """
    for vbd in sorted(vbds, key=lambda vbd: zlib.crc32(f"{domid} {vbd['vdev']}".encode())):
        try:
            connect_disk(m, domid, vbd)
        except Failure as failure:
            failure.lines.append(
                f"libxl: error: libxl_create.c:1727:domcreate_launch_dm: Domain {domid}:unable to add disk devices")
            failure.lines += complaint(domid, vbd)
            for other in vbds:
                disconnect_disk(m, other)
            raise


def connect_disk(m: Machine, domid: int, vbd: dict[str, Any]) -> None:
    """The block script, state 2. Raises Failure if no vnd node is free.

    A device that is open already the kernel refuses in its own log only: the disk stays in state 2, which is what xl
    waits for, and the guest never gets it (sys/arch/xen/xen/xbdback_xenbus.c, xbdback_backend_changed; EBUSY is 16).
    """
    if vbd["physical"] is not None and mounts.is_open(m, vbd["physical"]):
        vbd["state"] = 2
        m.data.setdefault("kernel_messages", []).append(
            f"xbdback backend/vbd/{domid}/{vbd['devid']}: can't VOP_OPEN device {vbd['physical']:#x}: 16")
        return
    if vbd["physical"] is not None:
        _kernel_tells(m, domid, vbd)
        return
    unit = next((unit for unit in devices.vnd_units(m) if str(unit) not in m.data.get("vnd", {})), None)
    if unit is None:
        path = f"/local/domain/0/backend/vbd/{domid}/{vbd['devid']}"
        raise Failure(
            "no available vnd device",
            f"libxl: error: libxl_exec.c:117:libxl_report_child_exitstatus: {SCRIPTS}/block {path} [{next_pid(m)}] "
            "exited with error status 1",
            "libxl: error: libxl_device.c:1351:device_hotplug_child_death_cb: script: no available vnd device",
        )
    devices.vnconfig_attach(m, unit, vbd["target"])
    wedges.discover(m, unit)
    devices.vnd_hold(m, unit)
    vbd["unit"] = unit
    _kernel_tells(m, domid, vbd)


def _kernel_tells(m: Machine, domid: int, vbd: dict[str, Any]) -> None:
    """sys/arch/xen/xen/xbdback_xenbus.c, xbdback_backend_changed and xbdback_finish_disconnect."""
    name = (vnd_node(vbd) or vbd["target"]).rpartition("/")[2]
    vbd["told"] = f"device {name} for domain {domid}"
    m.data.setdefault("kernel_messages", []).append(
        f"xbd backend: attach device {name} (size {vbd['sectors']}) for domain {domid}")


def complaint(domid: int, vbd: dict[str, Any]) -> list[str]:
    """What the block script prints when a disk goes: it asks for a vnd even if there is none (create-phys-blk)."""
    if vbd["unit"] is not None:
        return []
    return [f"xenstore-read: couldn't read path /local/domain/0/backend/vbd/{domid}/{vbd['devid']}/vnd"]


def disconnect_disk(m: Machine, vbd: dict[str, Any]) -> None:
    """The block script, state 6."""
    told = vbd.pop("told", None)
    if told:
        m.data["kernel_messages"].append(f"xbd backend: detach {told}")
    unit, vbd["unit"] = vbd["unit"], None
    if unit is not None:
        devices.vnd_release(m, unit)
        devices.vnconfig_detach(m, unit)
        wedges.delete(m, unit)


def vnd_node(vbd: dict[str, Any]) -> str | None:
    """What the script writes to xenstore as `vnd`."""
    return None if vbd["unit"] is None else f"/dev/vnd{vbd['unit']}d"


def physical_device(m: Machine, vbd: dict[str, Any]) -> int:
    """What the script writes as `physical-device`: the device number, decimal."""
    if vbd["physical"] is not None:
        return int(vbd["physical"])
    node = devices.node(m, vnd_node(vbd) or "")
    return 0 if node is None else node.rdev


# --- networks ----------------------------------------------------------------------------------------------------


def interface_name(domid: int, devid: int) -> str:
    """libxl's NETBACK_NIC_NAME on NetBSD."""
    return f"xvif{domid}i{devid}"


def new_vif(domid: int, nic: dict[str, Any]) -> dict[str, Any]:
    """The record of a network that is not connected yet. Defaults: libxl's bridge is xenbr0, its MACs are random."""
    seed = zlib.crc32(f"{domid} {nic['devid']}".encode())
    mac = nic.get("mac") or f"00:16:3e:{seed >> 16 & 0x7F:02x}:{seed >> 8 & 255:02x}:{seed & 255:02x}"
    return {"devid": nic["devid"], "mac": mac, "bridge": nic.get("bridge", "xenbr0"), "state": 4, "error": None,
            "script": nic.get("script", f"{SCRIPTS}/vif-bridge")}


def backend_mac(mac: str) -> str:
    """The dom0 end has the guest's address with another fourth byte (xl-domU-session.txt, NetBSD 7.99.10)."""
    parts = mac.split(":")
    parts[3] = f"{int(parts[3], 16) ^ 1:02x}"
    return ":".join(parts)


def connect_network(m: Machine, domid: int, vif: dict[str, Any]) -> None:
    """xennetback makes the interface, the vif-bridge script puts it into its bridge.

    Raises Failure with the script's message; the interface stays (the caller knows whether it may).
    """
    name = vif.get("ifname") or interface_name(domid, vif["devid"])
    entry = network.create_interface(m, name, "xvif", mac=backend_mac(vif["mac"]))
    path = f"/local/domain/0/backend/vif/{domid}/{vif['devid']}"
    script = local(m, vif["script"])
    if script.exists() and not script.stat().st_mode & 0o111:
        # tools/libs/light/libxl_exec.c, libxl__exec; record after-reboot-script-not-executable.
        vif["state"], vif["error"] = 2, "Permission denied"
        raise Failure(
            f"libxl: cannot execute {vif['script']}: Permission denied",
            f"libxl: error: libxl_exec.c:117:libxl_report_child_exitstatus: {vif['script']} {path} [{next_pid(m)}] "
            "exited with error status 255",
        )
    network.interface_up(entry)
    network.clear_flags(entry, "RUNNING")  # until the guest's end is there (record ifconfig-a-guest-with-guest)
    try:
        network.add_member(m, vif["bridge"], name)
    except SimError as error:
        vif["state"], vif["error"] = 2, error.message
        raise Failure(
            error.message,
            f"libxl: error: libxl_exec.c:117:libxl_report_child_exitstatus: {vif['script']} {path} [{next_pid(m)}] "
            "exited with error status 1",
        ) from None


def run_network(m: Machine, domid: int, vif: dict[str, Any]) -> None:
    """The guest's end is there (xl-domU-session.txt)."""
    entry = network.interfaces(m).get(vif.get("ifname") or interface_name(domid, vif["devid"]))
    if entry is not None and vif["state"] == 4:
        network.set_flags(entry, "RUNNING")


def disconnect_network(m: Machine, domid: int, vif: dict[str, Any]) -> None:
    """The interface goes with the guest's device; its bridge loses it."""
    name = vif.get("ifname") or interface_name(domid, vif["devid"])
    if name in network.interfaces(m):
        network.destroy_interface(m, name)


def disconnect_all(m: Machine, domain: Domain) -> None:
    """Take a domain's devices away."""
    for vif in domain["vifs"]:
        disconnect_network(m, domain["domid"], vif)
    for vbd in domain["vbds"]:
        disconnect_disk(m, vbd)
