# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A guest as the admin declares it: from the short form to the long one, with every value checked.

xl takes many wrong values without a word and with exit status 0 (records create_bad_memory, create_bad_mac,
create_unknown_key_dry (xl 4.20)), so they are refused here, before anything is touched.
"""

from __future__ import annotations

import difflib
import itertools
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._formats import devices, units, xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._formats.devices import Disk, Nic
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xlcfg_keys import (
    DECLARED_KEYS,
    OTHER_KEYS,
    SECRET_KEYS,
)

STATES = ("running", "shutdown", "destroyed", "absent")
SYSTEMS = ("netbsd", "linux", "other")
TYPES = ("pv", "pvh", "hvm")
EVENT_ACTIONS = (
    "destroy",
    "restart",
    "rename-restart",
    "preserve",
    "coredump-destroy",
    "coredump-restart",
)
MIN_MEMORY, MAX_MEMORY = 16, 1 << 24
MAX_VCPUS = 512
MAX_NAME = 64

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*\Z")
_BRIDGE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,14}\Z")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
# The character device of a NetBSD disk. libxl wants the block device or a file (record create-rawdisk, NetBSD 7.99.10).
_RAW_DEVICE = re.compile(r"/dev/r((?:wd|sd|ld|dk|raid|ccd|cgd|vnd|xbd|cd)[0-9]+[a-p]?)\Z")
_TRUE, _FALSE = ("yes", "on", "true", "1"), ("no", "off", "false", "0")

# What an entry of os_defaults may give, and what a guest that boots in its own way does not take from there.
_DEFAULTABLE = (
    "type kernel ramdisk cmdline root extra bootloader memory maxmem vcpus maxvcpus on_poweroff on_reboot on_crash "
    "autostart settings"
).split()
_KERNEL_KEYS = ("kernel", "ramdisk", "cmdline", "root", "extra")
GUEST_KEYS = ("name", "os", "disks", "nics", "uuid", "state", *_DEFAULTABLE, *SECRET_KEYS)
DISK_KEYS = ("path", "size", "vdev", "access", "format", "cdrom")
NIC_KEYS = ("bridge", "mac", "model", "script", "ip")


@dataclass(frozen=True)
class Guest:
    """One guest in the long form. Memory in MiB; empty text means: not given."""

    name: str
    os: str
    type: str
    kernel: str
    ramdisk: str
    cmdline: str
    bootloader: str
    memory: int
    maxmem: int
    vcpus: int
    maxvcpus: int
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    on_poweroff: str
    on_reboot: str
    on_crash: str
    uuid: str
    uuid_given: bool
    autostart: bool
    state: str
    settings: dict[str, Any] = field(default_factory=dict, hash=False)
    secrets: dict[str, str] = field(default_factory=dict, hash=False, repr=False)

    @property
    def files(self) -> list[str]:
        """What must be on the machine for it to start, its disks apart. A bootloader may be a name in xl's own
        folder."""
        return [path for path in (self.kernel, self.ramdisk) if path]


def expand(
    raw: object, host_name: str, os_defaults: dict[str, dict[str, Any]], secrets: dict[str, Any]
) -> tuple[Guest | None, list[str]]:
    """One declared guest in the long form, and everything that is wrong with it, a line each. None if much is wrong."""
    if not isinstance(raw, dict):
        return None, [f"a guest is {raw!r}; allowed is a dictionary with at least a name"]
    name = raw.get("name")
    problem = name_problem(name)
    if problem:
        return None, [f"guest {name!r}: name is {name!r}; {problem}"]
    system = str(raw.get("os", "other"))
    values = _with_defaults(raw, os_defaults.get(system, {}))
    fields = _Fields(f"guest {name}", values)
    fields.only(GUEST_KEYS)
    guest = _guest(fields, str(name), host_name, secrets.get(name) or {})
    fields.problems += _contradictions(guest, values)
    return guest, fields.problems


def name_problem(name: object) -> str | None:
    """What is wrong with a guest's name, in words, or None. The name is a file name, a domain's name and part of log
    names; xl itself lets '/' through and fails half-way (record create_name_slash, xl 4.20)."""
    allowed = f"allowed are up to {MAX_NAME} letters, digits, '_', '.', '+' and '-', beginning with a letter or digit"
    if not isinstance(name, str) or not _NAME.match(name) or len(name) > MAX_NAME:
        return allowed
    if name.isdigit():
        return "a name of digits only is a domain id to xl; allowed is a name with a letter in it"
    if name.lower() == "domain-0":
        return "that is this machine itself, which can't be managed as a guest"
    if ".." in name or name.endswith((".conf", ".orig", ".prev")):
        return "its file would be taken for something else; allowed is a name without '..', .conf, .orig and .prev"
    return None


def os_defaults_problems(os_defaults: object) -> list[str]:
    """What is wrong with the defaults for the guests' systems."""
    if not isinstance(os_defaults, dict):
        return [f"os_defaults is {os_defaults!r}; allowed is a dictionary of {', '.join(SYSTEMS)}"]
    problems = []
    for system, values in os_defaults.items():
        fields = _Fields("os_defaults", {})
        fields.choice_of("a key of it", system, SYSTEMS)
        problems += fields.problems
        if isinstance(values, dict):
            fields = _Fields(f"os_defaults {system}", values)
            fields.only(_DEFAULTABLE)
            problems += fields.problems
        else:
            problems.append(f"os_defaults {system} is {values!r}; allowed is a dictionary of guest keys")
    return problems


