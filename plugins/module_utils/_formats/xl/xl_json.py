# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A guest's configuration as xl's JSON has it, in the same shape as xl_config.settled gives.

The JSON leaves out what is its enumeration's first, writes "True" and "False" for booleans that may be unset, and has
sizes in KiB (records list_l_linux, list_l_crashed, xl 4.20; tests/contract/corpus).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..guest.devices import Nic, Pci, rate_text, render_pci
from ..guest.disk_spec import Disk
from . import xl_specs
from .xl_keys import COMMON_EVENTS, DEVICES, EVENTS, JSON_WORDS, KEYS, VIRIDIAN_WORDS, Key

_COLO = {
    "colo-host": "colo_host",
    "colo-port": "colo_port",
    "colo-export": "colo_export",
    "active-disk": "active_disk",
    "hidden-disk": "hidden_disk",
}
_TRUTHS = {"True": 1, "False": 0, True: 1, False: 0}
_ALL_FUNCTIONS = 0xFFFFFFFF
# Split once: a rack has thousands of guests.
_PLACES = {key.name: tuple(key.place.split("/")) for key in KEYS.values()}


def settled(config: dict[str, Any]) -> dict[str, Any]:
    """One domain's "config" object of ``xl list -l``, or the object that ``xl create -n -d`` prints.

    In ``list -l`` cpu_weight and cap are those of now, cpus those that the guest was created with, and the pool is not
    there. What is missing in the JSON, or empty, is missing here, the common keys' defaults apart.
    """
    general, build = config.get("c_info", {}), config.get("b_info", {})
    found: dict[str, Any] = {key: _value(row, config) for key, row in KEYS.items()}
    found.update(_sizes(build))
    found.update(
        name=general.get("name"),
        type=general.get("type", "pv"),
        uuid=general.get("uuid"),
        # Its place moved from the part for pv guests to the common one.
        bootloader=build.get("bootloader") or build.get("type.pv", {}).get("bootloader"),
        disk=[_disk(disk) for disk in config.get("disks", [])],
        vif=[_nic(nic, index) for index, nic in enumerate(config.get("nics", []))],
        pci=[_pci(pci, general.get("type", "pv")) for pci in config.get("pcidevs", [])],
        dtdev=[device.get("path", "") for device in config.get("dtdevs", [])],
        irqs=[str(irq) for irq in build.get("irqs", [])],
        ioports=[_ioports(entry) for entry in build.get("ioports", [])],
        iomem=[
            xl_specs.iomem_text(e.get("start", 0), e.get("number", 0), e.get("gfn")) for e in build.get("iomem", [])
        ],
        llc_colors=[xl_specs.cpu_text(build["llc_colors"])] if build.get("llc_colors") else None,
    )
    found.update(_labels(general, build))
    found.update(_hvm(build.get("type.hvm", {})))
    for key, default in EVENTS.items():
        action = _action(config.get(key, "destroy"))
        if key not in COMMON_EVENTS and action == default:
            continue
        found[key] = action
    for key in ("hard", "soft"):
        name = "cpus" if key == "hard" else "cpus_soft"
        maps = build.get(f"vcpu_{key}_affinity")
        found[name] = (
            xl_specs.settled_cpus([xl_specs.cpu_text(cpus) for cpus in maps], found["maxvcpus"]) if maps else None
        )
    for key in DEVICES:
        found[key] = _devices(key, config)
    return {key: value for key, value in found.items() if key in ("disk", "vif") or value not in ("", None, [])}


def _sizes(build: dict[str, Any]) -> dict[str, Any]:
    """Memory in MiB. ``vcpus`` are the CPUs that the guest may use; how many its kernel has started is another
    matter."""
    maxmem = _mebibytes(build.get("max_memkb"))
    memory = _mebibytes(build.get("target_memkb"))
    return {
        "memory": maxmem if memory is None else memory,
        "maxmem": maxmem,
        "vcpus": len(build["avail_vcpus"]) if "avail_vcpus" in build else 1,
        "maxvcpus": build.get("max_vcpus", 1),
    }


def _mebibytes(kibibytes: int | None) -> int | None:
    if kibibytes is None:
        return None
    return _signed(kibibytes, 64) // 1024


def _signed(number: int, bits: int) -> int:
    """The JSON prints negative numbers as if they had no sign."""
    return number - (1 << bits) if number >= 1 << (bits - 1) else number


def _at(tree: Any, steps: Iterable[str]) -> Any:
    for step in steps:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(step)
    return tree


def _value(key: Key, config: dict[str, Any]) -> Any:
    value = _at(config, _PLACES[key.name])
    if value is None:
        return None
    if key.kind == "flag":
        return _TRUTHS.get(value)
    if key.kind == "mib":
        return value // 1024
    if key.kind == "number":
        return _signed(value, 32) if key.name == "rtc_timeoffset" else value
    if key.kind == "choice":
        return JSON_WORDS.get(key.name, {}).get(value, value)
    return value


def _action(value: Any) -> str:
    """xl's own name for an action: the JSON has restart_rename for rename-restart."""
    return {"restart_rename": "rename-restart"}.get(str(value), str(value).replace("_", "-"))


def _labels(general: dict[str, Any], build: dict[str, Any]) -> dict[str, Any]:
    first, then = general.get("ssid_label"), build.get("exec_ssid_label")
    return {"init_seclabel": first, "seclabel": then} if then else {"seclabel": first}


