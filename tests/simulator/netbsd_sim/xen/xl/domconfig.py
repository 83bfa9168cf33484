# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""From the settings of a file to libxl's domain configuration, in its JSON layout.

The order of checks and the messages are those of Xen's tools/xl/xl_parse.c, the results those of `xl create -n -d` of
Xen 4.20: records dryrun_n_d_linux, dryrun_grub, create_unknown_key_dry, tests/unit/simulator/fixtures/xl-configs.jsonl;
dryrun_pvh (xl 4.17), create-n (NetBSD 7.99.10).
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import cpuconfig, cpuid, devconfig, hvmconfig, keytable, layout, xlcfg
from .keytable import copy, put
from .settings import ConfigRefused, Reader, Report

__all__ = ["ACTIONS", "ACTION_NAMES", "Config", "ConfigRefused", "Defaults", "cpu_range", "from_text"]

Config = dict[str, Any]

# What a file says -> what libxl's JSON says.
ACTIONS = {
    "destroy": "destroy", "restart": "restart", "rename-restart": "restart_rename", "preserve": "preserve",
    "coredump-destroy": "coredump_destroy", "coredump-restart": "coredump_restart", "soft-reset": "soft_reset",
}
ACTION_NAMES = {value: key for key, value in ACTIONS.items()}

_EVENTS = (("on_poweroff", "destroy"), ("on_reboot", "restart"), ("on_watchdog", "destroy"),
           ("on_crash", "destroy"), ("on_soft_reset", "soft-reset"))

_TSC_MODES = ("default", "always_emulate", "native", "native_paravirt")
_TIMER_MODES = ("delay_for_missed_ticks", "no_delay_for_missed_ticks", "no_missed_ticks_pending",
                "one_missed_tick_pending")
_ALTP2M_MODES = ("disabled", "mixed", "external", "limited")
_PASSTHROUGH = ("default", "disabled", "enabled", "sync_pt", "share_pt")
_FIRMWARE_DIRECTORY = "/usr/pkg/libexec/xen/boot"
_RC_ABORT = 134  # 128 + SIGABRT, as a shell tells it
_INT_MAX = 2**31 - 1

# Where other modules look for it.
cpu_range = cpuconfig.cpu_range


@dataclass(frozen=True)
class Defaults:
    """What xl.conf(5) says. ``bridge`` is None if it says nothing; ``cpus`` counts the host's."""

    bridge: str | None = None
    cpus: int = 1


def from_text(text: str, source: str, defaults: Defaults, new_uuid: Callable[[], str], report: Report) -> Config:
    """Read a configuration file as `xl create` does. Raises ConfigRefused (with xl's status) after reporting."""
    try:
        settings = xlcfg.parse(text, source, report)
    except xlcfg.ScannerDied:
        raise ConfigRefused(_RC_ABORT) from None
    except xlcfg.ConfigError:
        report("Failed to parse config: Invalid argument\n")
        raise ConfigRefused from None
    reader = Reader(settings, source, report)
    config: Config = {"c_info": {}, "b_info": {"sched_params": {}, "claim_mode": "True", "arch_arm": {},
                                               "arch_x86": {}}}
    kind = _identity(reader, config, new_uuid)
    _memory_and_cpus(reader, defaults, config)
    _events(reader, config)
    devconfig.read_passthrough(reader, kind, config)
    _one_of(reader, "passthrough", _PASSTHROUGH, config, "c_info.passthrough", "ERROR: unknown passthrough option '{}'")
    _what_boots(reader, kind, config)
    _architecture(reader, config)
    devconfig.read_resources(reader, config)
    devconfig.read_devices(reader, defaults.bridge, config)
    put(config, "b_info.cpuid", cpuid.read(reader))
    hvmconfig.read_device_model(reader, config)
    devconfig.read_display(reader, kind, config)
    copy(reader, keytable.AFTER_DISPLAY, config)
    if kind == "hvm":
        hvmconfig.read_hardware(reader, config)
    _arm(reader, config)
    devconfig.read_keyboards(reader, config)
    copy(reader, keytable.LAST, config)
    arranged: dict[str, Any] = layout.arranged(config)
    return arranged


# --- who it is ---------------------------------------------------------------------------------------------------


