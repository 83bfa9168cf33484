# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""mount, umount, df, swapctl, and the files that kernfs and procfs show while they are mounted."""

from __future__ import annotations

import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from ..core import forms
from ..core.machine import Machine, NotSimulated, SimError
from . import devices, kernelinfo

_PSEUDO = ("kernfs", "procfs", "ptyfs", "tmpfs")
# Those whose files the simulator writes into the directory.
_WITH_FILES = ("kernfs", "procfs")


def table(m: Machine) -> list[dict[str, Any]]:
    """What is mounted: {device, dir, fstype, options}, in order."""
    return m.data.setdefault("mounts", [])


# --- fstab -----------------------------------------------------------------------------------------------------------


def fstab(m: Machine) -> list[list[str]]:
    """Lines of /etc/fstab as words. Raises SimError for one with fewer than four, which spoils the file from there on
    (record fstab-bad)."""
    lines = []
    for number, line in enumerate(m.path("/etc/fstab").read_text().splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) < 4:
            raise SimError(f"mount: /etc/fstab, {number}: Missing fields")
        lines.append(words)
    return lines


def mount_all(m: Machine) -> int:
    """mount -a: what is mounted already is left alone; one bad line makes it fail, the others are done."""
    rc = 0
    for device, directory, fstype, options, *_rest in fstab(m):
        if fstype == "swap" or "noauto" in options.split(","):
            continue
        if any(mount["dir"] == directory and mount["device"] == device for mount in table(m)):
            continue
        try:
            mount_one(m, device, directory, fstype, options)
        except SimError as error:
            print(error.message, file=sys.stderr)
            rc = 1
    return rc


def mount_one(m: Machine, device: str, directory: str, fstype: str, options: str = "rw") -> None:
    """Mount. Pseudo file systems stack: a second kernfs on /kern is no error (record kernfs)."""
    if not m.path(directory).is_dir():
        raise SimError(f"mount: realpath `{directory}': No such file or directory")
    if fstype not in (*_PSEUDO, "ffs"):
        raise NotSimulated(f"mount -t {fstype}")
    if fstype == "ffs" and directory != "/":
        node = devices.node(m, device)
        if node is None or node.kind != "b":
            raise SimError(f"mount_ffs: {device} on {directory}: Block device required")  # record mount-raw
        if any(mount["device"] == device for mount in table(m)):
            raise SimError(f"mount_ffs: {device} on {directory}: Device busy")  # record mount-readonly-guestfs
    table(m).append({"device": device, "dir": directory, "fstype": fstype, "options": options})
    if fstype == "kernfs":
        _show_kernfs(m, directory)
    elif fstype == "procfs":
        _show_procfs(m, directory)


def _show_kernfs(m: Machine, directory: str) -> None:
    """record ls-kern-xen.txt. /kern/xen is there under Xen only."""
    root = m.path(directory)
    text = {
        "boottime": f"{int(m.data['boot_time'])}\n", "hostname": f"{m.hostname}\n", "hz": "100\n",
        "loadavg": "10 4 0 2048\n", "msgbuf": "", "pagesize": "4096\n", "physmem": f"{m.profile.total_memory * 256}\n",
        "time": f"{int(time.time())} 0\n", "version": kernelinfo.version_text(m.data),
        "copyright": "Copyright (c) 1996-2024\n    The NetBSD Foundation, Inc.  All rights reserved.\n",
    }
    for name, content in text.items():
        _write(root / name, content, 0o444)
    if m.is_dom0():
        (root / "xen").mkdir(exist_ok=True)
        _write(root / "xen/privcmd", "", 0o400)
        _write(root / "xen/xenbus", "", 0o600)
        _write(root / "xen/xsd_port", "", 0o400)
        _show_hidden_devices(m, root / "xen/pci")


def _show_hidden_devices(m: Machine, directory: Path) -> None:
    """A file for each PCI device that the kernel's command line keeps from dom0 (sys/arch/xen/xen/pciback.c; facts
    netbsd-xen 3 and 4.3). The kernel reads 63 characters of it and the domain 0000 only. Whether the machine has such
    a device is not asked: no profile lists its devices."""
    hide = re.search(r"pciback\.hide=(\S+)", (m.data["kernel"]["cmdline"] or "")[:kernelinfo.DOM0_READS])
    found = re.findall(r"\((?:0000:)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])\)", hide.group(1)[:63]) if hide else []
    if found:
        directory.mkdir()
    for bus, device, function in found:
        _write(directory / f"0000:{bus}:{device}.{function}", "", 0o444)


def _show_procfs(m: Machine, directory: str) -> None:
    """What Ansible reads for its hardware facts."""
    root = m.path(directory)
    hypervisor = m.data.get("hypervisor")
    memory = (hypervisor["dom0_memory"] if hypervisor else m.profile.total_memory) * 1024
    _write(root / "meminfo", f"MemTotal:  {memory:8d} kB\nMemFree:   {memory - 57344:8d} kB\n"
                             f"SwapTotal: {131072:8d} kB\nSwapFree:  {131072:8d} kB\n", 0o444)
    count = 1 if hypervisor else m.profile.cpus
    _write(root / "cpuinfo", "".join(f"processor\t: {number}\nmodel name\t: {m.profile.cpu_brand}\n\n"
                                     for number in range(count)), 0o444)


