# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a machine has of what the boot arguments name: disks, memory, serial ports, PCI devices. An entry that names
something else is refused, because nobody would come to a shell by it.

- ``root=``: the dom0 kernel compares it with the names of its disks and takes what follows for a partition's letter
  (``findroot``, NetBSD sys/arch/xen/x86/autoconf.c); where nothing fits or nothing can be mounted it asks at the
  console. A partition of type RAID is let pass, because RAIDframe puts itself in its place (rf_buildroothack,
  sys/dev/raidframe/rf_netbsdkintf.c), and so is the name of a wedge (``NAME=``, ``wedge:``). A set of RAIDframe is not
  there before something has configured it, which at that time only the kernel itself does (raidctl(8), -A).
- ``dom0_mem=``: Xen cuts more than there is down to all that there is (``dom0_compute_nr_pages``,
  xen/arch/x86/dom0_build.c), which leaves nothing for any guest.
- ``pciback.hide=``: a guest with a VGA adapter panics, and the ISA devices behind their bridge are dom0's.
- A root on virtio, or no other card: XEN3_DOM0 has no driver for either, unlike GENERIC (sys/arch/amd64/conf; measured
  on 7.99.10, which asked for its "root device:"). Who says ``root=`` has a kernel of his own, or another disk in mind.
