# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A Linux system's own files, changed for one guest. Pure: texts to texts, and what is there to what shall be there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from . import network
from .network import Interface

LOCKED = "*"
# How a tree says what sets its network up, the first that it has.
_NETWORKS = (
    ("netplan", ("usr/sbin/netplan",)),
    ("ifupdown", ("sbin/ifup", "usr/sbin/ifup")),
    ("networkd", ("lib/systemd/systemd-networkd", "usr/lib/systemd/systemd-networkd")),
)
_RENAMES = ("80-net-setup-link.rules", "80-net-name-slot.rules")
_ROOT = re.compile(r"^root:[^:\n]*:", re.MULTILINE)
_VERSION = re.compile(r"([0-9]+)")


def fstab(root: str, file_system: str, swap: str = "") -> str:
    """The text of /etc/fstab. Devices as the guest names them."""
    lines = [f"/dev/{root} / {file_system} errors=remount-ro 0 1"]
    if swap:
        lines.append(f"/dev/{swap} none swap sw 0 0")
    return "".join(f"{line}\n" for line in lines)


def shadow(text: str, hashed: str) -> str:
    """/etc/shadow with root's password. Raises ValueError where root is not in it."""
    if not _ROOT.search(text):
        raise ValueError("has no line for root")
    return _ROOT.sub(lambda _found: f"root:{hashed or LOCKED}:", text, count=1)


def hosts(text: str, host_name: str) -> str:
    """/etc/hosts with the guest's own name, by an address that is there without any network (as Debian has it)."""
    short = host_name.split(".")[0]
    names = host_name if host_name == short else f"{host_name} {short}"
    kept = [line for line in text.splitlines() if not line.startswith("127.0.1.1")]
    if not any(line.split()[:1] == ["127.0.0.1"] for line in kept):
        kept.insert(0, "127.0.0.1 localhost")
    return "".join(f"{line}\n" for line in [*kept, f"127.0.1.1 {names}"])


def inittab(text: str, console: str) -> str:
    """/etc/inittab with a login on the console, once."""
    if re.search(rf"^[^#\n]*\b{console}\b", text, re.MULTILINE):
        return text
    getty = "/sbin/agetty" if "/sbin/agetty" in text else "/sbin/getty"
    line = f"{console[-4:]}:2345:respawn:{getty} 38400 {console}\n"
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{line}"


def securetty(text: str, console: str) -> str:
    """/etc/securetty, where root may log in, with the console."""
    if console in text.splitlines():
        return text
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{console}\n"


def console_of(command_line: str) -> str:
    """The console's device in a guest with this command line: kernels before pv_ops were told by ``xencons=``."""
    found = re.search(r"(?<!\S)xencons=(\w+)", command_line)
    return found.group(1) if found and found.group(1) != "xvc" else "hvc0"


def network_manager(there: Callable[[str], bool]) -> str:
    """What sets the network up in a tree: netplan, ifupdown or networkd; empty for none of these. ``there`` tells
    whether a path of the tree exists."""
    return next((name for name, paths in _NETWORKS if any(map(there, paths))), "")


def renames_interfaces(there: Callable[[str], bool]) -> bool:
    """Whether the tree's udev gives interfaces names of its own, unless the command line has ``net.ifnames=0``."""
    return any(there(f"{place}/udev/rules.d/{name}") for place in ("lib", "usr/lib") for name in _RENAMES)


def network_files(manager: str, interfaces: Sequence[Interface]) -> dict[str, str]:
    """The files that set the network up, by their paths from the tree's root, without the first slash."""
    if manager == "netplan":
        found = network.netplan(interfaces)
    elif manager == "networkd":
        found = network.networkd(interfaces)
    else:
        found = {"/etc/network/interfaces": network.ifupdown(interfaces)}
    return {path.lstrip("/"): text for path, text in found.items()}


def newest(names: Sequence[str]) -> str:
    """The kernel of the highest version among names like vmlinuz-6.1.0-38-amd64; empty for none. Numbers count as
    numbers, and a backup (.old) is none."""
    kernels = [name for name in names if re.match(r"vmlinu[xz]-[0-9]", name) and not name.endswith((".old", ".bak"))]
    return max(kernels, key=_by_version, default="")


def _by_version(name: str) -> list[tuple[int, int, str]]:
    parts = _VERSION.split(name)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]


def ramdisk_of(kernel: str, names: Sequence[str]) -> str:
    """The ramdisk for a kernel's name among those beside it, as Debian, Fedora, SUSE and Arch name it; empty for
    none."""
    version = kernel.split("-", 1)[1] if "-" in kernel else ""
    wanted = (f"initrd.img-{version}", f"initramfs-{version}.img", f"initrd-{version}", f"initrd-{version}.img")
    return next((name for name in wanted if name in names), "")
