# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""vnconfig, MAKEDEV, disklabel."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from ..core import forms, profiles
from ..core.machine import Machine, NotSimulated, SimError
from ..core.profiles import Disk
from ..disk import labels, volume
from . import devices, diskparts, mounts, volumes, wedges


def vnconfig(m: Machine, argv: list[str]) -> int:
    """vnconfig [-crv] vndN FILE | -u[F] vndN | -l [vndN] (records vnconfig-*, vnd-corner)."""
    flags, _values, words = forms.read(argv)
    if "l" in flags:
        return _list_units(m, words)
    if "u" in flags and len(words) == 1:
        return _detach(m, _unit(words[0]), "F" in flags)
    if "u" in flags or len(words) != 2:
        raise SimError(forms.VNCONFIG_USAGE)
    path = os.path.abspath(words[1])
    if path.startswith("/dev/") and devices.node(m, path) is not None:
        raise SimError(f"vnconfig: {path}: Device busy")  # record vnd-corner: vnconfig vnd0 /dev/wd0b
    if not words[0].removeprefix("/dev/").lstrip("r").startswith("vnd"):
        raise SimError(f"vnconfig: {words[0]}d: opendisk: No such file or directory")
    unit = _unit(words[0])
    devices.vnconfig_attach(m, unit, path)
    wedges.discover(m, unit)
    if "v" in flags:
        size = m.path(path).stat().st_size // 512 * 512
        print(f"/dev/rvnd{unit}d: {size} bytes on {words[1]}")
    return 0


def _unit(word: str) -> int:
    """vnd4, /dev/vnd4d, /dev/rvnd4d."""
    match = re.fullmatch(r"(?:/dev/)?r?vnd(\d+)[a-p]?", word)
    if not match:
        raise SimError(f"vnconfig: {word}: opendisk: No such file or directory")
    return int(match[1])


def _detach(m: Machine, unit: int, force: bool) -> int:
    # -F on a mounted unit hung the whole machine, twice (records vnconfig-F-mounted-hang, vnd-mount-once-F).
    if force and str(unit) in m.data.get("vnd", {}) and devices.vnd_busy(m, unit):
        m.hang()
    devices.vnconfig_detach(m, unit)
    wedges.delete(m, unit)
    return 0


def _list_units(m: Machine, words: list[str]) -> int:
    units = devices.vnd_units(m)
    # The four of the kernel come first and backwards, those made later behind them (record makedev-vnd4).
    order = sorted((unit for unit in units if unit < 4), reverse=True) + [unit for unit in units if unit >= 4]
    if words:
        order = [_unit(words[0])]
        if order[0] not in units:  # record vnconfig-l-vnd99
            raise SimError(f"vnconfig: open: {words[0]}: No such file or directory")
    for unit in order:
        path = m.data.get("vnd", {}).get(str(unit))
        inode = m.data.get("vnd_inodes", {}).get(str(unit))
        if path is None:
            print(f"vnd{unit}: not in use")
        elif mounts.holding(m, path)["fstype"] == "ffs":
            print(f"vnd{unit}: / (/dev/{m.profile.disks[0].name}a) inode {inode}")
        else:  # what is mounted from no device has only a number (record vnconfig-l-after)
            print(f"vnd{unit}: dev 171,1 inode {inode}")
    return 0


_MANY = 100  # nodes: so many take MAKEDEV minutes on a slow machine, and something can come between

# --- MAKEDEV ---------------------------------------------------------------------------------------------------------


def makedev(m: Machine, argv: list[str]) -> int:
    """argv is [self, MAKEDEV's own path, options, targets]. Nodes appear in the current directory (record
    makedev-u)."""
    called_as = argv[1]
    letters, _values, words = forms.read(argv)
    keep = "u" in letters
    if not words:
        raise SimError(forms.MAKEDEV_USAGE.partition("\n")[2])
    rc = 0
    for target in words:
        nodes = makedev_target(m, target)
        if nodes is None:
            print(f"{called_as}: {target}: unknown device", file=sys.stderr)
            rc = 1
            continue
        for name, node in nodes.items():
            path = Path(os.getcwd(), name)
            if len(nodes) > _MANY and name == next(reversed(nodes)):
                m.midway()
            if not (keep and path.exists()):
                path.unlink(missing_ok=True)
                devices.make_node(path, node)
    return rc


def makedev_target(m: Machine, target: str) -> dict[str, devices.Node] | None:
    """The nodes of a target, or None for an unknown one. `xen` makes xencons and xenevt; xsd_kva is a target of its own
    (facts measured 28)."""
    match = re.fullmatch(r"(vnd|xbd|wd|cgd|ccd|raid)(\d+)", target)
    if match:
        return devices.disk_nodes(match[1], int(match[2]), m.profile.arch)
    match = re.fullmatch(r"dk(\d+)", target)
    if match:
        return devices.wedge_nodes(int(match[1]))
    if target == "xen":
        return {name: devices.Node(*devices.XEN_NODES[name]) for name in ("xencons", "xenevt")}
    if target in devices.XEN_NODES:
        return {target: devices.Node(*devices.XEN_NODES[target])}
    if target == "all":
        nodes = {name: devices.Node(*values) for name, values in devices.XEN_NODES.items()}
        if Path(os.getcwd()).resolve() != m.path("/dev").resolve():  # there the controller's are bound over some
            nodes.update({name: devices.Node(*values) for name, values in devices.STD_NODES.items()})
        for kind, unit in [(kind, unit) for kind in ("vnd", "xbd") for unit in range(4)]:
            nodes.update(devices.disk_nodes(kind, unit, m.profile.arch))
        for unit in range(8):
            nodes.update(devices.wedge_nodes(unit))
        for disk in m.profile.disks:
            nodes.update(devices.disk_nodes(disk.name[:2], int(disk.name[2:]), m.profile.arch))
        return nodes
    return None


