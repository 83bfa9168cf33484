# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The qemu that serves a guest: what xl tells it, and what of that it refuses.

Source: Xen's tools/libs/light/libxl_dm.c (libxl__build_device_model_args_new, libxl__spawn_local_dm) and libxl_create.c
(libxl__domain_build_info_setdefault). The lines around a refusal are those of records create-rawdisk and
create_disk_qcow2_noqemu, where the program is missing; the numbers of the source's own lines are not known for others.
"""
from __future__ import annotations

import os
from typing import Any

from ...core.machine import Machine
from . import hotplug
from .hotplug import DEVICE_MODEL, NEEDS_QEMU, Failure, local

Config = dict[str, Any]

FIRMWARE = "/usr/pkg/libexec/xen/boot"
_BIOSES = {"seabios": "seabios.bin", "ovmf": "ovmf.bin", "rombios": "rombios.bin"}
_INVAL, _FAIL = -6, -3
_IDE_DISKS = 4
# libxl_create.c: the least memory of each card, in MiB, which is also what it gets.
_VIDEO_MIB = {"none": 0, "std": 16, "cirrus": 8, "qxl": 128}
# libxl_create.c, libxl__domain_build_info_setdefault: first disk, CD, network.
_BOOT_ORDER = "cda"


def needed(config: Config, backends: list[str]) -> bool:
    """Whether xl starts one for this guest."""
    return config["c_info"]["type"] == "hvm" or NEEDS_QEMU in backends or bool(config.get("vfbs"))


def bios(m: Machine, config: Config) -> bool:
    """Whether the firmware of a fully virtual guest is there."""
    hvm = config["b_info"].get("type.hvm", {})
    name = hvm.get("system_firmware") or f"{FIRMWARE}/{_BIOSES[hvm.get('bios', 'seabios')]}"
    return local(m, name).is_file()


def start(m: Machine, domid: int, config: Config, backends: list[str]) -> dict[str, Any]:
    """The process. Raises Failure as libxl complains of what it can't be told."""
    program = config["b_info"].get("device_model") or DEVICE_MODEL
    if not os.access(local(m, program), os.X_OK):
        raise hotplug.no_device_model(domid)
    said: list[str] = []
    words = [program, *_words(domid, config, backends, said)]
    log = m.path("/var/log/xen") / f"qemu-dm-{config['c_info']['name']}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch()
    return {"pid": hotplug.next_pid(m), "command": " ".join(words), "said": said}


def _refused(domid: int, why: str, rc: int = _INVAL) -> Failure:
    return Failure(
        f"libxl: error: libxl_dm.c:libxl__build_device_model_args_new: Domain {domid}:{why}",
        f"libxl: error: libxl_dm.c:3387:device_model_spawn_outcome: Domain {domid}:(null): spawn failed (rc={rc})",
        f"libxl: error: libxl_dm.c:3607:device_model_postconfig_done: Domain {domid}:Post DM startup configs failed, "
        f"rc={rc}",
        f"libxl: error: libxl_create.c:1957:domcreate_devmodel_started: Domain {domid}:device model did not start: "
        f"{rc}",
    )


