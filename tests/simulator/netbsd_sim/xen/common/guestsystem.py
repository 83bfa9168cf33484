# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""How far a NetBSD guest comes with what its disk holds, and what of it a network sees.

Its kernel looks for its root file system, init runs /etc/rc, and that asks rc.conf(5) and fstab(5). Sources:
sys/kern/kern_subr.c (setroot), init_main.c (start_init); sbin/init/init.c; etc/rc, rc.subr, rc.d/{fsck,root,sshd,
network}; libexec/getty; records sysinst/screens.txt, final-prompt-shutdown; facts measured 18, 19 (NetBSD 7.99.10).
"""
from __future__ import annotations

import ipaddress
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...core import images, rcconf
from ...core.machine import Machine
from ...disk import gpt, labels, volume
from ...disk.volume import File, Span
from ...net import lan
from ...system import devices, volumes
from .hotplug import local
from .hypervisor import Domain

# How far it comes. NOWHERE: its disks hold nothing at all, and nobody can tell more than that it will not ask for a
# login; so the rest of its life is taken for that of a guest with a system. UNKNOWN: a disk whose bytes are not here.
LOGIN, SINGLE_USER, ROOT_PROMPT, PANIC, NOWHERE, UNKNOWN = "login", "single", "prompt", "panic", "nowhere", "unknown"
# One whose kernel has sysinst in it, which asks for no login: INSTALL_XEN3_DOMU, INSTALL_XEN3PAE_DOMU.
INSTALLER = "installer"
_PROMPT = "cannot mount root, error = {error}\nroot device (default {device}): "
_SINGLE = "Enter pathname of shell or RETURN for /bin/sh: "
_KEY_FILE = re.compile(r"etc/ssh/ssh_host_(\w+_)?key\Z")
_LOOKED_AT = 1 << 20
_DHCP = "dhcp"
Files = dict[str, File]


@dataclass
class System:
    """What came of a boot. `host_keys` are public keys as their files have them; `addresses` those of each vif, with
    their prefix; `said` what the console shows after the kernel's first messages."""

    state: str
    said: str = ""
    login: str = ""
    host_name: str = ""
    root: str = ""
    addresses: dict[int, list[str]] = field(default_factory=dict)
    sshd: bool = False
    powerd: bool = False


def look(m: Machine, domain: Domain) -> System:
    """What the guest's kernel and its system make of its disks now."""
    image = images.identify(local(m, domain["config"]["b_info"].get("kernel", "")))
    if image is not None and image.name.startswith("INSTALL"):
        # record sysinst/screens.txt, screens 4 and 5
        return System(INSTALLER, "boot device: xbd0\nroot on md0a dumps on md0b\nroot file system type: ffs\n"
                                 "warning: no /dev/console\nCreated tmpfs /dev (1523712 byte, 2944 inodes)\n")
    spans = [disk_of(m, vbd) for vbd in domain["vbds"]]
    if any(span is None for span in spans):
        return System(UNKNOWN)
    known = [span for span in spans if span is not None]
    if not any(any(span.read(0, _LOOKED_AT)) for span in known):
        device = "xbd0a" if known else "<none>"
        return System(NOWHERE, _PROMPT.format(error=79, device=device))
    device = root_device(domain["config"]["b_info"].get("cmdline", ""))
    wedge = root_wedge(known, device)
    if wedge is not None:
        inside = volume.files(wedge) if volume.find_ffs(wedge) else None
        if inside is None:
            return System(ROOT_PROMPT, f"boot device: {device}\n" + _PROMPT.format(error=79, device=device))
        return _boot(m, domain, device, inside)
    match = re.fullmatch(r"xbd(\d+)([a-p])?", device)
    if match is None or int(match[1]) >= len(known):
        return System(ROOT_PROMPT, "boot device: <unknown>\nroot device: ")
    name = f"xbd{match[1]}{match[2] or 'a'}"
    span = partition(known[int(match[1])], match[2] or "a")
    found = None if span is None else volume.files(span) if volume.find_ffs(span) else None
    if span is None or found is None:
        return System(ROOT_PROMPT, "boot device: xbd0\n" + _PROMPT.format(error=6 if span is None else 79, device=name))
    return _boot(m, domain, name, found)


def look_for_linux(m: Machine, domain: Domain) -> System:
    """Of a Linux guest whose root file system nobody can look into only whether its disks hold anything: with none, or
    all of them empty, no init asks for a login (init/do_mounts.c, mount_block_root). A ramdisk may bring a system
    along."""
    spans = [disk_of(m, vbd) for vbd in domain["vbds"]]
    if not spans or domain["config"]["b_info"].get("ramdisk") or any(span is None for span in spans):
        return System(UNKNOWN)
    if any(any(span.read(0, _LOOKED_AT)) for span in spans if span):
        return System(UNKNOWN)
    return System(NOWHERE, "VFS: Cannot open root device\n")


