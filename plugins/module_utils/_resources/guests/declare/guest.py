# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A guest as the admin declares it: from the short form to the long one, with every value checked.

xl takes many wrong values without a word and with exit status 0 (records create_bad_memory, create_bad_mac,
create_unknown_key_dry (xl 4.20)), so they are refused here, before anything is touched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .... import _releases
from ...._change import Refused
from ...._formats.guest import cpuset, devices
from ...._formats.guest.devices import Disk, Nic, Pci
from ...._formats.xl.xlcfg_keys import SECRET_KEYS
from . import checks
from . import devices as guest_devices
from . import settings as guest_settings
from .devices import Vnc
from .fields import Fields

STATES = ("running", "paused", "shutdown", "destroyed", "saved", "absent")
SYSTEMS = ("netbsd", "linux", "other")
TYPES = ("pv", "pvh", "hvm", "pvshim")
EVENT_ACTIONS = ("destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart")
MAX_VCPUS = 512
MAX_NAME = 64
MAX_WEIGHT = 65535
MAX_PRIORITY = 1000
HEALTH_SECONDS, MAX_HEALTH_SECONDS = 120, 3600

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*\Z")
_POOL = re.compile(r"[!-~]{1,64}\Z")
_CPUS_ALLOWED = 'a text like "2", "0-3,^1" or "all", or a list with one for each virtual CPU'

# What an entry of os_defaults may give, and what a guest that boots in its own way does not take from there.
_DEFAULTABLE = (
    "type kernel ramdisk cmdline root extra bootloader memory maxmem vcpus maxvcpus cpus weight cap pool serial vnc "
    "on_poweroff on_reboot on_crash on_watchdog on_soft_reset autostart priority health settings"
).split()
_KERNEL_KEYS = ("kernel", "ramdisk", "cmdline", "root", "extra")
HEALTH_KEYS = ("console", "port", "address", "timeout")
GUEST_KEYS = ("name", "os", "disks", "nics", "pci", "uuid", "state", "depends_on", *_DEFAULTABLE, *SECRET_KEYS)


@dataclass(frozen=True)
class Health:
    """How a started guest shows that it is up: a text on its console, or a TCP port of its address that can be opened,
    or both, within so many seconds."""

    console: str
    address: str
    port: int | None
    seconds: int


@dataclass(frozen=True)
class Guest:
    """One guest in the long form. Memory in MiB; empty text and None mean: not given."""

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
    # One text for all virtual CPUs, or one for each.
    cpus: tuple[str, ...] = ()
    weight: int | None = None
    cap: int | None = None
    pool: str = ""
    pci: tuple[Pci, ...] = ()
    vnc: Vnc | None = None
    serial: str = ""
    on_watchdog: str = ""
    on_soft_reset: str = ""
    depends_on: tuple[str, ...] = ()
    priority: int = 0
    health: Health | None = None
    settings: dict[str, Any] = field(default_factory=dict, hash=False)
    secrets: dict[str, str] = field(default_factory=dict, hash=False, repr=False)

    @property
    def xl_type(self) -> str:
        """Its type as xl knows it: a shim is a pvh guest that runs a pv one."""
        return "pvh" if self.type == "pvshim" else self.type

    @property
    def files(self) -> list[str]:
        """What must be on the machine for it to start, its disks apart. A bootloader may be a name in xl's own
        folder."""
        return [path for path in (self.kernel, self.ramdisk) if path]


def expand(
    raw: object,
    host_name: str,
    os_defaults: dict[str, dict[str, Any]],
    secrets: dict[str, Any],
    release: str | None = None,
) -> tuple[Guest | None, list[str]]:
    """One declared guest in the long form, and everything that is wrong with it, a line each. None if much is wrong.

    ``release`` is the Xen release that the guest is for, like 4.20; without it, what only some releases know is let
    through. Raises Refused for a release that is not known.
    """
    release = release or None
    toolstack = toolstack_of(release)
    if not isinstance(raw, dict):
        return None, [f"a guest is {raw!r}; allowed is a dictionary with at least a name"]
    name = raw.get("name")
    problem = name_problem(name)
    if problem:
        return None, [f"guest {name!r}: name is {name!r}; {problem}"]
    system = str(raw.get("os", "other"))
    values = _with_defaults(raw, os_defaults.get(system, {}))
    fields = Fields(f"guest {name}", values)
    fields.only(GUEST_KEYS)
    guest = _guest(fields, str(name), host_name, secrets.get(str(name)) or {}, release)
    wrong = checks.contradictions(guest, values, release, toolstack)
    return guest, fields.problems + [f"guest {name}: {each}" for each in wrong]


def toolstack_of(release: str | None) -> str:
    """What manages the guests of a release, xl or xm. Raises Refused for a release that is not known."""
    if release is None:
        return "xl"
    if release not in _releases.RELEASES:
        raise Refused(f"release is {release!r}; allowed are {', '.join(_releases.RELEASES)}")
    return _releases.RELEASES[release].toolstack


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
        fields = Fields("os_defaults", {})
        fields.choice_of("a key of it", system, SYSTEMS)
        problems += fields.problems
        if isinstance(values, dict):
            fields = Fields(f"os_defaults {system}", values)
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