# --- labels ----------------------------------------------------------------------------------------------------------

_FSTYPES = {"a": "4.2BSD", "b": "swap"}


def open_disk(m: Machine, name: str) -> str:
    """The raw device that a program opens for a disk's name: /dev/rNAME, or with the raw partition's letter
    (lib/libutil/opendisk.c). Raises SimError with that name and errno's text."""
    found = name if "/" in name else f"/dev/r{name}"
    for candidate in (found, found + "d"):
        if devices.node(m, os.path.abspath(candidate)) is not None:
            return candidate
    raise SimError(f"{found}d: No such file or directory")


def disklabel(m: Machine, argv: list[str]) -> int:
    """disklabel [-r] DISK; disklabel -R [-r] DISK PROTO (sbin/disklabel/main.c; records disklabel-*, from-sets)."""
    letters, _values, words = forms.read(argv)
    if ("R" in letters) != (len(words) == 2):
        raise SimError("usage: disklabel")
    try:
        special = open_disk(m, words[0])
    except SimError as error:  # record disklabel-missing
        raise SimError(f"disklabel: {error.message}", 4) from None
    name = volumes.disk_of(special.removeprefix("/dev/"))[0]
    own = next((disk for disk in m.profile.disks if disk.name == name), None)
    if name == diskparts.ROOT_RAID and m.data.get("raid_root"):
        own = _root_raid(m)
    if own is not None and not (m.host_dir / "disks" / name).exists():
        if "R" in letters:
            raise NotSimulated(" ".join(argv))
        return _own_label(m, own)
    try:
        found = volumes.label(m, name)
        if "R" in letters:
            return _write_label(m, name, found, words[1])
        if "r" in letters and volume.read_label(volumes.whole(m, name)) is None:
            raise SimError("disklabel: could not read existing label")
    except volumes.NoDevice:
        raise SimError("disklabel: ioctl DIOCGDINFO: Device not configured", 4) from None
    print(labels.shown(found, special), end="")
    errors, said = labels.check(found)
    sys.stdout.flush()
    for line in said:
        print(f"disklabel: {line}", file=sys.stderr)
    return errors + 100 if errors else 0


def _write_label(m: Machine, name: str, old: labels.Label, proto: str) -> int:
    """A bad prototype is status 1, none is 4 (facts measured 15)."""
    try:
        text = m.path(os.path.abspath(proto)).read_text(errors="replace")
    except OSError as error:
        raise SimError(f"disklabel: {proto}: {error.strerror}", 4) from None
    label, said, good = labels.parse(text)
    for line in said:
        print(f"disklabel: {line}", file=sys.stderr)
    if not good:
        return 1
    for entry in mounts.table(m):
        disk, letter = volumes.disk_of(entry["device"]) if entry["device"].startswith("/dev/") else ("", "d")
        if disk == name and letter != "d" and label.part(letter) != old.part(letter):
            raise SimError("disklabel: ioctl DIOCSDINFO: Open partition would move or shrink")
    volume.write_label(volumes.whole(m, name), label)
    return 0


def _root_raid(m: Machine) -> Disk:
    """A mirrored root is a disk with one partition, smaller than its components by what RAIDframe keeps at their
    beginning (RF_PROTECTED_SECTORS)."""
    size = m.profile.disks[0].partitions["a"] - 64
    return Disk(diskparts.ROOT_RAID, {"a": size, "d": size})


def _own_label(m: Machine, disk: Disk) -> int:
    """The label of a disk of the machine that has no bytes here (record disklabel-wd0.txt)."""
    fs = m.profile.root_fs
    total = disk.partitions["d"]
    print(f"# /dev/r{disk.name}d:\ntype: ESDI\ndisk: {disk.name}\nlabel: \nflags:\nbytes/sector: 512\n"
          f"sectors/track: 63\ntracks/cylinder: 16\nsectors/cylinder: 1008\ncylinders: {total // 1008}\n"
          f"total sectors: {total}\nrpm: 3600\ninterleave: 1\ntrackskew: 0\ncylinderskew: 0\n"
          "headswitch: 0\t\t# microseconds\ntrack-to-track seek: 0\t# microseconds\ndrivedata: 0 \n\n"
          f"{max(devices.PARTITIONS.index(letter) for letter in disk.partitions) + 1} partitions:\n"
          "#        size    offset     fstype [fsize bsize cpg/sgs]")
    offset = disk.first
    for letter, size in sorted(disk.partitions.items()):
        start = 0 if letter == "d" else offset
        offset += 0 if letter == "d" else size
        kind = "unused" if letter == "d" else _FSTYPES.get(letter, "4.2BSD")
        if m.data.get("raid_root") and letter == "a" and disk.name != diskparts.ROOT_RAID:
            kind = "RAID" if disk in m.profile.disks[:2] else kind
        if f"/dev/{disk.name}{letter}" == mounts.ESP_DEVICE and m.profile.firmware == profiles.EFI:
            kind = "MSDOS"
        sizes = f"{fs.fsize:>7}{fs.bsize:>6}{16:>6}" if kind == "4.2BSD" else f"{0:>7}{0:>6}"
        print(f" {letter}: {size:>9} {start:>9} {kind:>10}{sizes}")
    return 0