def _with_defaults(raw: dict[str, Any], defaults: object) -> dict[str, Any]:
    """The guest's own keys over those of its system. A way of booting is taken as a whole: a guest with a bootloader,
    with firmware (hvm) or with a command line of its own does not inherit half of another."""
    usable = dict(defaults) if isinstance(defaults, dict) else {}
    merged_type = raw.get("type", usable.get("type"))
    unwanted: tuple[str, ...] = ()
    if raw.get("bootloader") or merged_type == "hvm":
        unwanted = _KERNEL_KEYS
    elif "kernel" in raw:
        unwanted = ("bootloader", "ramdisk")
    if "cmdline" in raw:
        unwanted += ("root", "extra")
    elif "root" in raw or "extra" in raw:
        unwanted += ("cmdline",)
    merged = {key: value for key, value in usable.items() if key not in unwanted}
    settings = [values.get("settings") for values in (merged, raw)]
    merged.update(raw)
    if all(isinstance(given, dict) for given in settings):
        merged["settings"] = dict(settings[0], **settings[1])  # type: ignore[arg-type]
    return {key: value for key, value in merged.items() if value is not None}


def _guest(fields: _Fields, name: str, host_name: str, secrets: dict[str, Any]) -> Guest:
    memory = fields.memory("memory", 0)
    vcpus = fields.integer("vcpus", 1, 1, MAX_VCPUS)
    maxvcpus = fields.integer("maxvcpus", vcpus, 1, MAX_VCPUS)
    # A guest that is to be gone needs nothing but its name.
    if "memory" not in fields.values and fields.values.get("state") != "absent":
        fields.problem("memory is missing; allowed is a number of MiB, or a text like 512M or 1G")
    return Guest(
        name=name,
        os=fields.choice("os", "other", SYSTEMS),
        type=fields.choice("type", "pv", TYPES),
        kernel=fields.path("kernel"),
        ramdisk=fields.path("ramdisk"),
        cmdline=_cmdline(fields),
        bootloader=fields.text("bootloader"),
        memory=memory,
        maxmem=fields.memory("maxmem", memory),
        vcpus=vcpus,
        maxvcpus=maxvcpus,
        disks=_disks(fields),
        nics=_nics(fields, host_name, name),
        on_poweroff=fields.choice("on_poweroff", "destroy", EVENT_ACTIONS),
        on_reboot=fields.choice("on_reboot", "restart", EVENT_ACTIONS),
        on_crash=fields.choice("on_crash", "destroy", EVENT_ACTIONS),
        uuid=_uuid(fields, host_name, name),
        uuid_given=bool(fields.values.get("uuid")),
        autostart=fields.flag("autostart", False),
        state=fields.choice("state", "running", STATES),
        settings=_settings(fields),
        secrets=_secrets(fields, secrets),
    )


def _cmdline(fields: _Fields) -> str:
    """``cmdline``, or what xl makes of ``root`` and ``extra`` (xl_parse.c, parse_cmdline)."""
    cmdline, root, extra = fields.text("cmdline"), fields.text("root"), fields.text("extra")
    if cmdline and (root or extra):
        fields.problem(
            "cmdline is given as well as root or extra, and xl would ignore those; put all of it into cmdline"
        )
    if cmdline or not root:
        return cmdline or extra
    return f"root={root} {extra}".rstrip()


def _uuid(fields: _Fields, host_name: str, name: str) -> str:
    given = fields.text("uuid")
    if not given:
        return devices.derived_uuid(host_name, name)
    if not _UUID.match(given):
        fields.wrong("uuid", given, "32 hexadecimal digits in groups of 8-4-4-4-12")
    return given.lower()