def _identity(reader: Reader, config: Config, new_uuid: Callable[[], str]) -> str:
    create = config["c_info"]
    for key in ("init_seclabel", "seclabel"):
        label = reader.string(key)
        if label is not None:
            put(config, "b_info.exec_ssid_label" if "ssid_label" in create else "c_info.ssid_label", label)
    create["run_hotplug_scripts"] = "True"
    kind = create["type"] = _domain_type(reader)
    put(config, "c_info.hap", reader.flag("hap"))
    create["name"] = _name(reader)
    create["uuid"] = _uuid(reader, new_uuid)
    put(config, "c_info.oos", reader.flag("oos"))
    put(config, "c_info.pool_name", reader.string("pool"))
    config["b_info"][f"type.{kind}"] = {key: {} for key in layout.ALWAYS_HVM} if kind == "hvm" else {}
    if kind == "pvh":
        copy(reader, keytable.SHIM, config)
    return kind


def _domain_type(reader: Reader) -> str:
    kind = None
    text = reader.string("type")
    if text is not None:
        # xl compares only as many letters as are given: `type="pv"` is found before "pvh", "h" and "" are hvm.
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


def _name(reader: Reader) -> str:
    name = reader.string("name")
    if name is None:
        reader.refuse("Domain name must be specified.")
    return name


def _uuid(reader: Reader, new_uuid: Callable[[], str]) -> str:
    text = reader.string("uuid")
    if text is None:
        return new_uuid()
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        reader.refuse(f"Failed to parse UUID: {text}")
    return text.lower()


# --- memory, CPUs, events ----------------------------------------------------------------------------------------


def _memory_and_cpus(reader: Reader, defaults: Defaults, config: Config) -> None:
    copy(reader, keytable.SCHEDULING, config)
    build = config["b_info"]
    for key, field in (("memory", "target_memkb"), ("maxmem", "max_memkb")):
        number = reader.number(key)
        if number is not None:
            build[field] = keytable.kib(number)
    cpuconfig.read(reader, defaults.cpus, config)
    for key in ("max_grant_frames", "max_maptrack_frames", "max_grant_version"):
        _bounded(reader, key, config)


def _bounded(reader: Reader, key: str, config: Config) -> None:
    """A wrong number ends xl without a word: it is told not to warn."""
    if key not in reader.settings:
        return
    number = reader.number(key, quiet=True)
    if number is None or not 0 <= number <= _INT_MAX:
        raise ConfigRefused
    config["b_info"][key] = number


def _events(reader: Reader, config: Config) -> None:
    for key, default in _EVENTS:
        text = reader.string(key)
        text = default if text is None else text
        if text not in ACTIONS:
            reader.refuse(f'Unknown {key} action "{text}" specified')
        if ACTIONS[text] != "destroy":  # libxl's JSON omits the enumeration's first value
            config[key] = ACTIONS[text]


# --- what boots --------------------------------------------------------------------------------------------------


def _what_boots(reader: Reader, kind: str, config: Config) -> None:
    shadow = reader.number("shadow_memory")
    put(config, "b_info.shadow_memkb", None if shadow is None else keytable.kib(shadow))
    put(config, "b_info.disable_migrate", reader.flag("nomigrate"))
    _tsc_mode(reader, config)
    copy(reader, keytable.AFTER_TSC, config)
    put(config, "b_info.cmdline", _cmdline(reader))
    copy(reader, keytable.BOOTING, config)
    _bootloader_arguments(reader, config)
    copy(reader, keytable.BOOTLOADER, config)
    _timer_mode(reader, kind, config)
    put(config, "b_info.nested_hvm", reader.flag("nestedhvm"))
    if kind == "hvm":
        hvmconfig.read_platform(reader, config)
    else:
        _paravirtual_kernel(reader, config["b_info"])


def _cmdline(reader: Reader) -> str | None:
    cmdline, root, extra = (reader.string(key) for key in ("cmdline", "root", "extra"))
    if cmdline is not None:
        if root is not None or extra is not None:
            reader.report("Warning: ignoring root= and extra= in favour of cmdline=\n")
        return cmdline
    if root is not None:
        return f"root={root}" if extra is None else f"root={root} {extra}"
    return extra


