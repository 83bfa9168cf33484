# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""From the settings of a file to libxl's domain configuration, in its JSON layout.

The order of checks and the messages are those of Xen's tools/xl/xl_parse.c; layout and defaults: records
dryrun_n_d_linux, dryrun_grub, create_unknown_key_dry (xl 4.20), dryrun_pvh (xl 4.17), create-n (NetBSD 7.99.10).
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import specs, xlcfg

Report = Callable[[str], None]
Config = dict[str, Any]

# What a file says -> what libxl's JSON says.
ACTIONS = {
    "destroy": "destroy", "restart": "restart", "rename-restart": "restart_rename", "preserve": "preserve",
    "coredump-destroy": "coredump_destroy", "coredump-restart": "coredump_restart", "soft-reset": "soft_reset",
}
ACTION_NAMES = {value: key for key, value in ACTIONS.items()}

_EVENTS = (("on_poweroff", "destroy"), ("on_reboot", "restart"), ("on_watchdog", "destroy"),
           ("on_crash", "destroy"), ("on_soft_reset", "soft-reset"))

# libxl_types.idl: the order of b_info. Only what a configuration file can set here.
_BUILD_ORDER = ("max_vcpus", "avail_vcpus", "vcpu_hard_affinity", "numa_placement", "max_memkb", "target_memkb",
                "video_memkb", "shadow_memkb", "disable_migrate", "sched_params", "claim_mode", "event_channels",
                "kernel", "cmdline", "ramdisk", "acpi", "bootloader", "bootloader_args", "type.pv", "type.pvh",
                "type.hvm", "arch_arm", "arch_x86")


class ConfigRefused(Exception):
    """xl exits with 1; what is wrong has been reported."""


@dataclass(frozen=True)
class Defaults:
    """What xl.conf(5) says. ``bridge`` is None if it says nothing; ``cpus`` counts the host's."""

    bridge: str | None = None
    cpus: int = 1


@dataclass
class _Reader:
    """The settings, read with warnings as xl prints them."""

    settings: dict[str, xlcfg.Setting]
    source: str
    report: Report

    def string(self, name: str) -> str | None:
        return xlcfg.get_string(self.settings, name, self.source, self.report)

    def number(self, name: str) -> int | None:
        return xlcfg.get_number(self.settings, name, self.source, self.report)

    def strings(self, name: str) -> list[str] | None:
        """The leading strings of a list: xl stops at the first entry that is a list."""
        values = xlcfg.get_list(self.settings, name, self.source, self.report)
        if values is None:
            return None
        found: list[str] = []
        for value in values:
            if not isinstance(value, str):
                break
            found.append(value)
        return found

    def refuse(self, message: str) -> None:
        self.report(message + "\n")
        raise ConfigRefused


def from_text(text: str, source: str, defaults: Defaults, new_uuid: Callable[[], str], report: Report) -> Config:
    """Read a configuration file as `xl create` does. Raises ConfigRefused (exit status 1) after reporting."""
    try:
        settings = xlcfg.parse(text, source, report)
    except xlcfg.ConfigError:
        report("Failed to parse config: Invalid argument\n")
        raise ConfigRefused from None
    reader = _Reader(settings, source, report)
    kind = _domain_type(reader)
    config: Config = {"c_info": {"type": kind}}
    config["c_info"]["name"] = _name(reader)
    config["c_info"]["uuid"] = _uuid(reader, new_uuid)
    config["c_info"]["run_hotplug_scripts"] = "True"
    pool = reader.string("pool")
    if pool is not None:
        config["c_info"]["pool_name"] = pool
    build = _memory_and_cpus(reader, defaults)
    events = _events(reader)
    _passthrough(reader, config)
    _what_boots(reader, kind, build)
    config["b_info"] = {key: build[key] for key in _BUILD_ORDER if key in build}
    _devices(reader, defaults, config)
    config.update(events)
    return config


def _domain_type(reader: _Reader) -> str:
    kind = None
    text = reader.string("type")
    if text is not None:
        # xl compares only as many letters as are given: `type="pv"` is found before "pvh", "h" is hvm.
        kind = next((name for name in ("hvm", "pv", "pvh") if name.startswith(text)), None)
        if kind is None:
            reader.refuse(f"Invalid domain type {text}.")
    builder = reader.string("builder")
    if builder is not None:
        built = next((value for name, value in (("hvm", "hvm"), ("generic", "pv")) if name.startswith(builder)), None)
        if built is None:
            reader.refuse(f"Invalid domain type {builder}.")
        if kind not in (None, built):
            reader.refuse('Contradicting "builder" and "type" options specified.')
        kind = built
    return kind or "pv"


def _name(reader: _Reader) -> str:
    name = reader.string("name")
    if name is None:
        reader.refuse("Domain name must be specified.")
    return str(name)