def _disks(fields: _Fields) -> tuple[Disk, ...]:
    parts = [
        _Fields(f"{fields.where}: disk {number}", item) for number, item in fields.items("disks", "path", DISK_KEYS)
    ]
    taken = {str(part.values["vdev"]) for part in parts if part.values.get("vdev")}
    free = (vdev for vdev in (devices.default_vdev(index) for index in itertools.count()) if vdev not in taken)
    disks = [_disk(part, free) for part in parts]
    fields.adopt(parts)
    numbers: dict[int | None, str] = {}
    for disk in disks:
        number = devices.vdev_number(disk.vdev)
        if number is not None and number in numbers:
            fields.problem(
                f"disks: {numbers[number]} and {disk.path} both have the vdev {disk.vdev}; each needs its own"
            )
        numbers[number] = disk.path
    return tuple(disks)


def _disk(part: _Fields, free: Any) -> Disk:
    vdev = part.text("vdev") or next(free)
    if devices.vdev_number(vdev) is None:
        part.wrong("vdev", vdev, "xvda, xvdb, ..., hda to hdd, sda to sdp, or a number")
    path = part.path("path", needed=True)
    raw = _RAW_DEVICE.match(path)
    if raw:
        part.wrong("path", path, f"the block device /dev/{raw.group(1)} instead of this raw (character) device")
    access = part.choice("access", "rw", ("rw", "ro", "w", "r"))
    size = part.size("size")
    if size is not None and path.startswith("/dev/"):
        part.problem(f"size is given for the device {path}; it is only for files, which are made if they are not there")
    return Disk(
        path=path,
        vdev=vdev,
        access={"w": "rw", "r": "ro"}.get(access, access),
        format=part.choice("format", "raw", ("raw",)),
        cdrom=part.flag("cdrom", False),
        size=size,
    )


def _nics(fields: _Fields, host_name: str, name: str) -> tuple[Nic, ...]:
    parts = [
        _Fields(f"{fields.where}: nic {number}", item) for number, item in fields.items("nics", "bridge", NIC_KEYS)
    ]
    nics = []
    for index, part in enumerate(parts):
        mac = (part.text("mac") or devices.derived_mac(host_name, name, index)).lower()
        problem = devices.mac_problem(mac)
        if problem:
            part.problem(f"mac is {mac!r}; {problem}")
        bridge = part.text("bridge")
        if not _BRIDGE.match(bridge):
            part.wrong("bridge", bridge, "the name of a bridge, for example bridge0 (xl's own default is xenbr0)")
        nics.append(Nic(mac, bridge, part.word("model"), part.word("script"), part.word("ip")))
    fields.adopt(parts)
    return tuple(nics)


def _settings(fields: _Fields) -> dict[str, Any]:
    given = fields.values.get("settings", {})
    if not isinstance(given, dict):
        fields.wrong("settings", given, "a dictionary of xl.cfg keys")
        return {}
    settings = {}
    for key, value in given.items():
        if key in SECRET_KEYS:
            continue
        if key in DECLARED_KEYS:
            fields.problem(f"settings: {key} is not allowed here; it follows from the guest's own keys")
        elif key not in OTHER_KEYS:
            fields.problem(f"settings: {key} is not a key of xl.cfg{_near(str(key), OTHER_KEYS)}")
        elif not _renderable(value):
            fields.problem(f"settings: {key} is {value!r}; allowed are text, whole numbers, booleans and lists of them")
        elif any(word + "=" in str(value) for word in SECRET_KEYS):
            fields.problem(
                f"settings: {key} holds a password in its text; give it as the guest's vncpasswd or spicepasswd"
            )
        else:
            settings[str(key)] = value
    return settings


def _renderable(value: object) -> bool:
    try:
        xlcfg.render({"value": value})
    except ValueError:
        return False
    return True


def _secrets(fields: _Fields, given: dict[str, Any]) -> dict[str, str]:
    """Passwords, wherever they were given. The values are never part of a message."""
    settings = fields.values.get("settings")
    places = (settings if isinstance(settings, dict) else {}, fields.values, given)
    found = {}
    for key in SECRET_KEYS:
        for place in places:
            if place.get(key) is not None:
                found[key] = str(place[key])
        if "\0" in found.get(key, "") or "\n" in found.get(key, ""):
            fields.problem(f"{key} holds a character that no password can have")
    return found


def _contradictions(guest: Guest, values: dict[str, Any]) -> list[str]:
    """Values that are right alone and wrong together."""
    where = f"guest {guest.name}: "
    problems = []
    if guest.state == "absent":
        return []
    if guest.vcpus > guest.maxvcpus:
        problems.append(f"vcpus is {guest.vcpus} and maxvcpus {guest.maxvcpus}; vcpus can't be more than maxvcpus")
    if guest.memory > guest.maxmem:
        problems.append(f"memory is {guest.memory} MiB and maxmem {guest.maxmem} MiB; memory can't be more than maxmem")
    boots = guest.kernel or guest.bootloader or (guest.type == "pvh" and guest.settings.get("firmware"))
    # A kernel that is given and wrong has had its line already.
    if guest.type in ("pv", "pvh") and not boots and not values.get("kernel"):
        problems.append(f"kernel is missing; a {guest.type} guest needs a kernel (a file on the dom0) or a bootloader")
    if guest.os == "netbsd" and guest.type == "pv" and any(disk.cdrom for disk in guest.disks):
        # sys/arch/xen/xenbus/xenbus_probe.c 1.51
        problems.append(
            "a disk has cdrom: true, and NetBSD as a pv guest ignores such disks; use access: ro without cdrom"
        )
    return [where + problem for problem in problems]


