# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What a Linux guest's kernel and its init make of a root file system that is made by the real mke2fs: whether it comes
up to a login, and what answers on the network.

Sources: Linux init/main.c (kernel_init), systemd-getty-generator(8), sysvinit's inittab(5), interfaces(5),
systemd.network(5), netplan's YAML, OpenSSH's sshd_config(5) and sshd.c.
"""
from __future__ import annotations

import ipaddress
import json
import posixpath
import re

from ...core.machine import Machine
from ...disk import extfiles
from ...disk.volume import File, Span
from .guestsystem import LOGIN, PANIC, System, disk_of, host_keys
from .hypervisor import Domain

Files = dict[str, File]
# What a guest's state has as the name of its root: which one it is its command line says.
ROOT = "linux"
_ROOT = re.compile(r"(?:^| )root=(?:/dev/)?((?:xvd|hd|sd)[a-p])(\d*)(?= |$)")
# Partitions of the MBR: 16 bytes each, with the first sector and their number (4 bytes each) at 8.
_TABLE, _ENTRY, _SECTOR = 446, 16, 512
_NO_INIT = ("Kernel panic - not syncing: No working init found.  Try passing init= option to kernel. See Linux "
            "Documentation/admin-guide/init.rst for guidance.\n")
_RULES = ("80-net-setup-link.rules", "80-net-name-slot.rules")


def look(m: Machine, domain: Domain) -> System | None:
    """What comes of its boot; None where the root file system is none that can be looked into."""
    span = root_span(m, domain)
    found = None if span is None else extfiles.files(span)
    if found is None:
        return None
    cmdline = _cmdline(domain)
    if not _there(found, "sbin/init"):
        return System(PANIC, _NO_INIT)
    name = _text(found, "etc/hostname").strip() or "(none)"
    login = f"\n{name} login: " if _asks(found, cmdline) else ""
    addresses = {
        vif["devid"]: _addresses(found, cmdline, number, vif["mac"]) for number, vif in enumerate(domain["vifs"])
    }
    sshd = _there(found, "usr/sbin/sshd") and _there(found, "etc/ssh/sshd_config") and bool(host_keys(found))
    return System(LOGIN, "", login, name, ROOT, addresses, sshd, True)


def root_span(m: Machine, domain: Domain) -> Span | None:
    """The file system that ``root=`` names: a disk of the guest, or a partition of one."""
    match = _ROOT.search(_cmdline(domain))
    if match is None:
        return None
    spans = {vbd["devid"]: disk_of(m, vbd) for vbd in domain["vbds"]}
    whole = spans.get(_device(match[1], match[2]))
    if whole is not None or not match[2]:
        return whole
    disk = spans.get(_device(match[1], ""))
    return None if disk is None else _partition(disk, int(match[2]))


def _device(disk: str, partition: str) -> int:
    """The number by which a guest knows a disk or a partition of it (xen docs/man/xen-vbd-interface.7.pandoc)."""
    kind, index = disk[:-1], ord(disk[-1]) - ord("a")
    base = {"xvd": 202 << 8, "sd": 8 << 8, "hd": (3, 3, 22, 22)[index % 4] << 8}[kind]
    return base + (index % 2 << 6 if kind == "hd" else index << 4) + int(partition or 0)


def _partition(disk: Span, number: int) -> Span | None:
    head = disk.read(0, _SECTOR)
    if head[510:] != b"\x55\xaa" or not 1 <= number <= 4:
        return None
    entry = head[_TABLE + (number - 1) * _ENTRY:][:_ENTRY]
    first, count = (int.from_bytes(entry[at:at + 4], "little") for at in (8, 12))
    return Span(disk.path, disk.offset + first * _SECTOR, count * _SECTOR) if count else None


def _cmdline(domain: Domain) -> str:
    return str(domain["config"]["b_info"].get("cmdline", ""))


def _resolved(found: Files, path: str) -> str:
    """A path behind the links in it, which lead from the guest's own root."""
    done = ""
    parts = path.split("/")
    for _step in range(40):
        if not parts:
            return done
        done = posixpath.join(done, parts.pop(0))
        file = found.get(done)
        if file is not None and file.link:
            target = file.link.lstrip("/") if file.link.startswith("/") else posixpath.join(
                posixpath.dirname(done), file.link)
            parts, done = [*posixpath.normpath(target).split("/"), *parts], ""
    return done


def _there(found: Files, path: str) -> bool:
    file = found.get(_resolved(found, path))
    return bool(file and file.content and file.content[:1] != b"\0")


def _text(found: Files, path: str) -> str:
    file = found.get(_resolved(found, path))
    return (file.content or b"").decode(errors="replace") if file else ""


def _asks(found: Files, cmdline: str) -> bool:
    """systemd asks on whatever console the kernel has, SysV's init and busybox' where inittab says so."""
    if _there(found, "lib/systemd/systemd"):
        return True
    match = re.search(r"(?:^| )xencons=(\w+)", cmdline)
    console = match[1] if match else "hvc0"
    return bool(re.search(rf"^[^#\n]*:respawn:.*getty.*\b{console}\b", _text(found, "etc/inittab"), re.MULTILINE))


def _addresses(found: Files, cmdline: str, number: int, mac: str) -> list[str]:
    """The static addresses of an interface: of what sets the network up, the first that there is."""
    if _there(found, "usr/sbin/netplan"):
        return _of_netplan(found, mac)
    if _there(found, "sbin/ifup"):
        renamed = any(_there(found, f"lib/udev/rules.d/{rule}") for rule in _RULES)
        if renamed and "net.ifnames=0" not in cmdline.split():
            return []
        return _of_interfaces(_text(found, "etc/network/interfaces"), f"eth{number}")
    if "etc/systemd/system/multi-user.target.wants/systemd-networkd.service" in found:
        return _of_networkd(found, mac)
    return []


def _of_interfaces(text: str, name: str) -> list[str]:
    result = []
    for block in re.split(r"^(?=iface )", text, flags=re.MULTILINE):
        if re.match(rf"iface {name} inet static\b", block) and re.search(rf"^auto .*\b{name}\b", text, re.MULTILINE):
            values = dict(line.split(None, 1) for line in block.splitlines()[1:] if len(line.split()) > 1)
            result.append(str(ipaddress.IPv4Interface(f"{values['address']}/{values['netmask']}".replace("\n", ""))))
    return result


def _of_networkd(found: Files, mac: str) -> list[str]:
    for path in sorted(found):
        if re.fullmatch(r"etc/systemd/network/[^/]+\.network", path):
            text = _text(found, path)
            if f"MACAddress={mac}" in text.splitlines():
                return [line.partition("=")[2] for line in text.splitlines() if re.match(r"Address=[0-9.]+/", line)]
    return []


def _of_netplan(found: Files, mac: str) -> list[str]:
    for path in sorted(found):
        if re.fullmatch(r"etc/netplan/[^/]+\.yaml", path):
            for entry in json.loads(_text(found, path))["network"].get("ethernets", {}).values():
                if entry.get("match", {}).get("macaddress") == mac:
                    return [each for each in entry.get("addresses", []) if "." in each]
    return []