def _uuid(reader: _Reader, new_uuid: Callable[[], str]) -> str:
    text = reader.string("uuid")
    if text is None:
        return new_uuid()
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        reader.refuse(f"Failed to parse UUID: {text}")
    return text.lower()


def _memory_and_cpus(reader: _Reader, defaults: Defaults) -> dict[str, Any]:
    build: dict[str, Any] = {"sched_params": {}, "claim_mode": "True", "arch_arm": {}, "arch_x86": {}}
    for key, field in (("cpu_weight", "weight"), ("cap", "cap")):
        number = reader.number(key)
        if number is not None:
            build["sched_params"][field] = number
    memory, maxmem = reader.number("memory"), reader.number("maxmem")
    if memory is not None:
        build["target_memkb"] = memory * 1024
    if maxmem is not None or memory is not None:
        build["max_memkb"] = (memory if maxmem is None else maxmem) * 1024  # type: ignore[operator]
    vcpus, maxvcpus = reader.number("vcpus"), reader.number("maxvcpus")
    if vcpus is not None:
        build["avail_vcpus"] = list(range(vcpus))
    if vcpus is not None or maxvcpus is not None:
        build["max_vcpus"] = maxvcpus or vcpus
    if build.get("max_vcpus", 0) < (vcpus or 0):
        reader.refuse("xl: maxvcpus < vcpus")
    _affinity(reader, defaults, build)
    return build


def _affinity(reader: _Reader, defaults: Defaults, build: dict[str, Any]) -> None:
    setting = reader.settings.get("cpus")
    if setting is None:
        return
    count = build.get("max_vcpus", 1)
    if isinstance(setting.value, list):
        ranges = [value for value in setting.value if isinstance(value, str)][:count]
        build["numa_placement"] = "False"
    else:
        ranges = [setting.value] * count
    try:
        build["vcpu_hard_affinity"] = [cpu_range(text, defaults.cpus, reader.report) for text in ranges]
    except ValueError:
        raise ConfigRefused from None


def cpu_range(text: str, cpus: int, report: Report) -> list[int]:
    """`0-2,^1`, `all`: the CPUs of the host that are meant; one that does not exist is dropped silently.

    Raises ValueError after reporting (xl_parse.c, update_cpumap_range; record create_cpus_absent).
    """
    found: set[int] = set()
    for part in text.split(","):
        remove = part.startswith("^")
        part = part.removeprefix("^")
        if part == "all":
            found |= set(range(cpus))
            continue
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            report(f"Invalid pcpu range: {part}.\n")
            raise ValueError(part)
        named = set(range(int(match[1]), int(match[2] or match[1]) + 1))
        found = found - named if remove else found | named
    return sorted(cpu for cpu in found if cpu < cpus)


def _events(reader: _Reader) -> dict[str, str]:
    events: dict[str, str] = {}
    for key, default in _EVENTS:
        text = reader.string(key) or default
        if text not in ACTIONS:
            reader.refuse(f'Unknown {key} action "{text}" specified')
        if ACTIONS[text] != "destroy":  # libxl's JSON omits the enumeration's first value
            events[key] = ACTIONS[text]
    return events


def _passthrough(reader: _Reader, config: Config) -> None:
    devices = reader.strings("pci")
    if devices:
        config["pcidevs"] = [{"bdf": device} for device in devices]


def _what_boots(reader: _Reader, kind: str, build: dict[str, Any]) -> None:
    for key in ("kernel", "ramdisk"):
        text = reader.string(key)
        if text is not None:
            build[key] = text
    cmdline = _cmdline(reader)
    if cmdline is not None:
        build["cmdline"] = cmdline
    bootloader = reader.string("bootloader")
    if bootloader is not None:
        build["bootloader"] = bootloader
    build[f"type.{kind}"] = {}
    if kind == "pvh" and reader.number("pvshim"):
        build["type.pvh"]["pvshim"] = "True"
    if kind != "hvm" and "kernel" not in build and "bootloader" not in build:
        reader.refuse("Neither kernel nor bootloader specified")


def _cmdline(reader: _Reader) -> str | None:
    cmdline, root, extra = (reader.string(key) for key in ("cmdline", "root", "extra"))
    if cmdline is not None:
        if root is not None or extra is not None:
            reader.report("Warning: ignoring root= and extra= in favour of cmdline=\n")
        return cmdline
    if root is not None:
        return f"root={root}" if extra is None else f"root={root} {extra}"
    return extra


def _devices(reader: _Reader, defaults: Defaults, config: Config) -> None:
    try:
        # xl tells a disk's error under the configuration's name
        disks = [specs.parse_disk([spec], reader.source, reader.report) for spec in reader.strings("disk") or []]
    except specs.SpecError:
        raise ConfigRefused from None
    if disks:
        config["disks"] = disks
    nics = [specs.parse_nic(spec, devid, defaults.bridge, reader.report)
            for devid, spec in enumerate(reader.strings("vif") or [])]
    if nics:
        config["nics"] = nics