def _near(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, sorted(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""


class _Fields:
    """A dictionary from the inventory, read key by key; whatever is wrong is noted with where, key, value and what is
    allowed, and a harmless value stands in for it."""

    def __init__(self, where: str, values: dict[str, Any]) -> None:
        self.where = where
        self.values = values
        self.problems: list[str] = []

    def problem(self, text: str) -> None:
        self.problems.append(f"{self.where}: {text}")

    def wrong(self, key: str, value: object, allowed: str) -> None:
        self.problem(f"{key} is {value!r}; allowed is {allowed}")

    def adopt(self, parts: Iterable[_Fields]) -> None:
        for part in parts:
            self.problems += part.problems

    def only(self, known: Iterable[str]) -> None:
        names = list(known)
        for key in self.values:
            if key not in names:
                near = _near(str(key), names) or f"; allowed are {', '.join(names)}"
                self.problem(f"{key} is not a known key{near}")

    def text(self, key: str) -> str:
        value = self.values.get(key, "")
        if isinstance(value, (int, str)) and not isinstance(value, bool):
            text = str(value)
            if not any(ord(character) < 32 or ord(character) == 127 for character in text):
                return text
        self.wrong(key, value, "text of one line")
        return ""

    def word(self, key: str) -> str:
        """Text that goes into a list with commas."""
        text = self.text(key)
        if "," in text:
            self.wrong(key, text, "text without a comma")
            return ""
        return text

    def path(self, key: str, needed: bool = False) -> str:
        path = self.text(key)
        if not path and not needed:
            return ""
        if not path.startswith("/") or ".." in path.split("/"):
            self.wrong(key, path, "an absolute path without '..'")
            return ""
        return posixpath.normpath("/" + path.lstrip("/"))

    def integer(self, key: str, default: int, least: int, most: int) -> int:
        value = self.values.get(key, default)
        text = str(value).strip()
        if not isinstance(value, bool) and re.match(r"[0-9]{1,9}\Z", text) and least <= int(text) <= most:
            return int(text)
        self.wrong(key, value, f"a whole number from {least} to {most}")
        return default

    def memory(self, key: str, default: int) -> int:
        if key not in self.values:
            return default
        value = self.values[key]
        try:
            found = units.mebibytes(value)
        except ValueError:
            found = 0
        if MIN_MEMORY <= found <= MAX_MEMORY:
            return found
        self.wrong(key, value, f"a number of MiB from {MIN_MEMORY}, or a text like 512M or 1G")
        return default

    def size(self, key: str) -> int | None:
        if key not in self.values:
            return None
        try:
            return units.size_bytes(self.values[key])
        except ValueError:
            self.wrong(key, self.values[key], "a size with a unit, for example 500M or 10G")
            return None

    def flag(self, key: str, default: bool) -> bool:
        value = self.values.get(key, default)
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        if word not in _TRUE + _FALSE:
            self.wrong(key, value, "true or false")
        return word in _TRUE

    def choice(self, key: str, default: str, allowed: tuple[str, ...]) -> str:
        return default if key not in self.values else self.choice_of(key, self.values[key], allowed, default)

    def choice_of(self, key: str, value: object, allowed: tuple[str, ...], default: str = "") -> str:
        if value in allowed:
            return str(value)
        self.wrong(key, value, _listed(allowed))
        return default

    def items(self, key: str, main: str, known: tuple[str, ...]) -> list[tuple[int, dict[str, Any]]]:
        """A list whose items are dictionaries, or in short form the text of their main key; numbered from 0."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.wrong(key, value, f"a list of {main}s or of dictionaries with {', '.join(known)}")
            return []
        found = []
        for number, item in enumerate(value):
            entry = {main: item} if isinstance(item, str) else item
            if not isinstance(entry, dict):
                self.problem(
                    f"{key}: item {number} is {item!r}; allowed is a {main} or a dictionary with {', '.join(known)}"
                )
                continue
            part = _Fields(f"{self.where}: {key[:-1]} {number}", entry)
            part.only(known)
            self.adopt([part])
            found.append((number, {name: content for name, content in entry.items() if content is not None}))
        return found


def _listed(allowed: Iterable[str]) -> str:
    names = list(allowed)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