def _bootloader_arguments(reader: Reader, config: Config) -> None:
    words = reader.strings("bootloader_args", quiet=True)
    if words is None and reader.string("bootloader_args") is not None:
        reader.report('WARNING: Specifying "bootloader_args" as a string is deprecated. Please use a list of '
                      "arguments.\n")
        words = str(reader.string("bootloader_args")).split()
    put(config, "b_info.bootloader_args", words or None)


def _paravirtual_kernel(reader: Reader, build: dict[str, Any]) -> None:
    """`firmware` is short for a kernel of the tools'."""
    firmware = reader.string("firmware")
    if firmware is not None:
        if "kernel" in build:
            reader.refuse("ERROR: both kernel and firmware specified")
        if not any(name.startswith(firmware) for name in ("pvgrub32", "pvgrub64")):
            reader.refuse("ERROR: only pvgrub{32|64} supported as firmware options")
        build["kernel"] = f"{_FIRMWARE_DIRECTORY}/{firmware}.bin"
    if "bootloader" not in build and "kernel" not in build:
        reader.refuse("Neither kernel nor bootloader specified")


# --- modes: a name, or the old number ----------------------------------------------------------------------------


def _one_of(reader: Reader, key: str, names: tuple[str, ...], config: Config, path: str, message: str,
            rc: int = 1) -> None:
    """A text that must be one of the names; the first is the default and not printed."""
    text = reader.string(key)
    if text is None:
        return
    if text not in names:
        reader.refuse(message.format(text), rc)
    put(config, path, None if text == names[0] else text)


def _numbered(reader: Reader, key: str, names: tuple[str, ...], number: int) -> str:
    known = 0 <= number < len(names)
    reader.report(f'WARNING: specifying "{key}" as an integer is deprecated. Please use the named parameter variant. '
                  + (f'e.g. {key}="{names[number]}"' if known else "") + "\n")
    if not known:
        reader.refuse(f'ERROR: invalid value {number} for "{key}"')
    return names[number]


def _tsc_mode(reader: Reader, config: Config) -> None:
    number = reader.number("tsc_mode", quiet=True)
    if number is None:
        _one_of(reader, "tsc_mode", _TSC_MODES, config, "b_info.tsc_mode", 'ERROR: invalid value "{}" for "tsc_mode"')
        return
    name = _numbered(reader, "tsc_mode", _TSC_MODES, number)
    put(config, "b_info.tsc_mode", None if name == _TSC_MODES[0] else name)


def _timer_mode(reader: Reader, kind: str, config: Config) -> None:
    number = reader.number("timer_mode", quiet=True)
    text = reader.string("timer_mode")
    if text is None:
        return
    if kind == "pv":
        reader.refuse('ERROR: "timer_mode" option is not supported for PV guests.', 3)
    if number is not None:
        text = _numbered(reader, "timer_mode", _TIMER_MODES, number)
    elif text not in _TIMER_MODES:
        reader.refuse(f'ERROR: invalid value "{text}" for "timer_mode"')
    config["b_info"]["timer_mode"] = text


def _architecture(reader: Reader, config: Config) -> None:
    number = reader.number("altp2m", quiet=True)
    if number is None:
        _one_of(reader, "altp2m", _ALTP2M_MODES, config, "b_info.altp2m", 'ERROR: invalid value "{}" for "altp2m"')
    elif not 0 <= number < len(_ALTP2M_MODES):
        reader.refuse(f'ERROR: invalid value {number} for "altp2m"')
    elif number:
        config["b_info"]["altp2m"] = _ALTP2M_MODES[number]
    put(config, "b_info.vmtrace_buf_kb", reader.number("vmtrace_buf_kb", quiet=True) or None)


def _arm(reader: Reader, config: Config) -> None:
    """Keys for Arm: read and checked on x86, too."""
    for key, names, path in (("gic_version", ("default", "v2", "v3"), "b_info.arch_arm.gic_version"),
                             ("tee", ("none", "optee", "ffa"), "b_info.tee")):
        if reader.string(key, quiet=True) is not None:
            _one_of(reader, key, names, config, path, f'Unknown {key} "{{}}" specified', 3)
    if reader.string("sve", quiet=True) is not None:
        lengths = ("disabled", "hw", *(str(length) for length in range(128, 2049, 128)))
        _one_of(reader, "sve", lengths, config, "b_info.arch_arm.sve_vl", 'Unknown sve "{}" specified')
    put(config, "b_info.arch_arm.nr_spis", reader.number("nr_spis"))
