# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A guest as the admin declares it: from the short form to the long one, with every value checked.

xl takes many wrong values without a word and with exit status 0 (records create_bad_memory, create_bad_mac,
create_unknown_key_dry (xl 4.20)), so they are refused here, before anything is touched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .... import _releases
from ...._change import Refused
from ...._formats.guest import linux_root, solaris
from ...._formats.guest.devices import Disk, Nic, Pci
from ...._formats.install import netbsd_release
from ...._formats.text import shown, unknown_key
from ..keys import BY_OS, GUEST_KEYS, KEYS
from . import checks
from . import settings as guest_settings
from .devices import Vnc
from .fields import Fields
from .values import ANY, DOWN, SYSTEMS, GuestFields, Health, name_problem

# What a guest that boots in its own way does not take from os_defaults.
_KERNEL_KEYS = ("kernel", "ramdisk", "cmdline", "root", "extra")
# Methods of installation that make a Linux guest's disk, so that its root is known.
_LINUX_METHODS = ("tree", "packages")


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
    depends_on: tuple[str, ...] = ()
    priority: int = 0
    health: Health | None = None
    # Without a configuration it is only looked for and stopped.
    configured: bool = True
    # The file of its configuration, where that has another name.
    config: str = ""
    # The values of the keys that nothing but the configuration has a use for.
    others: dict[str, Any] = field(default_factory=dict, hash=False)
    settings: dict[str, Any] = field(default_factory=dict, hash=False)
    secrets: dict[str, str] = field(default_factory=dict, hash=False, repr=False)

    def value(self, key: str) -> Any:
        """The value of a key of the table."""
        return self.others[key] if key in self.others else getattr(self, key)

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
    if "name" not in raw:
        return None, _unnamed(raw)
    problem = name_problem(name)
    if problem:
        return None, [f"guest {name!r}: name is {name!r}; {problem}"]
    system = str(raw.get("os", "other"))
    values = _with_defaults(raw, os_defaults.get(system, {}), system)
    fields = GuestFields(str(name), values, host_name, _configured(raw))
    fields.only(GUEST_KEYS)
    guest = _guest(fields, secrets.get(str(name)) or {}, release)
    wrong = checks.contradictions(guest, values, release, toolstack)
    return guest, fields.problems + [f"guest {name}: {each}" for each in wrong]


def _unnamed(raw: dict[str, Any]) -> list[str]:
    fields = Fields(f"the guest with {', '.join(map(shown, raw)) or 'nothing at all'}", raw)
    if len(raw) == 1 and isinstance(next(iter(raw.values())), dict):
        fields.problem(f"name is missing; write it as name: {shown(next(iter(raw)))}, with its other keys beside that")
        return fields.problems
    fields.only(GUEST_KEYS)
    fields.problem("name is missing; every guest needs one")
    return fields.problems


def _configured(raw: dict[str, Any]) -> bool:
    """Whether anything of a configuration is declared, which only a guest that is to be down can do without. What its
    system gives it by default is nothing that it declares."""
    return raw.get("state") not in DOWN or any(key.configures and raw.get(key.name) is not None for key in KEYS)


def toolstack_of(release: str | None) -> str:
    """What manages the guests of a release, xl or xm. Raises Refused for a release that is not known."""
    if release is None:
        return "xl"
    if release not in _releases.RELEASES:
        raise Refused(f"release is {release!r}; allowed are {', '.join(_releases.RELEASES)}")
    return _releases.RELEASES[release].toolstack


def os_defaults_problems(os_defaults: object) -> list[str]:
    """What is wrong with the defaults for the guests' systems."""
    if not isinstance(os_defaults, dict):
        return [f"os_defaults is {os_defaults!r}; allowed is a dictionary of {', '.join(SYSTEMS)}"]
    problems = []
    for system, values in os_defaults.items():
        if system not in SYSTEMS:
            problems.append(f"os_defaults: {unknown_key(system, SYSTEMS)}")
        elif isinstance(values, dict):
            fields = Fields(f"os_defaults {system}", values)
            fields.only(BY_OS)
            problems += fields.problems
        else:
            problems.append(f"os_defaults {system} is {values!r}; allowed is a dictionary of guest keys")
    return problems


def _with_defaults(raw: dict[str, Any], defaults: object, system: str) -> dict[str, Any]:
    """The guest's own keys over those of its system, and of the release that is installed in it. A way of booting is
    taken as a whole: a guest with a bootloader, with firmware (hvm) or with a command line of its own does not inherit
    half of another."""
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
    boots = netbsd_release.boots(raw.get("install"), system, str(merged_type or "pv"), raw.get("disks"))
    merged.update({key: value for key, value in boots.items() if key not in unwanted})
    roots = linux_root.boots(raw.get("install"), raw.get("disks"), _LINUX_METHODS)
    merged = {**{key: value for key, value in roots.items() if key not in unwanted}, **merged}
    merged.update(solaris.boots(raw.get("install"), raw.get("name")))
    merged.update(raw)
    if all(isinstance(given, dict) for given in settings):
        merged["settings"] = dict(settings[0], **settings[1])  # type: ignore[arg-type]
    return {key: value for key, value in merged.items() if value is not None}


def _guest(fields: GuestFields, secrets: dict[str, Any], release: str | None) -> Guest:
    found = fields.found
    for key in KEYS:
        if key.read is not None:
            found[key.name] = key.read(fields, key.name)
    own = {name: value for name, value in found.items() if name in Guest.__dataclass_fields__}
    return Guest(
        **own,
        uuid_given=fields.values.get("uuid") not in (None, "", ANY),
        configured=fields.configured,
        others={name: value for name, value in found.items() if name not in own},
        settings=guest_settings.settings(fields, release),
        secrets=guest_settings.secrets(fields, secrets),
    )
