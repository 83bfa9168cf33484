# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of other disks: raidctl, cgdconfig, ccdconfig and dkctl, which only show.

A test puts the state there: `m.data["parts"]` maps a unit (raid0, cgd0, ccd0) to the devices that it is made of;
wedges are those of wedges.py. What they print was measured on NetBSD 7.99.10, without raidctl's component labels; that
of other releases is from source.
"""

from __future__ import annotations

import re

from ..core import forms
from ..core.machine import Machine, SimError
from . import devices, wedges

# The first release whose cgdconfig has -l: assumed (sbin/cgdconfig/cgdconfig.c, do_list).
_CGD_LISTS = 800000000


def units(m: Machine) -> list[str]:
    """The names that hw.disknames shows of these: each is a disk of its own (disk_attach in sys/dev/raidframe/
    rf_netbsdkintf.c, sys/dev/cgd.c, sys/dev/ccd.c and sys/dev/dkwedge/dk.c)."""
    return [*m.data.get("parts", {}), *m.data.get("wedges", {})]


def raidctl(m: Machine, argv: list[str]) -> int:
    """raidctl -s raidN (sbin/raidctl/raidctl.c, rf_get_device_status)."""
    name = forms.read(argv).values["s"][0]
    if devices.node(m, f"/dev/r{name}d") is None:
        raise SimError(f"raidctl: Unable to open device file: {name}: No such file or directory")
    if name not in m.data.get("parts", {}):
        raise SimError("raidctl: ioctl (RAIDFRAME_GET_INFO) failed: Device not configured")
    head = f"{name} " if m.profile.netbsd_revision >= 1000000000 else ""
    print(f"{head}Components:")
    for part in m.data["parts"][name]:
        print(f"{part:>20}: optimal")
    print("No spares.\nParity status: clean\nReconstruction is 100% complete.\nParity Re-write is 100% complete.")
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
