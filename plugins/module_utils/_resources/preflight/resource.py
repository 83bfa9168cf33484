# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: whether a machine can become, or stay, a dom0 of a Xen release. It changes nothing; it refuses, with all
that is in the way at once, before anything is installed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ... import _releases
from ..._change import LIMIT, Change, NotRead, Plan, Refused, XenError
from ..._host import Host
from ..boot import by_default, efi, hardware, loaders
from ..boot.arguments import Arguments, arguments
from ..boot.loaders import LOADERS, Loader
from . import read as preflight_read

NAME = "preflight"
NETBSD = "NetBSD"
GUEST_TYPES = ("pv", "pvh", "hvm")
ARGUMENTS: dict[str, Any] = {
    "release": {"type": "str", "required": True},
    "guest_types": {"type": "list", "elements": "str", "choices": list(GUEST_TYPES), "default": ["pv"]},
    "loader": {"type": "str", "choices": list(LOADERS), "default": loaders.BOOT_CFG.name},
    "native_kernel": {"type": "path", "default": "/netbsd"},
    "boot_files": {"type": "list", "elements": "path", "default": []},
    "kernel_args": {"type": "str", "default": ""},
    "hypervisor_args": {"type": "str", "default": ""},
    "disk": {"type": "str"},
    "menu": {"type": "path"},
    **LIMIT,
}

MEBIBYTE = 1 << 20
# More than a hypervisor or a dom0 kernel takes, each compressed; twice, because the previous one stays beside it.
ROOM_FOR_A_FILE = 2 * 16 * MEBIBYTE


@dataclass(frozen=True)
class Declared:
    """What the machine shall be. ``boot_files`` are what role dom0 puts onto the root file system, ``arguments`` what
    the hypervisor and the dom0 kernel will be given, ``disk`` is the one whose boot blocks will be written, and
    ``menu`` the file that is said to be the menu, both empty for none."""

    row: _releases.Release
    guest_types: tuple[str, ...]
    loader: Loader
    native_kernel: str
    boot_files: tuple[str, ...]
    arguments: Arguments
    disk: str
    menu: str


def declare(params: dict[str, Any]) -> Declared:
    """What is wanted. Raises Refused for an unknown release and for paths that are not absolute."""
    paths = (params["native_kernel"], *params["boot_files"])
    for path in paths:
        if not path.startswith("/"):
            raise Refused(f"{path!r} is not an absolute path.")
    return Declared(
        row=_releases.release(params["release"]),
        guest_types=tuple(dict.fromkeys(params["guest_types"])),
        loader=LOADERS[params["loader"]],
        native_kernel=params["native_kernel"],
        boot_files=tuple(params["boot_files"]),
        arguments=arguments(params.get("kernel_args") or "", params.get("hypervisor_args") or ""),
        disk=params.get("disk") or "",
        menu=params.get("menu") or "",
    )


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """The machine. Ahead of a task: what can matter to any release, with the loader that the machine has."""
    if declared is None:
        return {**preflight_read.machine(host, (), None), **_boot(host, LOADERS.values(), ())}
    files = (declared.native_kernel, *declared.boot_files)
    found = preflight_read.machine(host, files, declared.loader.root is not None)
    return {**found, **_boot(host, [declared.loader], declared.arguments.kernel)}


def _boot(host: Host, found: Iterable[Loader], words: Iterable[str]) -> dict[str, Any]:
    """How the machine boots, and what it has of what boot arguments name, with the disks of the menus that it has."""
    if host.system != NETBSD:
        return {"efi": None, "hardware": None}
    lines = [" ".join(entry.arguments.kernel) for loader in found for entry in by_default.read(host, loader).xen]
    return {"efi": efi.read(host), "hardware": hardware.read(host, [*lines, " ".join(words)])}


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """Never a change. Raises Refused with one line for each problem: what was found, what is needed, what to do."""
    problems = [line for check in CHECKS for line in check(current, declared)]
    if problems:
        raise Refused("\n".join(problems))
    return Plan(warnings=_warnings(current, declared))


def apply(host: Host, change: Change) -> None:
    """There is nothing to carry out. Raises XenError."""
    raise XenError(f"{NAME} changes nothing, and so not {change.thing} either")


# -- one check a subject; each gives lines for the admin ---------------------------------------------------------------


