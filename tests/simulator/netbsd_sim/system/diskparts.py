# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of other disks: raidctl, cgdconfig, ccdconfig and dkctl, which only show; raidctl marks a RAID, too.

A test puts the state there: `m.data["parts"]` maps a unit (raid0, cgd0, ccd0) to the devices that it is made of;
wedges are those of wedges.py. What they print was measured on NetBSD 7.99.10, without raidctl's component labels; that
of other releases is from source.
"""

from __future__ import annotations

import re

from ..core import forms
from ..core.machine import Machine, SimError
from . import devices, wedges

# The set that a root file system on RAID-1 is in.
ROOT_RAID = "raid0"
# The first release whose cgdconfig has -l: assumed (sbin/cgdconfig/cgdconfig.c, do_list).
_CGD_LISTS = 800000000


def units(m: Machine) -> list[str]:
    """The names that hw.disknames shows of these: each is a disk of its own (disk_attach in sys/dev/raidframe/
    rf_netbsdkintf.c, sys/dev/cgd.c, sys/dev/ccd.c and sys/dev/dkwedge/dk.c)."""
    return [*m.data.get("parts", {}), *m.data.get("wedges", {})]


def make_root_raid(m: Machine) -> None:
    """The root file system on RAID-1 of the first two disks, marked as raidctl(8) says (-A root)."""
    for name, node in devices.disk_nodes("raid", 0, m.profile.arch).items():
        devices.make_node(m.path("/dev") / name, node)
    m.data["parts"] = {ROOT_RAID: [f"/dev/{disk.name}a" for disk in m.profile.disks[:2]]}
    m.data["raid_marks"] = {ROOT_RAID: "root"}


def root_disk(m: Machine) -> str:
    """The disk that has the root file system in its partition `a`."""
    return ROOT_RAID if m.data.get("raid_root") else m.profile.disks[0].name


def mark_of(m: Machine, name: str) -> str:
    """What the components' labels say: no, yes (it configures itself), root or soft (and may be root)."""
    return str(m.data.get("raid_marks", {}).get(name, "no"))


def _marks(m: Machine, name: str) -> tuple[str, str]:
    """Words that raidctl has for them. `Force` and `Soft` came with the second kind of root (raidctl.c 1.57), in
    NetBSD 7."""
    forced = "Force" if m.profile.netbsd_revision >= 700000000 else "Yes"
    mark = mark_of(m, name)
    return "No" if mark == "no" else "Yes", {"root": forced, "soft": "Soft"}.get(mark, "No")


def _show_label(m: Machine, name: str, number: int, part: str) -> None:
    """raidctl.c, get_component_label; numbers that nobody asks for are only plausible."""
    autoconfig, root = _marks(m, name)
    print(f"Component label for {part}:\n   Row: 0, Column: {number}, Num Rows: 1, Num Columns: "
          f"{len(m.data['parts'][name])}\n   Version: 2, Serial Number: 2026, Mod Counter: 151\n"
          "   Clean: No, Status: 0\n"
          "   sectPerSU: 128, SUsPerPU: 1, SUsPerRU: 1\n   Queue size: 100, blocksize: 512, numBlocks: 16777088\n"
          f"   RAID Level: {m.data.get('raid_levels', {}).get(name, 1)}\n   Autoconfig: {autoconfig}\n"
          f"   Root partition: {root}\n   Last configured as: {name}")


def _mark(m: Machine, name: str, word: str) -> None:
    """raidctl.c, set_autoconfig: a word counts by its beginning."""
    known = {"root": "root", "hard": "root", "forc": "root", "soft": "soft"}
    mark = known.get(word[:4], "yes" if word[:3] == "yes" else "no")
    m.data.setdefault("raid_marks", {})[name] = mark
    autoconfig, root = _marks(m, name)
    print(f"{name}: Autoconfigure: {autoconfig}")
    if mark != "no":
        print(f"{name}: Root: {root}")