def root_device(cmdline: str) -> str:
    """root= or bootdev= of the command line; without one the first disk (screens.txt: `boot device: xbd0` of a guest
    whose configuration names none)."""
    match = re.search(r"(?:^| )(?:root|bootdev)=(\S*)", cmdline)
    return match[1] if match else "xbd0"


def disk_of(m: Machine, vbd: dict[str, Any]) -> Span | None:
    if vbd["physical"] is None:
        path = local(m, vbd["target"])
        return Span(path, 0, path.stat().st_size // labels.SECTOR * labels.SECTOR)
    try:
        node = devices.node(m, vbd["target"])
        return None if node is None else volumes.partition(m, vbd["target"])
    except volumes.NoDevice:
        return None


def root_wedge(disks: list[Span], device: str) -> Span | None:
    """The wedge of that name, of those that the guest's kernel makes of GPTs as its disks attach (sys/arch/xen/xen/
    xbd_xenbus.c: dkwedge_discover; XEN3_DOMU: DKWEDGE_AUTODISCOVER, DKWEDGE_METHOD_GPT)."""
    found = [Span(disk.path, disk.offset + each.start * labels.SECTOR, each.size * labels.SECTOR)
             for disk in disks for each in gpt.entries(disk) or []]
    match = re.fullmatch(r"dk(\d+)", device)
    return found[int(match[1])] if match and int(match[1]) < len(found) else None


def partition(disk: Span, letter: str) -> Span | None:
    """A partition as the guest's kernel sees it; an unlabelled disk is all `a` and `d`."""
    label = volume.read_label(disk) or labels.of_vnd(disk.size // labels.SECTOR)
    part = label.part(letter)
    if part is None or not part.size or (part.fstype == labels.UNUSED and letter != "d"):
        return None
    offset = part.offset * labels.SECTOR
    return Span(disk.path, offset, max(0, min(part.size * labels.SECTOR, disk.size - offset)))


# --- the system ------------------------------------------------------------------------------------------------------


def _boot(m: Machine, domain: Domain, root: str, found: Files) -> System:
    disk = root if root.startswith("dk") else root[:-1]
    swap = f"dk{int(root[2:]) + 1}" if root == disk else f"{disk}b"
    said = f"boot device: {disk}\nroot on {root} dumps on {swap}\nroot file system type: ffs\n"
    if not _is_program(found, "sbin/init"):
        return System(PANIC, said + "exec /sbin/init: error 2\npanic: no init\n")
    if "dev/console" not in found:
        said += "warning: no /dev/console\ninit: Creating tmpfs /dev on /dev\n"
    if not _is_program(found, "etc/rc") or not _is_program(found, "bin/sh"):
        return System(SINGLE_USER, said + _SINGLE, root=root)
    try:
        settings = _settings(found)
    except ValueError as error:
        return System(SINGLE_USER, f"{said}{error}\n{_SINGLE}", root=root)
    if not rcconf.is_yes(settings.get("rc_configured", "NO")):
        said += "/etc/rc.conf is not configured.  Multiuser boot aborted.\n"
        return System(SINGLE_USER, said + _SINGLE, root=root)
    trouble = _fstab_trouble(found, root)
    if trouble:
        said += f"{trouble}\nERROR: ABORTING BOOT (sending SIGTERM to parent)!\n"
        return System(SINGLE_USER, said + _SINGLE, root=root)
    name = settings.get("hostname") or _text(found, "etc/myname").strip() or "Amnesiac"
    terminal = _terminal(found)
    addresses = _addresses(found, settings, len(domain["vifs"]))
    for vif in domain["vifs"]:
        if addresses[vif["devid"]] == [_DHCP]:
            address = lan.lease(m, vif["bridge"], vif["mac"])
            said += lan.said(f"xennet{vif['devid']}", address)
            addresses[vif["devid"]] = [address] if address else []
    login = f"\nNetBSD/{m.profile.arch} ({name}) ({terminal})\n\nlogin: " if terminal else ""
    return System(LOGIN, said, login, name, root, addresses,
                  _sshd_runs(found, settings), rcconf.is_yes(settings.get("powerd", "NO")))


def _text(found: Files, path: str) -> str:
    file = found.get(path)
    return file.content.decode(errors="replace") if file and file.content else ""


def _is_program(found: Files, path: str) -> bool:
    """Something that could run: not what a power cut has left of it."""
    file = found.get(path)
    return file is not None and (bool(file.link) or (file.content is not None and b"\0" not in file.content
                                                     and bool(file.content)))


def _settings(found: Files) -> dict[str, str]:
    """What /etc/rc.conf says, read by sh. Raises ValueError with what sh says of one that it cannot read."""
    with tempfile.TemporaryDirectory() as folder:
        for path in ("etc/defaults/rc.conf", "etc/rc.conf"):
            copy = Path(folder, path)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path in found:
                copy.write_text(_text(found, path).replace("\0", ""))
        return rcconf.read(Machine(folder, folder))


def _fstab_trouble(found: Files, root: str) -> str:
    """What rc.d/fsck says of an fstab without which it cannot go on; empty for a good one."""
    text = _text(found, "etc/fstab")
    if not text:
        return "fsck: Can't open `/etc/fstab': No such file or directory\nUnknown error 1; help!"
    lines = [line.split() for line in text.splitlines() if line.partition("#")[0].strip()]
    short = next((number for number, words in enumerate(lines, 1) if len(words) < 4 or "\0" in "".join(words)), None)
    if short:
        return f"fsck: /etc/fstab, {short}: Missing fields\nUnknown error 1; help!"
    at_root = next((words for words in lines if words[1] == "/"), None)
    if at_root is None or at_root[0] != f"/dev/{root}":
        device = at_root[0] if at_root else "/"
        raw = device.replace("/dev/", "/dev/r", 1)
        return (f"Can't open {raw}: Device not configured\n{raw}: CAN'T CHECK FILE SYSTEM.\n"
                "Automatic file system check failed; help!")
    return ""


def _terminal(found: Files) -> str:
    """The terminal of the console on which getty runs: console, or constty, which is the same device."""
    for line in _text(found, "etc/ttys").splitlines():
        match = re.match(r'(console|constty)\s+("[^"]*getty[^"]*"|\S*getty\S*)\s+\S+\s+on\b', line)
        if match:
            return match[1]
    return ""


def _addresses(found: Files, settings: dict[str, str], vifs: int) -> dict[int, list[str]]:
    """The addresses of xennet0 and its like: `ifconfig_IF` in rc.conf, or ifconfig.IF (rc.d/network, which starts
    dhcpcd for a line `dhcp`)."""
    result = {}
    for number in range(vifs):
        text = settings.get(f"ifconfig_xennet{number}") or _text(found, f"etc/ifconfig.xennet{number}")
        lines = [line.split() for line in re.split(r"[\n;]", text) if line.strip()]
        result[number] = [_DHCP] if ["dhcp"] in lines else [each for each in map(_address, lines) if each]
    return result


def _address(words: list[str]) -> str:
    """ADDRESS/PREFIX of a line `inet ADDRESS[/PREFIX] [netmask MASK]`, empty for any other."""
    words = words[1:] if words[:1] == ["inet"] else words
    try:
        if "netmask" in words:
            mask = words[words.index("netmask") + 1]
            mask = str(ipaddress.ip_address(int(mask, 16))) if mask.startswith("0x") else mask
            return str(ipaddress.IPv4Interface(f"{words[0]}/{mask}"))
        return str(ipaddress.IPv4Interface(words[0])) if "/" in words[0] else ""
    except (ValueError, IndexError):
        return ""


def _sshd_runs(found: Files, settings: dict[str, str]) -> bool:
    """Whether sshd comes up. It makes keys of the types that are missing itself (rc.d/sshd, keygen), and ends if it can
    load none of those that are there."""
    if not rcconf.is_yes(settings.get("sshd", "NO")) or not _is_program(found, "usr/sbin/sshd"):
        return False
    if "etc/ssh/sshd_config" not in found or b"\0" in (found["etc/ssh/sshd_config"].content or b""):
        return False
    there = [path for path in found if _KEY_FILE.fullmatch(path)]
    return not there or bool(host_keys(found))


def host_keys(found: Files) -> list[str]:
    """The public keys (type and key) with which sshd can answer: those whose private half is whole and nobody else's to
    read."""
    return [public for _private, public in _whole_keys(found)]


def private_keys(found: Files) -> list[bytes]:
    """The private halves of the same."""
    return [private for private, _public in _whole_keys(found)]


def _whole_keys(found: Files) -> Iterator[tuple[bytes, str]]:
    for path, file in found.items():
        if _KEY_FILE.fullmatch(path) and file.content and b"\0" not in file.content and not file.mode & 0o077:
            public = _text(found, path + ".pub").split()[:2]
            if len(public) == 2 and "\0" not in "".join(public):
                yield file.content, " ".join(public)
