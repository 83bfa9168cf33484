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
from ..core.profiles import EFI
from ..disk import volume
from . import devices, kernelinfo, volumes

_PSEUDO = ("kernfs", "procfs", "ptyfs", "tmpfs")
# Those whose files the simulator writes into the directory.
_WITH_FILES = ("kernfs", "procfs")
MSDOS = "msdos"
# Those that lie on a disk, and how their programs name themselves in what they say.
_ON_DISK = {volume.FFS: "mount_ffs", volume.EXT2: "mount_ext2fs", volume.CD9660: "mount_cd9660"}
# The EFI partition of a machine that boots by EFI, as the disklabel of an MBR disk shows it.
ESP_DEVICE = "/dev/wd1g"


def table(m: Machine) -> list[dict[str, Any]]:
    """What is mounted: {device, dir, fstype, options}, in order."""
    mounted: list[dict[str, Any]] = m.data.setdefault("mounts", [])
    return mounted


def is_open(m: Machine, rdev: int) -> bool:
    """Whether somebody has a block device open, which only one can: a file system, swap, what is made of it, or a guest
    (sys/miscfs/specfs/spec_vnops.c, spec_open). Who has a wedge open has the whole disk open too (sys/dev/dkwedge/dk.c,
    dkopen)."""
    names = [mount["device"] for mount in table(m)] + swap_devices(m)
    names += [name for parts in m.data.get("parts", {}).values() for name in parts]
    domains = m.data.get("xen", {}).get("domains", {}).values()
    names += [vbd["target"] for domain in domains for vbd in domain["vbds"] if vbd.get("told")]
    wedges = m.data.get("wedges", {}).items()
    names += [f"/dev/{about[0]}d" for wedge, about in wedges if f"/dev/{wedge}" in names]
    nodes = [devices.node(m, name) for name in names]
    return rdev in [node.rdev for node in nodes if node]


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
    if fstype not in (*_PSEUDO, *_ON_DISK) and not _is_esp(m, device, fstype):
        raise NotSimulated(f"mount -t {fstype}")
    more: dict[str, int] = {}
    if fstype in _ON_DISK and directory != "/":
        node = devices.node(m, device)
        said = f"{_ON_DISK[fstype]}: {device} on {directory}: "
        if node is None and not m.path(device).exists():
            raise SimError(f"{said}No such file or directory")
        if node is None or node.kind != "b":
            raise SimError(f"{said}Block device required")  # record mount-raw
        if is_open(m, node.rdev):
            raise SimError(f"{said}Device busy")  # record mount-readonly-guestfs
        try:
            more = _put_there(m, device, directory, fstype, options)
        except SimError as error:
            raise SimError(said + error.message) from None
    table(m).append({"device": device, "dir": directory, "fstype": fstype, "options": options, **more})
    if fstype == MSDOS:
        _move(m.host_dir / "esp", m.path(directory))
    elif fstype == "kernfs":
        _show_kernfs(m, directory)
    elif fstype == "procfs":
        _show_procfs(m, directory)


def _put_there(m: Machine, device: str, directory: str, fstype: str, options: str) -> dict[str, int]:
    """The tree of a file system. The machine's own disks have partitions of which nothing is known but that they can be
    mounted. Raises SimError in the kernel's words (sbin/mount_ffs/mount_ffs.c: EINVAL is an incorrect super block)."""
    disk = volumes.disk_of(device)[0]
    if any(each.name == disk for each in m.profile.disks) and not (m.host_dir / "disks" / disk).exists():
        return {}
    span = volumes.partition(m, device)
    if volume.kind(span) != fstype:
        raise SimError("incorrect super block" if fstype == volume.FFS else "Invalid argument")
    read_only = fstype == volume.CD9660 or "ro" in options.split(",")
    found = volume.find_ffs(span)
    if found and not found.clean and not read_only:
        m.data.setdefault("kernel_messages", []).append(  # sys/ufs/ffs/ffs_vfsops.c
            f"{device}: file system not clean (fs_clean=0x2); please fsck(8)")
    return {"volume": volumes.attach(m, span, directory, read_only)}


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


def _write(path: Path, content: str, mode: int) -> None:
    path.unlink(missing_ok=True)
    path.write_text(content)
    path.chmod(mode)


def gone(m: Machine, clean: bool = False) -> None:
    """The kernel that mounted all this has ended; `clean`: after it had unmounted what it could."""
    for mounted in table(m):
        if mounted["fstype"] in _WITH_FILES:
            _hide_files(m, mounted["dir"])
        elif mounted["fstype"] == MSDOS:
            _move(m.path(mounted["dir"]), m.host_dir / "esp")
    for mounted in reversed(table(m)):
        if "volume" in mounted:
            volumes.detach(m, mounted, clean)
    table(m).clear()


# --- the EFI partition -----------------------------------------------------------------------------------------------


def esp(m: Machine) -> Path:
    """Where the content of the EFI partition is: below its mount point, or while it is not mounted in `HOST/esp`."""
    return next((m.path(each["dir"]) for each in table(m) if each["fstype"] == MSDOS), m.host_dir / "esp")


def _is_esp(m: Machine, device: str, fstype: str) -> bool:
    return fstype == MSDOS and m.profile.firmware == EFI and device == ESP_DEVICE


def _move(source: Path, target: Path) -> None:
    """What lay in the directory beneath is lost by that; nothing does."""
    target.mkdir(exist_ok=True)
    for entry in source.iterdir():
        shutil.move(entry, target / entry.name)