def raidctl(m: Machine, argv: list[str]) -> int:
    """raidctl -s raidN, raidctl -A WORD raidN (sbin/raidctl/raidctl.c, rf_get_device_status and set_autoconfig)."""
    letters, values, words = forms.read(argv)
    if ("A" in letters) != bool(words):
        raise SimError(f"usage: {argv[0].rpartition('/')[2]} [-v] -A [yes | no | softroot | hardroot] dev")
    name = words[0] if words else values["s"][0]
    if devices.node(m, f"/dev/r{name}d") is None:
        raise SimError(f"raidctl: Unable to open device file: {name}: No such file or directory")
    if name not in m.data.get("parts", {}):
        raise SimError("raidctl: ioctl (RAIDFRAME_GET_INFO) failed: Device not configured")
    if "A" in letters:
        _mark(m, name, values["A"][0])
        return 0
    head = f"{name} " if m.profile.netbsd_revision >= 1000000000 else ""
    print(f"{head}Components:")
    for part in m.data["parts"][name]:
        print(f"{part:>20}: optimal")
    print("No spares.")
    for number, part in enumerate(m.data["parts"][name]):
        _show_label(m, name, number, part)
    print("Parity status: clean\nReconstruction is 100% complete.\nParity Re-write is 100% complete.")
    return 0


def cgdconfig(m: Machine, argv: list[str]) -> int:
    """cgdconfig -l cgdN (sbin/cgdconfig/cgdconfig.c, show): the name of the device as it is in /dev."""
    if m.profile.netbsd_revision < _CGD_LISTS:
        raise SimError("cgdconfig: unknown option -- l")
    name = forms.read(argv).words[0]
    if devices.node(m, f"/dev/{name}d") is None:
        raise SimError(f"cgdconfig: open: {name}: No such file or directory", 0)
    parts = m.data.get("parts", {}).get(name)
    print(f"{name}: {parts[0].removeprefix('/dev/')} " if parts else f"{name}: not in use")
    return 0


def ccdconfig(m: Machine, argv: list[str]) -> int:
    """ccdconfig -g (sbin/ccdconfig/ccdconfig.c, print_ccd_info; measured on NetBSD 7.99.10). The size is made up."""
    found = {name: parts for name, parts in m.data.get("parts", {}).items() if name.startswith("ccd")}
    if not found:
        raise SimError("ccdconfig: no concatenated disks configured")
    for name, parts in found.items():
        print(f"{name}\t\t16\t0x0\t33554432\t{' '.join(parts)}")
    return 0


def dkctl(m: Machine, argv: list[str]) -> int:
    """dkctl DISK getwedgeinfo|listwedges|addwedge (sbin/dkctl/dkctl.c; records dkctl-list, dkctl-missing)."""
    name, command, *more = forms.read(argv).words
    known = m.data.get("wedges", {})
    is_unit = devices.node(m, f"/dev/r{name}d") is not None and name.startswith("vnd")
    if name not in [*known, *(disk.name for disk in m.profile.disks)] and not is_unit:
        raise SimError(f"dkctl: {name}: No such file or directory")
    raw = f"/dev/r{name}" if re.match(r"dk\d", name) else f"/dev/r{name}d"
    if is_unit and name.removeprefix("vnd") not in m.data.get("vnd", {}):
        raise SimError(f"dkctl: {raw}: {command}: Device not configured")
    if command == "getwedgeinfo":
        if name not in known:
            raise SimError(f"dkctl: {raw}: getwedgeinfo: Inappropriate ioctl for device")
        parent, start, size, label, kind = [*known[name], "ffs"][:5]
        print(f"{name} at {parent}: {label}\n{name}: {size} blocks at {start}, type: {kind}")
        return 0
    if command == "addwedge":
        try:
            wedges.add(m, name, int(more[1]), int(more[2]), more[0], more[3])
        except SimError as error:
            raise SimError(f"dkctl: {raw}: addwedge: {error.message}") from None
        return 0
    found = {wedge: about for wedge, about in known.items() if about[0] == name}
    if not found:
        print(f"{raw}: no wedges configured")
        return 0
    print(f"{raw}: {len(found)} wedge{'' if len(found) == 1 else 's'}:")
    for wedge, about in found.items():
        _parent, start, size, label, kind = [*about, "ffs"][:5]
        print(f"{wedge}: {label}, {size} blocks at {start}, type: {kind}")
    return 0
