# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Tools of one release under the hypervisor of another.

Each call that manages the machine (sysctl) or a domain (domctl) carries the number of its interface, and the hypervisor
answers EACCES to any number but its own (xen/common/sysctl.c, domctl.c). Numbers: xen/include/public/sysctl.h and
domctl.h; sysctl's was the same from 4.17 to 4.20, domctl's from 4.19 to 4.21. So xl of 4.18 still lists what runs on
4.20, and can't create anything. Texts: xl_info.c, libxl.c, libxl_domain.c, libxl_create.c, and drakvuf-sandbox issue
515 for `xl create`.
"""
from __future__ import annotations

from ...core.machine import Machine, NotSimulated
from ...pkg import tools
from ..common.hypervisor import XlExit, err, info_lines, out

# release -> (sysctl, domctl); of a release that is not here both differ from every other's.
_NUMBERS = {"4.15": (0x13, 0x13), "4.17": (0x15, 0x15), "4.18": (0x15, 0x16), "4.20": (0x15, 0x17)}
_SAFE = ("help", "list", "info", "vm-list", "domid", "domname", "dmesg", "cpupool-list")
_LIST = "libxl: error: libxl_domain.c:317:libxl_list_domain: getting domain info list: Permission denied\n"
_PHYSINFO = "libxl: error: libxl.c:367:libxl_get_physinfo: getting physinfo: Permission denied\n"
# What `xl info` prints without asking sysctl.
_OF_THE_NODE = ("host", "release", "version", "machine")


def check(m: Machine, command: str, args: list[str]) -> None:
    """Call it at xl's entry, with the full name of the sub-command. Raises XlExit if the hypervisor refuses."""
    running = str((m.data.get("hypervisor") or {}).get("release", ""))
    mine = tools.release(m)
    if running in ("", mine):
        return
    known = running in _NUMBERS and mine in _NUMBERS
    lists = known and _NUMBERS[running][0] == _NUMBERS[mine][0]
    if command == "help" or (lists and command in _SAFE):
        return
    if command == "create":
        _create(lists, [word for word in args if not word.startswith("-")])
    if lists:
        raise NotSimulated(f"xl {command} of Xen {mine} under Xen {running}")
    if command == "list":
        err(_LIST + "libxl_list_domain failed.\n")
        raise XlExit(1)
    if command == "info":
        _info(m)
        raise XlExit(0)
    if command == "vm-list":
        err(_LIST + "libxl_list_vm failed.\n")
        raise XlExit(1)
    raise NotSimulated(f"xl {command} of Xen {mine} under Xen {running}")


def _create(lists: bool, words: list[str]) -> None:
    err(f"Parsing config from {words[0]}\n" if words else "")
    if not lists:
        err(_PHYSINFO + "libxl_get_physinfo failed\n")
        raise XlExit(1)
    err("libxl: error: libxl_create.c:730:libxl__domain_make: domain creation fail: Permission denied\n"
        "libxl: error: libxl_create.c:1336:initiate_domain_create: cannot make domain: -3\n")
    raise XlExit(3)


def _info(m: Machine) -> None:
    """The scheduler is asked of sysctl as well, before the lines of the hypervisor (xl_info.c: output_xeninfo)."""
    for key, value in info_lines(m, numa=False):
        if key in _OF_THE_NODE:
            out(f"{key:<23}: {value}\n")
    err(_PHYSINFO + "libxl_physinfo failed.\n"
        "libxl: error: libxl.c:664:libxl_get_scheduler: getting current scheduler id: Permission denied\n"
        "get_scheduler sysctl failed.\n")
    out(f"{'xend_config_format':<23}: 4\n")