def _hide_files(m: Machine, directory: str) -> None:
    """Empty the directory beneath a pseudo file system that is gone."""
    place = m.path(directory)
    for entry in place.iterdir() if place.is_dir() else ():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


# --- the commands ----------------------------------------------------------------------------------------------------


def mount(m: Machine, argv: list[str]) -> int:
    """mount [-a] | [-t TYPE] [-o OPTIONS] [SPECIAL] NODE (records mount.txt, mount-p.txt, kernfs, fstab-bad)."""
    letters, values, positional = forms.read(argv)
    fstype = values.get("t", [""])[-1]
    options = ",".join([*(["ro"] if "r" in letters else []), *values.get("o", [])]).replace("rdonly", "ro") or "rw"
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
        _leave(m, found[-1])
        table(m).remove(found[-1])
        if found[-1]["fstype"] in _WITH_FILES and len(found) == 1:
            _hide_files(m, found[-1]["dir"])
        elif found[-1]["fstype"] == MSDOS:
            _move(m.path(found[-1]["dir"]), m.host_dir / "esp")
    return 0


def _leave(m: Machine, entry: dict[str, Any]) -> None:
    """Take a disk's tree away. Raises SimError for one that is in use (record umount-busy)."""
    if "volume" not in entry:
        return
    inside = any(other["dir"].startswith(entry["dir"] + "/") for other in table(m))
    if inside or volumes.busy(m, entry["dir"]):
        raise SimError(f"umount: {entry['dir']}: Device busy")
    try:
        volumes.detach(m, entry, clean=True)
    except volume.Full:
        raise SimError(f"umount: {entry['dir']}: No space left on device") from None


def df(m: Machine, argv: list[str]) -> int:
    """df [-k|-h|-P] [PATH...] (records df-k.txt, df-P.txt, from-sets df; bin/df/df.c)."""
    flags, _values, paths = forms.read(argv)
    unit = 1024 if "k" in flags else 512
    for path in paths:
        if not m.path(path).exists():
            raise SimError(f"df: {path}: No such file or directory")
    shown = table(m) if not paths else [holding(m, path) for path in paths]
    if "h" in flags:
        print("Filesystem         Size       Used      Avail %Cap Mounted on")
    else:
        print("Filesystem 512-blocks Used Available Capacity Mounted on" if "P" in flags and unit == 512 else
              "Filesystem 1024-blocks Used Available Capacity Mounted on" if "P" in flags else
              f"Filesystem    {'1K-blocks' if unit == 1024 else '512-blocks'}       Used      Avail %Cap Mounted on")
    for entry in shown:
        total, used = (size * 512 // unit for size in _sizes(m, entry))
        free = total - used - total // 20 if entry["fstype"] in _ON_DISK else total - used
        percent = 100 * used // max(used + free, 1)
        if "h" in flags:
            sizes = " ".join(f"{_human(blocks * 512):>10}" for blocks in (total, used, free))
            print(f"{entry['device']:<12} {sizes} {percent:>3}% {entry['dir']}")
        elif "P" in flags:
            print(f"{entry['device']} {total} {used} {free} {percent}% {entry['dir']}")
        else:
            print(f"{entry['device']:<13} {total:>9} {used:>10} {free:>10} {percent:>3}% {entry['dir']}")
    return 0


def _human(size: float) -> str:
    """humanize_number(3) with five characters, as df calls it."""
    letters = list("BKMGT")
    while size >= 1000 and len(letters) > 1:
        size /= 1024
        letters.pop(0)
    return f"{size:.1f}{letters[0]}" if size < 9.95 and letters[0] != "B" else f"{size:.0f}{letters[0]}"


def holding(m: Machine, path: str) -> dict[str, Any]:
    """The mounted file system that a path is on."""
    inside = [entry for entry in table(m) if (path + "/").startswith(entry["dir"].rstrip("/") + "/")]
    return max(inside, key=lambda entry: len(entry["dir"]))


def _sizes(m: Machine, entry: dict[str, Any]) -> tuple[int, int]:
    """(total, used) in 512-byte blocks."""
    found = volumes.room(m, entry) if "volume" in entry else None
    if found is not None:
        layout, _files, fragments = found
        return layout.dsize * layout.fsize // 512, fragments * layout.fsize // 512
    if entry["fstype"] == "ffs":
        if m.data.get("raid_root") and entry["dir"] == "/":
            size = m.profile.disks[0].partitions["a"] - 64
            return size, min(1457640, size // 3)
        for disk in m.profile.disks:
            letter = entry["device"].removeprefix(f"/dev/{disk.name}")
            if letter in disk.partitions:
                size = disk.partitions[letter]
                return size, min(1457640, size // 3)
        return 614400, 2
    return {"tmpfs": (131072, 8), "procfs": (8, 8)}.get(entry["fstype"], (2, 2))


def swap_devices(m: Machine) -> list[str]:
    """What the kernel swaps to: all that fstab has of it, since it booted."""
    path = m.path("/etc/fstab")
    lines = [line.partition("#")[0].split() for line in (path.read_text().splitlines() if path.exists() else [])]
    return [words[0] for words in lines if words[2:3] == ["swap"]]


def swapctl(m: Machine, argv: list[str]) -> int:
    """swapctl -l|-A (record swapctl.txt: nothing configured is exit 1)."""
    letters = forms.read(argv).letters
    devices_listed = swap_devices(m)
    if "A" in letters:
        return 0
    if not devices_listed:
        raise SimError("no swap devices configured")
    print("Device      512-blocks     Used    Avail Capacity  Priority")
    for device in devices_listed:
        print(f"{device:<12}   262144        0   262144     0%    0")
    return 0