def _words(domid: int, config: Config, backends: list[str], said: list[str]) -> list[str]:
    """The argument list, in libxl's order; ``said`` gets the warnings."""
    build = config["b_info"]
    is_hvm = config["c_info"]["type"] == "hvm"
    run = "/var/run/xen"
    words = ["-xen-domid", str(domid), "-no-shutdown",
             "-chardev", f"socket,id=libxl-cmd,path={run}/qmp-libxl-{domid},server=on,wait=off",
             "-mon", "chardev=libxl-cmd,mode=control",
             "-chardev", f"socket,id=libxenstat-cmd,path={run}/qmp-libxenstat-{domid},server=on,wait=off",
             "-mon", "chardev=libxenstat-cmd,mode=control", "-nodefaults", "-no-user-config"]
    words += [] if is_hvm else ["-xen-attach"]
    words += ["-name", config["c_info"]["name"], *_display(domid, config, is_hvm)]
    if is_hvm:
        words += _hardware(domid, config)
    words += build.get("extra", [])
    if is_hvm:
        platform = build["type.hvm"].get("xen_platform_pci") != "False"
        machine = "xenfv,suppress-vmdesc=on" if platform else "pc,accel=xen,suppress-vmdesc=on"
    else:
        machine = "xenpv"
    words += ["-machine", machine, *build.get("extra_hvm" if is_hvm else "extra_pv", [])]
    words += ["-m", str(build.get("max_memkb", 0) // 1024 - (_video_mib(domid, build) if is_hvm else 0))]
    return words + (_drives(domid, config, backends, said) if is_hvm else [])


def _display(domid: int, config: Config, is_hvm: bool) -> list[str]:
    where = config["b_info"]["type.hvm"] if is_hvm else (config.get("vfbs") or [{}])[0]
    vnc = where.get("vnc", {})
    # A fully virtual guest has one unless told otherwise.
    if not (is_hvm and vnc.get("enable") != "False" or vnc.get("enable") == "True"):
        words = ["-vnc", "none"]
    else:
        listen, display = vnc.get("listen", "127.0.0.1"), vnc.get("display", 0)
        if ":" in listen and display:
            raise _refused(domid, "vncdisplay set, vnclisten contains display")
        words = ["-vnc", (listen if ":" in listen else f"{listen}:{display}")
                 + (",password=on" if vnc.get("passwd") else "")
                 + ("" if vnc.get("findunused") == "False" else ",to=99")]
    return [*words, "-display", "none", *(["-k", where["keymap"]] if where.get("keymap") else [])]


def _video_mib(domid: int, build: Config) -> int:
    kind = build["type.hvm"].get("vga", {}).get("kind", "cirrus")
    given = build.get("video_memkb")
    return _VIDEO_MIB[kind] if given is None else given // 1024


def _hardware(domid: int, config: Config) -> list[str]:
    build, hvm = config["b_info"], config["b_info"]["type.hvm"]
    words = []
    for option, key in (("-kernel", "kernel"), ("-initrd", "ramdisk"), ("-append", "cmdline")):
        words += [option, build[key]] if build.get(key) else []
    if "serial" in hvm and "serial_list" in hvm:
        raise _refused(domid, "Both serial and serial_list set")
    for line in hvm.get("serial_list", [hvm["serial"]] if "serial" in hvm else []):
        words += ["-serial", line]
    words += _spice(domid, hvm.get("spice", {}))
    kind, size = hvm.get("vga", {}).get("kind", "cirrus"), _video_mib(domid, build)
    if kind != "none":
        words += ["-device", f"qxl-vga,vram_size_mb={size // 2},ram_size_mb={size // 2}" if kind == "qxl" else
                  f"{ {'std': 'VGA', 'cirrus': 'cirrus-vga'}[kind]},vgamem_mb={size}"]
    words += ["-boot", f"order={hvm.get('boot', _BOOT_ORDER)}", *_usb(domid, hvm)]
    if build.get("acpi") == "False":
        words.append("-no-acpi")
    if build.get("max_vcpus", 1) > 1:
        words += ["-smp", f"{len(build.get('avail_vcpus', [0]))},maxcpus={build['max_vcpus']}"]
    for number, nic in enumerate(config.get("nics", [])):
        if nic.get("nictype", "vif_ioemu") == "vif_ioemu":
            model, script = nic.get("model", "rtl8139"), "/usr/pkg/etc/xen/scripts/qemu-ifup"
            words += ["-device", f"{model},id=nic{number},netdev=net{number},mac={nic.get('mac', '')}",
                      "-netdev", f"type=tap,id=net{number},ifname=xvif{domid}i{number}-emu,br={nic.get('bridge', '')},"
                      f"script={script},downscript={script}"]
    return words


def _spice(domid: int, spice: Config) -> list[str]:
    if spice.get("enable") != "True":
        return []
    if not spice.get("port") and not spice.get("tls_port"):
        raise _refused(domid, "at least one of the spiceport or tls_port must be provided")
    if spice.get("disable_ticketing") != "True" and not spice.get("passwd"):
        raise _refused(domid, "spice ticketing is enabled but missing password")
    return ["-spice", f"port={spice.get('port', 0)},tls-port={spice.get('tls_port', 0)}"]


def _usb(domid: int, hvm: Config) -> list[str]:
    if "usbdevice" in hvm and hvm.get("usbdevice_list"):
        raise _refused(domid, "Both usbdevice and usbdevice_list set")
    devices = hvm.get("usbdevice_list", [hvm["usbdevice"]] if "usbdevice" in hvm else [])
    if hvm.get("usb") == "True" or devices:
        return ["-usb", *(word for device in devices for word in ("-usbdevice", device))]
    version = hvm.get("usbversion")
    if not version:
        return []
    controllers = {1: "piix3-usb-uhci,id=usb", 2: "ich9-usb-ehci1,id=usb,addr=0x1d.0x7,multifunction=on",
                   3: "nec-usb-xhci,id=usb"}
    if version not in controllers:
        raise _refused(domid, "usbversion parameter is invalid, must be between 1 and 3")
    if not 0 <= hvm.get("spice", {}).get("usbredirection", 0) < 5:
        raise _refused(domid, "usbredirection parameter is invalid, it must be between 1 and 4")
    return ["-device", controllers[version]]


def _drives(domid: int, config: Config, backends: list[str], said: list[str]) -> list[str]:
    from ..xl.specs import vdev_index

    ahci = config["b_info"]["type.hvm"].get("hdtype") == "ahci"
    words = ["-device", "ahci,id=ahci0"] if ahci else []
    for disk, backend in zip(config.get("disks", []), backends):
        index, path = vdev_index(disk["vdev"]), disk.get("pdev_path", "")
        kind = disk["format"] if backend == NEEDS_QEMU else "raw"
        if disk.get("is_cdrom"):
            if index > _IDE_DISKS:
                said.append(_not_emulated(domid, "Emulated CDROM can be only one of the first 4 disks.", disk["vdev"]))
                continue
            words += ["-drive", f"if=none,readonly=on,id=ide-{index}" + (f",file={path},format={kind}" if path else ""),
                      "-device", f"ide-cd,id=ide-{index},drive=ide-{index},bus=ide.{index // 2},unit={index % 2}"]
        elif disk["vdev"].startswith("sd"):
            words += ["-drive", f"file={path},id=scsi0-hd{index},format={kind},if=none,cache=writeback",
                      "-device", f"scsi-hd,drive=scsi0-hd{index},scsi-id={index}"]
        elif ahci and index < 6 or index < _IDE_DISKS:
            if not disk.get("readwrite"):
                raise _refused(domid, f"qemu-xen doesn't support read-only {'AHCI' if ahci else 'IDE'} disk drivers")
            words += ["-drive", f"file={path},if=ide,index={index},media=disk,format={kind},cache=writeback"]
        else:
            said.append(_not_emulated(domid, "Only 4 emulated IDE disks are supported.", disk["vdev"]))
    return words


def _not_emulated(domid: int, why: str, vdev: str) -> str:
    return (f"libxl: warning: libxl_dm.c:libxl__build_device_model_args_new: Domain {domid}:{why}\nDisk {vdev} will be "
            "available via PV drivers but not as an emulated disk.")