def _write(path, content: str, mode: int) -> None:
    path.unlink(missing_ok=True)
    path.write_text(content)
    path.chmod(mode)


def gone(m: Machine) -> None:
    """The kernel that mounted all this has ended."""
    for mounted in table(m):
        if mounted["fstype"] in _WITH_FILES:
            _hide_files(m, mounted["dir"])
    table(m).clear()


def _hide_files(m: Machine, directory: str) -> None:
    """Empty the directory beneath a pseudo file system that is gone."""
    for entry in m.path(directory).iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


# --- the commands ----------------------------------------------------------------------------------------------------


def mount(m: Machine, argv: list[str]) -> int:
    """mount [-a] | [-t TYPE] [-o OPTIONS] [SPECIAL] NODE (records mount.txt, mount-p.txt, kernfs, fstab-bad)."""
    letters, values, positional = forms.read(argv)
    fstype = values.get("t", [""])[-1]
    options = values.get("o", ["ro" if "r" in letters else "rw"])[-1]
    if "a" in letters:
        return mount_all(m)
    if not positional:
        for entry in table(m):
            if not fstype or entry["fstype"] == fstype:
                print(f"{entry['device']} on {entry['dir']} type {entry['fstype']} ({_shown_options(entry)})")
        return 0
    if len(positional) == 1:
        for device, directory, kind, opts, *_rest in fstab(m):
            if positional[0] in (device, directory):
                mount_one(m, device, directory, kind, opts)
                return 0
        raise SimError(f"mount: Unknown special file or file system `{positional[0]}'")
    mount_one(m, positional[0], positional[1].rstrip("/") or "/", fstype or "ffs", options)
    return 0


def _shown_options(entry: dict[str, Any]) -> str:
    names = {"async": "asynchronous", "ro": "read-only", "log": "log"}
    shown = [names[option] for option in entry["options"].split(",") if option in names]
    return ", ".join([*shown, "local"])


def umount(m: Machine, argv: list[str]) -> int:
    """umount [-fv] NODE|SPECIAL: the topmost one of a stack (record kernfs)."""
    for word in forms.read(argv).words:
        found = [entry for entry in table(m) if word.rstrip("/") in (entry["dir"], entry["device"])]
        if not found:
            raise SimError(f"umount: {word}: not currently mounted")
        if found[-1]["dir"] == "/":
            raise SimError("umount: /: Device busy")
        table(m).remove(found[-1])
        if found[-1]["fstype"] in _WITH_FILES and len(found) == 1:
            _hide_files(m, found[-1]["dir"])
    return 0


def df(m: Machine, argv: list[str]) -> int:
    """df [-k|-P] [PATH...] (records df-k.txt, df-P.txt)."""
    flags, _values, paths = forms.read(argv)
    unit = 1024 if "k" in flags else 512
    for path in paths:
        if not m.path(path).exists():
            raise SimError(f"df: {path}: No such file or directory")
    shown = table(m) if not paths else [holding(m, path) for path in paths]
    print("Filesystem 512-blocks Used Available Capacity Mounted on" if "P" in flags and unit == 512 else
          "Filesystem 1024-blocks Used Available Capacity Mounted on" if "P" in flags else
          f"Filesystem    {'1K-blocks' if unit == 1024 else '512-blocks'}       Used      Avail %Cap Mounted on")
    for entry in shown:
        total, used = (size * 512 // unit for size in _sizes(m, entry))
        free = total - used - total // 20 if entry["fstype"] == "ffs" else total - used
        percent = 100 * used // max(used + free, 1)
        if "P" in flags:
            print(f"{entry['device']} {total} {used} {free} {percent}% {entry['dir']}")
        else:
            print(f"{entry['device']:<13} {total:>9} {used:>10} {free:>10} {percent:>3}% {entry['dir']}")
    return 0


def holding(m: Machine, path: str) -> dict[str, Any]:
    """The mounted file system that a path is on."""
    inside = [entry for entry in table(m) if (path + "/").startswith(entry["dir"].rstrip("/") + "/")]
    return max(inside, key=lambda entry: len(entry["dir"]))


def _sizes(m: Machine, entry: dict[str, Any]) -> tuple[int, int]:
    """(total, used) in 512-byte blocks."""
    if entry["fstype"] == "ffs":
        for disk in m.profile.disks:
            letter = entry["device"].removeprefix(f"/dev/{disk.name}")
            if letter in disk.partitions:
                size = disk.partitions[letter]
                return size, min(1457640, size // 3)
        return 614400, 2
    return {"tmpfs": (131072, 8), "procfs": (8, 8)}.get(entry["fstype"], (2, 2))


def swapctl(m: Machine, argv: list[str]) -> int:
    """swapctl -l|-A (record swapctl.txt: nothing configured is exit 1)."""
    letters = forms.read(argv).letters
    devices_listed = [words[0] for words in fstab(m) if words[2] == "swap"]
    if "A" in letters:
        return 0
    if not devices_listed:
        raise SimError("no swap devices configured")
    print("Device      512-blocks     Used    Avail Capacity  Priority")
    for device in devices_listed:
        print(f"{device:<12}   262144        0   262144     0%    0")
    return 0