def _disk(disk: dict[str, Any]) -> dict[str, object]:
    colo = {word: str(disk[place]) for word, place in _COLO.items() if place in disk}
    if "colo_enable" in disk:
        colo["colo"] = str(disk["colo_enable"])
    return Disk(
        path=disk.get("pdev_path", ""),
        vdev=disk.get("vdev", ""),
        access="rw" if disk.get("readwrite") else "ro",
        format=disk.get("format", "raw"),
        cdrom=bool(disk.get("is_cdrom")),
        backend=disk.get("backend_domname", ""),
        backendtype=disk.get("backend", ""),
        script=disk.get("script", ""),
        specification=disk.get("specification", ""),
        direct_io_safe=bool(disk.get("direct_io_safe")),
        discard=_truth(disk.get("discard_enable")),
        trusted=_truth(disk.get("trusted")),
        grant_usage=_truth(disk.get("grant_usage")),
        colo=tuple(sorted(colo.items())),
    ).settled()


def _truth(value: Any) -> bool | None:
    return None if value is None else bool(_TRUTHS.get(value))


def _nic(nic: dict[str, Any], index: int) -> dict[str, object]:
    interval = nic.get("rate_interval_usecs")
    devid = nic.get("devid", index)
    return Nic(
        mac=nic.get("mac", ""),
        bridge=nic.get("bridge", ""),
        model=nic.get("model", ""),
        script=nic.get("script", ""),
        ip=nic.get("ip", ""),
        type={"vif": "vif", "vif_ioemu": "ioemu"}.get(nic.get("nictype", ""), ""),
        vifname=nic.get("ifname", ""),
        gatewaydev=nic.get("gatewaydev", ""),
        backend=nic.get("backend_domname", ""),
        rate=rate_text(nic.get("rate_bytes_per_interval", 0), interval) if interval else "",
        devid=None if devid == index else devid,
        mtu=nic.get("mtu"),
        vlan=nic.get("vlan", ""),
        trusted=_truth(nic.get("trusted")),
    ).settled()


def _pci(pci: dict[str, Any], kind: str) -> str:
    policy = pci.get("rdm_policy") or ""
    return render_pci(
        Pci(
            domain=pci.get("domain", 0),
            bus=pci.get("bus", 0),
            dev=pci.get("dev", 0),
            func=None if pci.get("vfunc_mask") == _ALL_FUNCTIONS else pci.get("func", 0),
            vslot=(pci.get("vdevfn", 0) >> 3) or None,
            name=pci.get("name", ""),
            permissive=pci.get("permissive") or None,
            msitranslate=pci.get("msitranslate") or None,
            seize=pci.get("seize") or None,
            power_mgmt=pci.get("power_mgmt") or None,
            # For a pv guest the default shows as strict.
            rdm_policy="" if kind == "pv" and policy == "strict" else policy,
        )
    )


def _ioports(entry: dict[str, int]) -> str:
    first = entry.get("first", 0)
    return xl_specs.ioport_text(first, (first + entry.get("number", 1) - 1) & 0xFFFFFFFF)


def _hvm(part: dict[str, Any]) -> dict[str, Any]:
    gfx = _TRUTHS.get(part.get("gfx_passthru"))
    return {
        "serial": part.get("serial") or part.get("serial_list"),
        "usbdevice": part.get("usbdevice") or part.get("usbdevice_list"),
        "smbios": [f"{entry['key']}={entry['value']}" for entry in part.get("smbios", [])],
        "mca_caps": ["lmce"] if part.get("mca_caps", 0) & 1 else None,
        "ms_vm_genid": "generate" if any(part.get("ms_vm_genid", [])) else None,
        "gfx_passthru": part.get("gfx_passthru_kind", gfx) if gfx else gfx,
        "viridian": _viridian(part),
        "rdm": f"strategy={part['rdm']['strategy']}"
        if part.get("rdm", {}).get("strategy", "ignore") != "ignore"
        else None,
    }


def _viridian(part: dict[str, Any]) -> Any:
    on, off = part.get("viridian_enable", []), part.get("viridian_disable", [])
    if len(on) >= 64:
        return ["all"]
    general = _TRUTHS.get(part.get("viridian"))
    if not on and not off:
        return general
    words = ["defaults"] if general else []
    return words + [_viridian_word(bit) for bit in on] + ["!" + _viridian_word(bit) for bit in off]


def _viridian_word(bit: int) -> str:
    return VIRIDIAN_WORDS[bit] if bit < len(VIRIDIAN_WORDS) else str(bit)


def _devices(key: str, config: dict[str, Any]) -> list[str]:
    place, words = DEVICES[key]
    found = []
    for entry in config.get(place, []):
        values = {word: _device_value(entry, where) for word, where in words.items()}
        if key == "channel":
            values["connection"] = "socket" if "connection.socket" in entry else "pty"
        if key == "usbdev" and "type.hostdev" in entry:
            values["type"] = "hostdev"
        if key == "virtio" and values["type"]:
            values["type"] = str(values["type"]).replace(",", ";")
        found.append(",".join(f"{word}={values[word]}" for word in sorted(values) if values[word] is not None))
    # Each framebuffer brings a keyboard of which nobody spoke.
    return [text for text in found if text] if key == "vkb" else found


def _device_value(entry: dict[str, Any], place: str) -> Any:
    value = _at(entry, place.rstrip("?").split("/"))
    return _TRUTHS.get(value) if place.endswith("?") else value