def _guest(fields: Fields, name: str, host_name: str, secrets: dict[str, Any], release: str | None) -> Guest:
    memory = fields.memory("memory", 0)
    vcpus = fields.integer("vcpus", 1, 1, MAX_VCPUS)
    maxvcpus = fields.integer("maxvcpus", vcpus, 1, MAX_VCPUS)
    guest_type = fields.choice("type", "pv", TYPES)
    # A guest that is to be gone needs nothing but its name.
    if "memory" not in fields.values and fields.values.get("state") != "absent":
        fields.problem("memory is missing; allowed is a number of MiB, or a text like 512M or 1G")
    return Guest(
        name=name,
        os=fields.choice("os", "other", SYSTEMS),
        type=guest_type,
        kernel=fields.path("kernel"),
        ramdisk=fields.path("ramdisk"),
        cmdline=_cmdline(fields),
        bootloader=fields.text("bootloader"),
        memory=memory,
        maxmem=fields.memory("maxmem", memory),
        vcpus=vcpus,
        maxvcpus=maxvcpus,
        disks=guest_devices.disks(fields, guest_type),
        nics=guest_devices.nics(fields, host_name, name, guest_type),
        on_poweroff=fields.choice("on_poweroff", "destroy", EVENT_ACTIONS),
        on_reboot=fields.choice("on_reboot", "restart", EVENT_ACTIONS),
        on_crash=fields.choice("on_crash", "destroy", EVENT_ACTIONS),
        uuid=_uuid(fields, host_name, name),
        uuid_given=bool(fields.values.get("uuid")),
        autostart=fields.flag("autostart", False),
        state=fields.choice("state", "running", STATES),
        cpus=_cpus(fields, maxvcpus),
        weight=fields.optional_integer("weight", 1, MAX_WEIGHT),
        cap=fields.optional_integer("cap", 0, 100 * MAX_VCPUS),
        pool=_pool(fields),
        pci=guest_devices.pci(fields),
        vnc=guest_devices.vnc(fields),
        serial=fields.text("serial"),
        on_watchdog=fields.choice("on_watchdog", "", EVENT_ACTIONS),
        on_soft_reset=fields.choice("on_soft_reset", "", (*EVENT_ACTIONS, "soft-reset")),
        depends_on=_depends_on(fields),
        priority=fields.integer("priority", 0, -MAX_PRIORITY, MAX_PRIORITY),
        health=_health(fields),
        settings=guest_settings.settings(fields, release),
        secrets=guest_settings.secrets(fields, secrets),
    )


def _cmdline(fields: Fields) -> str:
    """``cmdline``, or what xl makes of ``root`` and ``extra`` (xl_parse.c, parse_cmdline)."""
    cmdline, root, extra = fields.text("cmdline"), fields.text("root"), fields.text("extra")
    if cmdline and (root or extra):
        fields.problem(
            "cmdline is given as well as root or extra, and xl would ignore those; put all of it into cmdline"
        )
    if cmdline or not root:
        return cmdline or extra
    return f"root={root} {extra}".rstrip()


def _uuid(fields: Fields, host_name: str, name: str) -> str:
    given = fields.text("uuid")
    if not given:
        return devices.derived_uuid(host_name, name)
    if not devices.is_uuid(given):
        fields.wrong("uuid", given, "32 hexadecimal digits in groups of 8-4-4-4-12")
    return given.lower()


def _cpus(fields: Fields, maxvcpus: int) -> tuple[str, ...]:
    """The real CPUs that each virtual one may run on. A list of one counts for the first virtual CPU alone, as in xl;
    a text counts for all of them."""
    texts = tuple(text.replace(" ", "") for text in fields.texts("cpus", _CPUS_ALLOWED))
    for text in texts:
        problem = _cpus_problem(text)
        if problem:
            fields.problem(f"cpus is {fields.values['cpus']!r}; {problem}")
            return ()
    if isinstance(fields.values.get("cpus"), list) and len(texts) == 1 and maxvcpus > 1:
        return (*texts, "all")
    return texts


def _cpus_problem(text: str) -> str | None:
    for item in text.split(","):
        part = cpuset.part(item)
        # xl does not take out everything (xl_parse.c, update_cpumap_range).
        if part is None or (part.without and part.last is None):
            return f"{item!r} is none; allowed is {_CPUS_ALLOWED}"
    if "node" in text:
        return None
    try:
        chosen = cpuset.cpus(text, cpuset.MOST_CPUS)
    except ValueError as error:
        return str(error)
    return None if chosen else "no CPU is left; what ^ takes out must come after what it is taken from"


def _pool(fields: Fields) -> str:
    pool = fields.text("pool")
    if pool and not _POOL.match(pool):
        fields.wrong("pool", pool, "the name of a CPU pool, without blanks")
    return pool


def _depends_on(fields: Fields) -> tuple[str, ...]:
    names = fields.texts("depends_on", "the name of a guest")
    for name in names:
        problem = name_problem(name)
        if problem:
            fields.problem(f"depends_on: {name!r} is no guest's name; {problem}")
    return tuple(dict.fromkeys(names))


def _health(fields: Fields) -> Health | None:
    part = fields.part("health", HEALTH_KEYS)
    if part is None:
        return None
    health = Health(
        console=part.text("console"),
        address=part.word("address"),
        port=part.optional_integer("port", 1, 65535),
        seconds=part.integer("timeout", HEALTH_SECONDS, 1, MAX_HEALTH_SECONDS),
    )
    if "port" in part.values and not health.address:
        part.problem("address is missing; a port needs the address at which the guest listens")
    elif health.address and "port" not in part.values:
        part.problem("port is missing; an address needs the port on which the guest listens")
    elif not health.console and "port" not in part.values:
        part.problem("there is nothing to look for; give a text of its console, or an address and a port")
    fields.adopt([part])
    return health
