# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""vnconfig, MAKEDEV, disklabel (prints only)."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from ..core import forms
from ..core.machine import Machine, SimError
from . import devices, mounts


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
            if not (keep and path.exists()):
                path.unlink(missing_ok=True)
                devices.make_node(path, node)
    return rc


def makedev_target(m: Machine, target: str) -> dict[str, devices.Node] | None:
    """The nodes of a target, or None for an unknown one. `xen` makes xencons and xenevt; xsd_kva is a target of its own
    (facts measured 28)."""
    match = re.fullmatch(r"(vnd|xbd|wd|cgd|raid)(\d+)", target)
    if match:
        return devices.disk_nodes(match[1], int(match[2]), m.profile.arch)
    if target == "xen":
        return {name: devices.Node(*devices.XEN_NODES[name]) for name in ("xencons", "xenevt")}
    if target in devices.XEN_NODES:
        return {target: devices.Node(*devices.XEN_NODES[target])}
    if target == "all":
        nodes = {name: devices.Node(*values) for name, values in devices.XEN_NODES.items()}
        for kind, unit in [(kind, unit) for kind in ("vnd", "xbd") for unit in range(4)]:
            nodes.update(devices.disk_nodes(kind, unit, m.profile.arch))
        for disk in m.profile.disks:
            nodes.update(devices.disk_nodes(disk.name[:2], int(disk.name[2:]), m.profile.arch))
        return nodes
    return None


# --- others ----------------------------------------------------------------------------------------------------------

_FSTYPES = {"a": "4.2BSD", "b": "swap"}


def disklabel(m: Machine, argv: list[str]) -> int:
    """disklabel [-r] DISK: prints the label of a disk of the machine (record disklabel-wd0.txt)."""
    name = forms.read(argv).words[0]
    found = [disk for disk in m.profile.disks if name in (disk.name, f"/dev/r{disk.name}d")]
    if not found:  # record disklabel-missing
        raise SimError(f"disklabel: {name if name.startswith('/') else f'/dev/r{name}d'}: No such file or directory", 4)
    disk, fs = found[0], m.profile.root_fs
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
        sizes = f"{fs.fsize:>7}{fs.bsize:>6}{16:>6}" if kind == "4.2BSD" else f"{0:>7}{0:>6}"
        print(f" {letter}: {size:>9} {start:>9} {kind:>10}{sizes}")
    return 0
