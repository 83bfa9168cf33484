# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl block-*, network-* and cd-*.

Records: block_attach_*, block_detach*, net_attach*, net_detach*, blocklist*, netlist*, cd_insert (xl 4.20);
block-detach, block-attach-running, network-detach, net-attach-running (NetBSD 7.99.10). What a domid that nobody has,
a guest that does not listen, and -N bring was measured on xl 4.20.
"""
from __future__ import annotations

from typing import Any

from ...core.machine import Machine, NotSimulated
from ..common import domains, guests, hotplug
from ..common.hotplug import Failure, local
from ..common.hypervisor import Domain, XlExit, err, need_xenstore, out, wait
from ..common.jsontext import to_json
from . import cnumbers, options, specs
from .finding import NO_TYPE, Call, Command, find_domid, find_guest

_ATTACH_SECONDS = 0.4
_DETACH_SECONDS = 0.5
_UNANSWERED_SECONDS = 8.0  # a guest whose kernel never looks: xl waits for it in vain
_DETACH_LIMIT_SECONDS = 10  # records block-detach, network-detach: a guest at the root device prompt

_NOT_ADDED = "libxl: error: libxl_device.c:1500:device_addrm_aocomplete: unable to add device"


def _listens(m: Machine, domain: Domain) -> bool:
    """Whether the guest's kernel takes devices away when asked."""
    return not domain["paused"] and domain["reason"] is None and not guests.ignores_requests(domain)


def _backend_state(m: Machine, domain: Domain) -> int:
    """Connected, if the guest's kernel answers; otherwise it stays as it was made, and the status is 0 all the same."""
    return 4 if _listens(m, domain) else 1


def _shown_state(domain: Domain | None, device: dict[str, Any]) -> int:
    """Of the guest's end: nobody has looked at it while the guest never ran, and after a script that failed (records
    xl-network-list-with-guest, xl-block-list-with-guest, xl-network-list3-with-guest)."""
    return 4 if domain and domain.get("started") and device["state"] == 4 else 1


def _shown_disk_state(domain: Domain | None, vbd: dict[str, Any]) -> int:
    """A guest that waits for dom0's end has made its own (sys/arch/xen/xen/xbd_xenbus.c, xbd_xenbus_resume:
    Initialised)."""
    waits = domain and domain.get("started") and vbd["state"] == 2
    return 3 if waits else _shown_state(domain, vbd)


def _guest_of_block(m: Machine, text: str) -> int:
    """block-attach and block-list tell a wrong name in their own words, without (rc=-6)."""
    need_xenstore(m)
    if not text.isdigit() and not domains.name_exists(m, text):
        err(f"{text} is an invalid domain identifier\n")
        raise XlExit(1)
    return find_domid(m, text)


# --- disks -------------------------------------------------------------------------------------------------------