def _system(current: dict[str, Any], declared: Declared) -> list[str]:
    if current["system"] != NETBSD:
        return [f"This machine runs {current['system']}; it must run NetBSD. Install that first."]
    if current["role"] == "domu":
        return ["This machine is a Xen guest itself, and no guest can be a dom0. Take it out of the group of dom0s."]
    return []


def _platform(current: dict[str, Any], declared: Declared) -> list[str]:
    row, processor = declared.row, current["processor"]
    if not row.platforms or processor in row.platforms:
        return []
    others = [name for name, other in _releases.RELEASES.items() if processor in other.platforms]
    there_are = f"for it there are {', '.join(reversed(others))}" if others else "there is none for it"
    return [
        f"Xen {row.name} is for {' and '.join(row.platforms)}, and this machine is {processor}; {there_are}. Set "
        "dom0_xen_release."
    ]


def _netbsd(current: dict[str, Any], declared: Declared) -> list[str]:
    oldest, newest = declared.row.netbsd
    major = current["release"].split(".")[0]
    if current["system"] != NETBSD or not major.isdigit():
        return []
    found = f"Xen {declared.row.name} has no packages for NetBSD {current['release']}"
    if oldest is not None and int(major) < oldest:
        return [f"{found}; it needs NetBSD {oldest} or newer. Upgrade NetBSD, or set dom0_xen_release."]
    if newest is not None and int(major) > newest:
        return [
            f"{found}; the last to have them was NetBSD {newest}. Set dom0_xen_release to "
            f"{' or '.join(reversed(_releases.supported()))}."
        ]
    return []


def _room(current: dict[str, Any], declared: Declared) -> list[str]:
    """Only for what is not there yet: a machine that is complete must not be refused for a full disk."""
    missing = [path for path in declared.boot_files if not _size(current, path)]
    needed = len(missing) * ROOM_FOR_A_FILE
    free = current["free"] + _wasted(current, declared)
    if free >= needed:
        return []
    return [
        f"The root file system has {free} bytes free; {' and '.join(missing)}, each with its predecessor, "
        f"need {needed}. Make room on /."
    ]


def _wasted(current: dict[str, Any], declared: Declared) -> int:
    """The bytes that system_files makes free before it writes these files: what a killed run left of them."""
    beginnings = tuple(f"/.{path[1:]}." for path in declared.boot_files if path.count("/") == 1)
    left = (f"/{name}" for name in current["unfinished"])
    return sum(_size(current, path) for path in left if path.startswith(beginnings))


def _native_kernel(current: dict[str, Any], declared: Declared) -> list[str]:
    if _size(current, declared.native_kernel):
        return []
    return [
        f"There is no native kernel {declared.native_kernel}, or it is empty, so the machine would have no way back "
        "when Xen does not boot. Install one (the set kern-GENERIC), or set dom0_native_kernel."
    ]


def _kern(current: dict[str, Any], declared: Declared) -> list[str]:
    if current["system"] == NETBSD and not current["mounts_told"]:
        return [
            "mount(8) does not tell what is mounted, so nobody knows about /kern. Look at what it prints, and "
            "at /etc/fstab, by which the machine mounts at boot."
        ]
    if current["kern"] in (None, "kernfs"):
        return []
    return [
        f"A file system of type {current['kern']} is mounted on /kern, where dom0 needs kernfs. Mount it elsewhere, "
        "and correct /etc/fstab."
    ]


def _root_for_loader(current: dict[str, Any], declared: Declared) -> list[str]:
    needed = declared.loader.root
    if needed is None:
        return []
    found = current["superblock"]
    if found is None:
        raise NotRead("the form of the root file system was not looked at")
    wrong = [
        f"{what} {value}"
        for what, value, right in (
            ("format", found["format"] or "unknown", found["format"] == needed.format),
            ("block size", found["block"], found["block"] == needed.block),
            ("fragment size", found["fragment"], found["fragment"] == needed.fragment),
            ("size", f"{found['size']} bytes", 0 < found["size"] < needed.below),
        )
        if not right
    ]
    if not wrong:
        return []
    return [
        f"{declared.loader.title} can't read the root file system: it has {', '.join(wrong)}. It needs {needed.format} "
        f"with blocks of {needed.block} and fragments of {needed.fragment} bytes, smaller than {needed.below} bytes. "
        f"Set bootloader_loader to {loaders.names(row for row in LOADERS.values() if row.root is None)}, or install "
        f"NetBSD with such a root ({needed.newfs})."
    ]