- ``comN=``: a UART has 115200 divided by a whole number (xen/drivers/char/ns16550.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ... import _kernel
from ..._change import CommandFailed, NotRead, Refused
from ..._formats.guest import pci
from ..._formats.system import disks, mounts
from ..._host import Host
from ..._toolstack import choose
from . import mirror
from .adopted import InUse
from .arguments import Arguments, arguments, taken_kinds, without
from .entries import Menu

SYSCTL, DISKLABEL, DKCTL, DMESG = "/sbin/sysctl", "/sbin/disklabel", "/sbin/dkctl", "/sbin/dmesg"
MOUNT = "/sbin/mount"
BOOT_MESSAGES = "/var/run/dmesg.boot"
BAUDS = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
# Types of partitions that no root file system is in (sys/sys/disklabel.h, fstypenames).
_NO_ROOT = ("swap", "unused", "ccd", "cgd", "vinum", "boot", "HPFS", "NTFS", "MSDOS")
_ROOT = re.compile(r"(?:root|bootdev)=(.*)", re.IGNORECASE)
_DEVICE = re.compile(r"(?P<disk>[a-z]+[0-9]+)(?P<letter>[a-z]?)\Z")
_BY_NAME = ("NAME=", "wedge:")
_MEMORY = re.compile(r"(?:min:|max:)?([0-9]+)([BKMGT]?)\Z", re.IGNORECASE)
_POWERS = {"B": 0, "": 10, "K": 10, "M": 20, "G": 30, "T": 40}
_SPEED = re.compile(r"com([0-9]+)=([0-9]+)")
_ROOT_ON = re.compile(r"^(?:\[ *[0-9.]+\] )?root on ([a-z]+[0-9]+)", re.MULTILINE)
_AT = re.compile(r"^(?:\[ *[0-9.]+\] )?([a-z]+[0-9]+) at ([a-z]+[0-9]+)", re.MULTILINE)
# Of vioif on the line of its attachment, of others by themselves (sys/dev/pci/if_vioif.c; record dmesg).
_CARD = re.compile(r"^(?:\[ *[0-9.]+\] )?([a-z]+[0-9]+)(?: at virtio[0-9]+)?: Ethernet address", re.MULTILINE)
_PORT = re.compile(r"^(?:\[ *[0-9.]+\] )?com([0-9]+) at ", re.MULTILINE)


# -- read --------------------------------------------------------------------------------------------------------------


def read(host: Host, lines: Iterable[str]) -> dict[str, Any]:
    """What the machine has. ``lines`` are dom0 kernels' arguments, whose disks are looked at more closely.

    ``disks`` are their names, ``later`` those that are not there yet when a kernel looks for its root, ``types`` those
    of the partitions by disk and letter, ``root`` is the partition that the machine's root file system is on and that
    needs no further look, ``memory`` is in MiB, ``ports`` are the numbers of the serial ports, counted from 0,
    ``virtio`` what the machine can't be reached without and is of virtio: the disk that the root file system is on, and
    the network cards if there are no others. ``kept`` are the PCI devices that no guest can have, looked for only where
    a line hides some. None for what the machine does not tell: under Xen the kernel does not see the port that Xen has.
    """
    lines = list(lines)
    names = _said(host, [SYSCTL, "-n", "hw.disknames"])
    present = None if names is None else disks.names(names)
    roots = [device for line in lines for device in [_DEVICE.match(_root(line.split()))] if device]
    found = {device["disk"] for device in roots} & set(present or ())
    mounted = _mounted_root(host) if found else ""
    unsure = found & {device["disk"] for device in roots if device[0] != mounted}
    in_xen = _kernel.role(host) == _kernel.DOM0
    hides = bool(_hidden(" ".join(lines).split()))
    messages = _messages(host) if hides or not in_xen else ""
    return {
        "disks": present,
        "later": [disk for disk in sorted(found) if _is_configured_later(host, disk)],
        "types": {disk: _types(host, disk) for disk in sorted(unsure)},
        "root": mounted,
        "memory": _memory_of_xen(host) if in_xen else _memory(host),
        "ports": None if in_xen else _ports(messages),
        "virtio": None if in_xen else _of_virtio(messages),
        "kept": pci.not_for_guests(messages) if hides else None,
    }


def _said(host: Host, argv: list[str]) -> str | None:
    try:
        answer = host.try_run(argv)
    except CommandFailed:
        return None
    return answer.stdout if answer.rc == 0 else None


def _mounted_root(host: Host) -> str:
    """The partition that the root file system is on, such as wd0a; empty if nothing tells."""
    root = mounts.on(mounts.parse(_said(host, [MOUNT]) or ""), "/")
    return root.device.rpartition("/")[2] if root else ""


def _is_configured_later(host: Host, disk: str) -> bool:
    """Whether a disk is a set that the kernel does not configure by itself. Where raidctl does not tell, it is none."""
    if not mirror.is_raid(disk):
        return False
    found = disks.raid_set(_said(host, [mirror.RAIDCTL, "-s", disk]) or "")
    return found is not None and "No" in found.autoconfig


def _types(host: Host, disk: str) -> dict[str, str] | None:
    """By letter, and for a wedge, which has none, by an empty one; None if nothing tells."""
    if disk.startswith("dk"):
        kind = disks.wedge_type(_said(host, [DKCTL, disk, "getwedgeinfo"]) or "")
        return None if kind is None else {"": kind}
    return disks.types(_said(host, [DISKLABEL, disk]) or "") or None


def _memory(host: Host) -> int | None:
    text = (_said(host, [SYSCTL, "-n", "hw.physmem64"]) or "").strip()
    return int(text) >> 20 if text.isdigit() else None


def _memory_of_xen(host: Host) -> int | None:
    tool = choose.toolstack(host)
    try:
        text = str(tool.info().get("total_memory") or "") if tool.alive()[0] else ""
    except CommandFailed:
        return None
    return int(text) if text.isdigit() else None


def _ports(messages: str) -> list[int] | None:
    return sorted({int(number) for number in _PORT.findall(messages)}) if messages else None


def _of_virtio(messages: str) -> list[str]:
    """What a kernel without virtio would miss: the root file system's disk, and the cards if there are no others."""
    at, root = dict(_AT.findall(messages)), _ROOT_ON.search(messages)
    disk = root[1] if root else ""
    disk = at.get(disk, "") if disk.startswith("dk") else disk
    cards = _CARD.findall(messages)
    missed = [name for name in (disk, *cards) if at.get(name, "").startswith("virtio")]
    return [name for name in missed if name == disk or set(cards) <= set(missed)]


def _messages(host: Host) -> str:
    """The messages of a boot, if they are there from its beginning."""
    for text in (host.read_text(BOOT_MESSAGES), _said(host, [DMESG])):
        if text and "mainbus0 (root)" in text:
            return text
    return ""


# -- plan --------------------------------------------------------------------------------------------------------------


def refuse_contradicted(current: dict[str, Any], menu: Menu, in_use: InUse | None) -> None:
    """Raise Refused, with a line for each problem, for declared entries that this machine can't be booted with. What
    they take over from the entry in use is not judged."""
    found = current.get("hardware")
    if not found:
        return
    lines: list[str] = []
    for entry in menu.entries:
        own = arguments(entry.args, entry.hypervisor_args)
        taken = taken_kinds(own, in_use.arguments, entry.adopt) if in_use else set()
        lines += problems(found, without(own, taken)) if entry.hypervisor else []
    if lines:
        raise Refused("\n".join(dict.fromkeys(lines)))


def problems(found: dict[str, Any], given: Arguments) -> list[str]:
    """What the machine says against these arguments. Raises NotRead for a disk that was not looked at."""
    return [
        *_root_problems(found, given),
        *_memory_problems(found, given),
        *_console_problems(found, given),
        *_pci_problems(found, given),
    ]


def disk_problems(found: dict[str, Any], disk: str) -> list[str]:
    """What the machine says against a disk that is to be booted from."""
    if found["disks"] is None or disk in found["disks"]:
        return []
    return [f"This machine has no disk {disk}; it has {', '.join(found['disks'])} (bootloader_disk)."]


def _root(words: Iterable[str]) -> str:
    """What the last ``root=`` or ``bootdev=`` of these words has, which decides; empty without one."""
    return ([match[1] for match in map(_ROOT.match, words) if match] or [""])[-1]


def _root_problems(found: dict[str, Any], given: Arguments) -> list[str]:
    root = _root(given.kernel)
    if not root and found["virtio"]:
        return [
            f"This machine has {' and '.join(found['virtio'])} of virtio, for which NetBSD's XEN3_DOM0 has no driver: "
            "it would not find its root file system, or come up without a network. Give the machine a disk of IDE, "
            "SATA, SCSI or NVMe, and a card such as wm. If its dom0 kernel is your own and has the drivers, set "
            "bootloader_root."
        ]
    if not root or root.startswith(_BY_NAME) or any(word.lower().startswith("nfsroot=") for word in given.kernel):
        return []
    device = _DEVICE.match(root)
    advice = "The dom0 kernel would ask for its root device at the console, for ever. Set bootloader_root."
    if device is None:
        return [f"root={root} is no name of a disk or partition, such as wd0a or dk1. {advice}"]
    disk, letter = device["disk"], device["letter"]
    if found["disks"] is None:
        return []
    if disk not in found["disks"]:
        return [f"root={root}: this machine has no disk {disk}; it has {', '.join(found['disks'])}. {advice}"]
    if disk not in found["types"] and root != found["root"]:
        raise NotRead(f"the label of {disk} was not looked at")
    if disk in found["later"]:
        return [
            f"root={root}: {disk} does not configure itself, and would not be there yet. Mark it, with: "
            f"{mirror.RAIDCTL} -A root {disk} (raidctl(8)). {advice}"
        ]
    types = found["types"].get(disk)
    if types is None or root == found["root"]:
        return []
    letter = "" if "" in types else letter or "a"
    kind = types.get(letter, "")
    if not kind:
        return [f"root={root}: {disk} has no partition {letter}. {advice}"]
    return [f"root={root}: its type is {kind}, which no root file system is in. {advice}"] if kind in _NO_ROOT else []


def _memory_problems(found: dict[str, Any], given: Arguments) -> list[str]:
    there = found["memory"]
    sizes = [_mebibytes(part) for word in given.of("memory") for part in word.partition("=")[2].split(",")]
    wanted = max([size for size in sizes if size is not None], default=0)
    if there is None or wanted < there:
        return []
    words = " ".join(given.of("memory"))
    return [
        f"{words} asks for {wanted} MiB, and this machine has {there} MiB: dom0 would get all of it, and no guest any. "
        "Set bootloader_dom0_memory to less."
    ]


def _mebibytes(text: str) -> int | None:
    match = _MEMORY.match(text)
    return int(match[1]) << _POWERS[match[2].upper()] >> 20 if match else None


def _console_problems(found: dict[str, Any], given: Arguments) -> list[str]:
    lines = []
    for port, baud in _speeds(given):
        if baud not in BAUDS:
            speeds = ", ".join(map(str, BAUDS))
            lines.append(f"com{port + 1}={baud} is no speed of a serial port (bootloader_baud); there are {speeds}.")
        if found["ports"] is not None and port not in found["ports"]:
            have = ", ".join(f"com{number}" for number in found["ports"]) or "none"
            lines.append(
                f"The console is to be com{port}, which Xen calls com{port + 1}, and this machine's kernel has found "
                f"{have}. Set bootloader_console."
            )
    return lines


def _hidden(words: Iterable[str]) -> list[str]:
    return [device for word in words for device in pci.hidden_by(word)]


def _pci_problems(found: dict[str, Any], given: Arguments) -> list[str]:
    hidden = _hidden(given.kernel)
    if hidden and found["kept"] is None:
        raise NotRead("the PCI devices were not looked at")
    return [
        f"{device} is {found['kept'][device]}, which dom0 can't give to a guest. Take it out of bootloader_pci_hide."
        for device in hidden
        if device in found["kept"]
    ]


def _speeds(given: Arguments) -> list[tuple[int, int]]:
    """The serial ports that the hypervisor is told of, as NetBSD counts them, each with its speed."""
    return [(int(match[1]) - 1, int(match[2])) for match in map(_SPEED.match, given.hypervisor) if match]