def block_attach(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("block-attach", args, required=2).words
    domid = _guest_of_block(m, words[0])
    try:
        disk = specs.parse_disk(words[1:], "command line", err)
    except specs.SpecError:
        return 1
    if call.dry_run:
        out(f"disk: {to_json(disk)}\n\n")
        return 0
    if domains.get(m, domid) is None and domid:
        err(f"{NO_TYPE}{_NOT_ADDED}\nlibxl_device_disk_add failed.\n")
        return 1
    try:
        vbd = _checked_disk(m, domid, disk)
        wait(m, _attach_seconds(m, domid))
        domain = domains.get(m, domid)
        if domain is None:
            raise NotSimulated(f"xl block-attach to {words[0]}")
        hotplug.connect_disk(m, domid, vbd)
        if vbd["state"] != 2:
            vbd["state"] = _backend_state(m, domain)
    except Failure as failure:
        err("\n".join([*failure.lines, _NOT_ADDED, "libxl_device_disk_add failed."]) + "\n")
        return 1
    domain["vbds"].append(vbd)
    domain["config"].setdefault("disks", []).append(disk)
    domain["config"] = _devices_in_order(domain["config"])
    return 0


def _attach_seconds(m: Machine, domid: int) -> float:
    domain = domains.get(m, domid)
    return _ATTACH_SECONDS if domain is None or _listens(m, domain) else _UNANSWERED_SECONDS


def _devices_in_order(config: dict[str, Any]) -> dict[str, Any]:
    """Devices stand between b_info and the actions, also when the first of them is attached later."""
    order = ["c_info", "b_info", "disks", "nics"]
    return {key: config[key] for key in [*order, *config] if key in config}


def _checked_disk(m: Machine, domid: int, disk: dict[str, Any]) -> dict[str, Any]:
    domain = domains.get(m, domid)
    devid = specs.vdev_number(disk["vdev"])
    if devid is None:
        raise Failure(*(
            f"libxl: error: libxl_disk.c:{where}: Domain {domid}:Invalid or unsupported virtual disk identifier "
            f"{disk['vdev']}" for where in ("248:libxl__device_from_disk", "369:device_disk_add")))
    backend = hotplug.disk_backend(m, disk)
    if domain is not None and any(vbd["devid"] == devid for vbd in domain["vbds"]):
        raise Failure(f"libxl: error: libxl_disk.c:377:device_disk_add: Domain {domid}:device already exists in "
                      "xenstore")
    if backend == hotplug.NEEDS_QEMU:
        raise NotSimulated("xl block-attach of a disk that needs a device model")
    return hotplug.new_vbd(m, disk)


def block_list(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("block-list", args, required=1).words
    need_xenstore(m)
    out(f"{'Vdev':<5} {'BE':<3} {'handle':<6} {'state':<5} {'evt-ch':<6} {'ring-ref':<8} {'BE-path':<30}\n")
    for word in words:
        if not word.isdigit() and not domains.name_exists(m, word):
            err(f"{word} is an invalid domain identifier\n")  # and the status is 0: record blocklist_nodom
            continue
        domid = find_domid(m, word)
        domain = domains.get(m, domid)
        for index, vbd in enumerate([] if domain is None else domain["vbds"]):
            path = f"/local/domain/0/backend/vbd/{domid}/{vbd['devid']}"
            state = _shown_disk_state(domain, vbd)
            channel, ring = (6 + index, 511 - index) if state in (3, 4) else (-1, -1)
            out(f"{vbd['devid']:<5d} {0:<3d} {domid:<6d} {state:<5d} {channel:<6d} {ring:<8d} {path:<30}\n")
    return 0


def block_detach(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("block-detach", args, "f", {"force": "f"}, required=2)
    domid, vdev = find_domid(m, given.words[0]), given.words[1]
    domain = domains.get(m, domid)
    devid = specs.vdev_number(vdev)
    vbd = next((vbd for vbd in (domain["vbds"] if domain else []) if vbd["devid"] == devid), None)
    if vbd is None or domain is None:
        err(f"libxl: error: libxl_disk.c:560:libxl__disk_from_xenstore: disk /libxl/{domid}/device/vbd/{devid} does "
            f"not exist (no backend path\nError: Device {vdev} not connected.\n")
        return 1
    if "f" not in given.letters and (m.stuck or not _listens(m, domain)):
        if m.stuck:
            vbd["detaching"] = True
        wait(m, _DETACH_LIMIT_SECONDS)
        err(f"libxl: error: libxl_device.c:1194:device_backend_callback: Domain {domid}:unable to remove device with "
            f"path /local/domain/0/backend/vbd/{domid}/{devid} - rc -9\n"
            f"libxl: error: libxl_device.c:1495:device_addrm_aocomplete: Domain {domid}:Unable to remove vbd with id "
            f"{devid}\nlibxl_device_disk_safe_remove failed.\n")
        return 1
    wait(m, _DETACH_SECONDS)
    domain = domains.get(m, domid)
    if domain is not None:
        _remove_disk(m, domain, int(vbd["devid"]))
    return 0


def _remove_disk(m: Machine, domain: Domain, devid: int) -> None:
    for vbd in [vbd for vbd in domain["vbds"] if vbd["devid"] == devid]:
        domain["vbds"].remove(vbd)
        for line in hotplug.complaint(domain["domid"], vbd):
            err(line + "\n")
        hotplug.disconnect_disk(m, vbd)
        domain["stale"] += 1
    disks = [disk for disk in domain["config"].get("disks", []) if specs.vdev_number(disk["vdev"]) != devid]
    _replace(domain, "disks", disks)


def _replace(domain: Domain, key: str, devices: list[dict[str, Any]]) -> None:
    """An empty list does not appear in libxl's JSON."""
    if devices:
        domain["config"][key] = devices
    else:
        domain["config"].pop(key, None)


# --- networks ----------------------------------------------------------------------------------------------------


def network_attach(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("network-attach", args, required=1).words
    domid = find_domid(m, words[0])
    nic: dict[str, Any] = {}
    bridge = call.settings.get("vif.default.bridge")
    if bridge:
        nic["bridge"] = bridge
    try:
        for index, word in enumerate(words[1:], 2):
            if not specs.parse_nic_word(nic, word, err, behind="".join(words[index : index + 1])):
                return 1
    except specs.SpecError:
        return 1
    if call.dry_run:
        out(f"vif: {to_json(specs.order_nic(nic))}\n\n")
        return 0
    if domains.get(m, domid) is None and domid:
        err(f"{NO_TYPE}{_NOT_ADDED}\nlibxl_device_nic_add failed.\n")
        return 1
    wait(m, _attach_seconds(m, domid))
    domain = domains.get(m, domid)
    if domain is None:
        raise NotSimulated(f"xl network-attach to {words[0]}")
    used = {vif["devid"] for vif in domain["vifs"]}
    nic.setdefault("devid", next(devid for devid in range(len(used) + 1) if devid not in used))
    return _connect(m, domain, nic)


def _connect(m: Machine, domain: Domain, nic: dict[str, Any]) -> int:
    """A vif whose bridge is wrong stays with the domain (facts xl-behaviour 11)."""
    vif = hotplug.new_vif(domain["domid"], nic)
    nic.update(mac=vif["mac"], bridge=vif["bridge"], nictype="vif")
    domain["vifs"].append(vif)
    domain["config"].setdefault("nics", []).append(specs.order_nic(nic))
    domain["config"] = _devices_in_order(domain["config"])
    try:
        hotplug.connect_network(m, domain["domid"], vif)
        vif["state"] = _backend_state(m, domain)
        if domain.get("started"):
            hotplug.run_network(m, domain["domid"], vif)
    except Failure as failure:
        err("\n".join([*failure.lines, "libxl: error: libxl_device.c:1495:device_addrm_aocomplete: Domain "
                       f"{domain['domid']}:Unable to add vif with id {vif['devid']}",
                       "libxl_device_nic_add failed."]) + "\n")
        return 1
    return 0


def network_list(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("network-list", args, required=1).words
    need_xenstore(m)
    out(f"{'Idx':<3} {'BE':<2} {'Mac Addr.':<17} {'handle':<6} {'state':<5} {'evt-ch':<6} {'tx-':>5}/"
        f"{'rx-ring-ref':<5} {'BE-path':<30}\n")
    for word in words:
        domid = find_domid(m, word)
        domain = domains.get(m, domid)
        for index, vif in enumerate([] if domain is None else domain["vifs"]):
            path = f"/local/domain/0/backend/vif/{domid}/{vif['devid']}"
            ring = 510 - 2 * index
            state = _shown_state(domain, vif)
            channel, rings = (7 + index, (ring, ring - 1)) if state == 4 else (-1, (-1, -1))
            out(f"{vif['devid']:<3d} {0:<2d} {vif['mac']}{vif['devid']:6d} {state:5d} {channel:6d} {rings[0]:5d}/"
                f"{rings[1]:<11d} {path:<30}\n")
    return 0


def network_detach(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("network-detach", args, required=2).words
    domid, wanted = find_domid(m, words[0]), words[1]
    domain = domains.get(m, domid)
    vifs = domain["vifs"] if domain else []
    if ":" in wanted:
        vif = next((vif for vif in vifs if vif["mac"] == wanted.lower()), None)
    else:
        number = cnumbers.atoi(wanted)  # `foo` is 0: measured on xl 4.20
        vif = next((vif for vif in vifs if vif["devid"] == number), None)
    if vif is None or domain is None:
        if ":" not in wanted:
            err(f"libxl: error: libxl_xshelp.c:206:libxl__xs_read_mandatory: xenstore read failed: "
                f"`/libxl/{domid}/device/vif/{wanted}': No such file or directory\n")
        err(f"Unknown device {wanted}.\n")
        return 1
    devid = vif["devid"]
    wait(m, _DETACH_SECONDS if _listens(m, domain) else _DETACH_LIMIT_SECONDS)
    domain = domains.get(m, domid)
    if domain is not None:
        _remove_network(m, domain, devid)
    return 0


def _remove_network(m: Machine, domain: Domain, devid: int) -> None:
    """A booted NetBSD guest panics (records net-attach-running, guest-panic-on-netdetach); xl succeeds all the same."""
    for vif in [vif for vif in domain["vifs"] if vif["devid"] == devid]:
        domain["vifs"].remove(vif)
        domain["stale"] += 1
        hotplug.disconnect_network(m, domain["domid"], vif)
    _replace(domain, "nics", [nic for nic in domain["config"].get("nics", []) if nic["devid"] != devid])
    if domain["os"] == guests.NETBSD and _listens(m, domain) and m.now() >= domains.booted_at(m, domain):
        domains.panic(m, domain)


# --- CDs ---------------------------------------------------------------------------------------------------------


def _cd_insert(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("cd-insert", args, required=3).words
    domid = find_domid(m, words[0])
    if not local(m, words[2]).exists():
        err(f"Cannot stat file: {words[2]}\n")
        return 1
    return _change_cd(m, "cd-insert", words, domid, call)


def _cd_eject(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("cd-eject", args, required=2).words
    return _change_cd(m, "cd-eject", words, find_domid(m, words[0]), call)


def _change_cd(m: Machine, command: str, words: list[str], domid: int, call: Call) -> int:
    """Only HVM guests have drives whose CDs change (libxl_disk.c, libxl_cdrom_insert)."""
    if call.dry_run:
        raise NotSimulated(f"xl -N {command}")
    find_guest(m, command, words[0])
    domain = domains.get(m, domid)
    where = f"libxl: error: libxl_disk.c:990:libxl_cdrom_insert: Domain {domid}:"
    if domain is None or domain["config"]["c_info"]["type"] != "hvm":
        err(f"{where}cdrom-insert requires an HVM domain\n")
        return 1
    drives = [disk for disk in domain["config"].get("disks", []) if disk.get("is_cdrom") and disk["vdev"] == words[1]]
    if not drives:
        err(f"{where}Virtual device not found\n")
        return 1
    medium = words[2] if command == "cd-insert" else ""
    drives[0].update(pdev_path=medium, format="raw" if medium else "empty")
    for vbd in domain["vbds"]:
        if vbd["vdev"] == words[1]:
            vbd["target"] = medium
    return 0


COMMANDS: dict[str, Command] = {
    "block-attach": block_attach, "block-list": block_list, "block-detach": block_detach,
    "network-attach": network_attach, "network-list": network_list, "network-detach": network_detach,
    "cd-insert": _cd_insert, "cd-eject": _cd_eject,
}