def _firmware(current: dict[str, Any], declared: Declared) -> list[str]:
    if current["boot_method"] != "UEFI":
        return []
    problems = []
    if not declared.row.multiboot2:
        # "EFI boot requires multiboot 2 kernel" (sys/arch/i386/stand/lib/exec.c)
        first = next(row.name for row in _releases.RELEASES.values() if row.multiboot2)
        problems.append(
            f"This machine boots by UEFI, and Xen {declared.row.name} has no multiboot2 header, without which it "
            f"can't. It needs Xen {first} or newer (dom0_xen_release), or a boot by BIOS (CSM)."
        )
    if not declared.loader.efi:
        problems.append(
            f"This machine boots by UEFI, and {declared.loader.title} can't. Set bootloader_loader to "
            f"{loaders.names(row for row in LOADERS.values() if row.efi)}."
        )
    return problems


def _guests_of_release(current: dict[str, Any], declared: Declared) -> list[str]:
    row = declared.row
    return [
        f"Guests of type {kind} are wanted, and Xen {row.name} has none; the first release with them is "
        f"{_first(kind)}. Of its types there are {', '.join(row.guest_types)}."
        for kind in declared.guest_types
        if kind not in row.guest_types
    ]


def _guests_of_cpu(current: dict[str, Any], declared: Declared) -> list[str]:
    found, wanted = current["virtualization"], _with_hardware(declared)
    if not wanted or found["hvm"] is not False:
        return []
    return [
        f"Guests of type {' and '.join(wanted)} are wanted, and this machine's CPU does not help with them ("
        f"{found['source']}): they need VMX (Intel) or SVM (AMD). Switch it on in the firmware, or use type pv."
    ]


def _arguments(current: dict[str, Any], declared: Declared) -> list[str]:
    found = current["hardware"]
    if not found:
        return []
    disk = hardware.disk_problems(found, declared.disk) if declared.disk else []
    return [*disk, *hardware.problems(found, declared.arguments)]


def _menu(current: dict[str, Any], declared: Declared) -> list[str]:
    found = current["efi"]
    if not found or declared.loader != loaders.BOOT_CFG:
        return []
    try:
        efi.refuse_shadowed(found, declared.menu or efi.menu(found))
    except Refused as error:
        return [str(error)]
    return []


CHECKS = (
    _system,
    _platform,
    _netbsd,
    _room,
    _native_kernel,
    _kern,
    _root_for_loader,
    _firmware,
    _arguments,
    _menu,
    _guests_of_release,
    _guests_of_cpu,
)


# -- what is not in the way, and the admin should know -----------------------------------------------------------------


def _warnings(current: dict[str, Any], declared: Declared) -> list[str]:
    row, found = declared.row, []
    if row.note:
        found.append(f"Xen {row.name}: {row.note}")
    elif row.security_support_ends and row.security_support_ends < current["day"]:
        found.append(
            f"Xen {row.name}: Xen mends its security until {row.security_support_ends}, and this machine's clock says "
            f"{current['day']}. Look for a newer release."
        )
    wanted = _with_hardware(declared)
    if wanted and current["virtualization"]["hvm"] is None:
        found.append(
            f"Guests of type {' and '.join(wanted)} are wanted, and {current['virtualization']['source']} does not "
            "tell whether this machine's CPU helps with them (VMX or SVM)."
        )
    return found


# -- the words of the reading ------------------------------------------------------------------------------------------


def _with_hardware(declared: Declared) -> list[str]:
    return [kind for kind in declared.guest_types if kind != "pv"]


def _first(kind: str) -> str:
    return next(name for name, row in _releases.RELEASES.items() if kind in row.guest_types)


def _size(current: dict[str, Any], path: str) -> int:
    """A file's size, 0 if there is none. Raises NotRead for one that was not looked at."""
    if path in current["files"]:
        return current["files"][path] or 0
    if path.rpartition("/")[0]:
        raise NotRead(f"{path} was not looked at")
    return 0  # the whole root directory was
