# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's configuration as the declaration of role domu that means the same. Pure.

What a configuration means is what the resource compares (``declare/config.py``), so a declaration is believed only if
it comes to exactly that again. It says what is there: a UUID or a MAC address that the file does not have is declared
as ``any``, so that nothing is written for its sake.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._formats import units
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest import devices
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xl_keys import COMMON_EVENTS, EVENTS
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xlcfg_keys import SECRET_KEYS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import config
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.devices import NIC_KEYS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.guest import expand
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.values import ANY

# By words in the name of its kernel; a bootloader or firmware tells nothing.
_SYSTEMS = (("netbsd", re.compile(r"netbsd|XEN3", re.IGNORECASE)), ("linux", re.compile(r"vmlinu|linux|bzimage", re.I)))
# Keys of a configuration that are declared as they are.
_PLAIN = ("kernel", "ramdisk", "bootloader", "cmdline", "cap", "pool", "serial", "on_watchdog", "on_soft_reset", "cpus")
_RENAMED = {"cpu_weight": "weight"}
_DISK_WORDS = ("script", "backendtype", "discard", "direct_io_safe")
# As it is compared: what may pass in how long.
_RATE = re.compile(r"([0-9]+)B/([0-9]+)us")
# Characters of a key and its two values that a message shows.
_SHORT = 80
_SCREEN = ("vnc", "vnclisten", "vncdisplay", "vncunused", "keymap")


@dataclass(frozen=True)
class Host:
    """What the declarations of a machine's guests are made from: its name in the inventory, its release, and what the
    inventory says of all guests (``os_defaults``) and of their passwords (``secrets``)."""

    name: str
    release: str | None = None
    dialect: str = "xl"
    os_defaults: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)
    salt: str = ""


@dataclass(frozen=True)
class Declared:
    """A guest's declaration with what was inferred in it; ``raw`` is None where there is none, and ``why`` says it."""

    raw: dict[str, Any] | None
    notes: tuple[str, ...] = ()
    why: str = ""


def declaration(settings: Mapping[str, Any], file: str, host: Host) -> Declared:
    """What declares the guest of a configuration that was read from a file of this name."""
    name = settings.get("name")
    if not isinstance(name, str) or not name:
        return Declared(None, why="no guest's configuration: it has no name")
    why = ""
    for system, note in _systems(settings):
        raw = _raw(settings, name, file, system)
        wrong = _unlike(raw, settings, host)
        if not wrong:
            raw = _shortened(raw, settings, host)
            return Declared(raw, tuple(_notes(raw, note)))
        why = why or wrong
    secrets = sorted(key for key in SECRET_KEYS if _has(settings, key))
    if secrets and not _passwords(host, name):
        given = ", ".join(f"{key}: ..." for key in secrets)
        why = (
            f"its configuration holds a password ({', '.join(secrets)}), which is not written into plain variables; "
            f"put domu_secrets: {{{name}: {{{given}}}}} into a vault file of this host, and import again"
        )
    return Declared(None, why=why)


def _passwords(host: Host, name: str) -> dict[str, Any]:
    return dict((host.secrets or {}).get(name) or {})


def _has(settings: Any, key: str) -> bool:
    """Whether there is a password of this kind anywhere in it."""
    if isinstance(settings, Mapping):
        return key in settings or any(_has(value, key) for value in settings.values())
    if isinstance(settings, list):
        return any(_has(item, key) for item in settings)
    return isinstance(settings, str) and f"{key}=" in settings


def _unlike(raw: dict[str, Any], settings: Mapping[str, Any], host: Host) -> str:
    """Why a declaration does not come to these settings; empty if it does."""
    passwords = _passwords(host, raw["name"])
    guest, problems = expand(raw, host.name, dict(host.os_defaults), {raw["name"]: passwords}, host.release)
    if guest is None or problems:
        return "; ".join(_without(problem, raw["name"]) for problem in problems)
    after = config.comparable(config.settings_of(guest, host.dialect), host.salt)
    keys = config.differences(dict(settings), after)
    said = [_said(key, settings.get(key), after.get(key)) for key in keys]
    return f"a declaration would say something else of {'; '.join(said)}" if keys else ""


def _said(key: str, before: Any, after: Any) -> str:
    """A key with what it is and what it would become, where that is short and can be no secret's."""
    plain = all(value is None or isinstance(value, (int, str)) for value in (before, after))
    text = f"{key} {before} {after}"
    if not plain or len(text) > _SHORT or any(word in text for word in (*SECRET_KEYS, config.DIGEST)):
        return key
    there, written = ("nothing" if value is None else repr(value) for value in (before, after))
    return f"{key} ({written}, and the configuration has {there})"


def _without(problem: str, name: str) -> str:
    """A problem without what it is about, which is told already."""
    return problem.removeprefix(f"guest {name}: ").removeprefix(f"guest {name!r}: ")


# -- its system --------------------------------------------------------------------------------------------------------


def _systems(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What its system may be, with a note where that is inferred; at the end none, which is always possible."""
    kernel = str(settings.get("kernel", ""))
    for system, words in _SYSTEMS:
        if words.search(kernel.rpartition("/")[2]):
            yield system, f"os: by the name of its kernel, {kernel}"
            break
    yield "", ""


def _notes(raw: Mapping[str, Any], note: str) -> Iterator[str]:
    if note:
        yield note
    made_up = "its configuration has none, so Xen makes one up at each start; leave the key out for one that stays"
    if raw.get("uuid") == ANY:
        yield f"uuid: {made_up}"
    if any(isinstance(nic, dict) and nic.get("mac") == ANY for nic in raw.get("nics", [])):
        yield f"mac: {made_up}"


# -- key by key --------------------------------------------------------------------------------------------------------


def _raw(settings: Mapping[str, Any], name: str, file: str, system: str) -> dict[str, Any]:
    """The declaration, with nothing left to defaults that may be said otherwise."""
    left = {key: value for key, value in settings.items() if key not in SECRET_KEYS}
    raw: dict[str, Any] = {"name": left.pop("name")}
    if system:
        raw["os"] = system
    if file != name:
        raw["config"] = file
    raw["uuid"] = left.pop("uuid", ANY)
    kind = left.pop("type", "pv")
    if kind == "pvh" and left.pop("pvshim", None):
        kind = "pvshim"
    if kind != "pv":
        raw["type"] = kind
    # A system's own way of booting is none that this guest has.
    raw["cmdline"] = ""
    raw.update((_RENAMED.get(key, key), left.pop(key)) for key in (*_PLAIN, *_RENAMED) if key in left)
    if "cpus" in raw and isinstance(raw["cpus"], int):
        raw["cpus"] = str(raw["cpus"])
    memory, maxmem = left.pop("memory", None), left.pop("maxmem", None)
    raw["memory"] = _amount(memory)
    if maxmem != memory:
        raw["maxmem"] = _amount(maxmem)
    vcpus, maxvcpus = left.pop("vcpus", 1), left.pop("maxvcpus", 1)
    raw["vcpus"] = vcpus
    if maxvcpus != vcpus:
        raw["maxvcpus"] = maxvcpus
    raw["disks"] = _disks(left.pop("disk", []))
    raw["nics"] = [_nic(each) for each in left.pop("vif", [])]
    if "pci" in left:
        raw["pci"] = [_pci(each) for each in left.pop("pci")]
    if "vtpm" in left:
        raw["vtpm"] = [_words(each) for each in left.pop("vtpm")]
    for event in COMMON_EVENTS:
        found = left.pop(event, EVENTS[event])
        if found != EVENTS[event]:
            raw[event] = found
    screen = _screen(left, kind)
    if screen:
        raw["vnc"] = screen
    if left:
        raw["settings"] = {key: _setting(value) for key, value in left.items()}
    return {key: value for key, value in raw.items() if value is not None}


def _amount(mebibytes: Any) -> Any:
    """As the README has it: 512M, 1G."""
    return units.size_text(mebibytes << 20) if isinstance(mebibytes, int) and mebibytes > 0 else mebibytes


def _disks(found: list[Any]) -> list[Any]:
    """Each as its path alone where that says the same."""
    numbers = [devices.vdev_number(str(each["vdev"])) if isinstance(each, dict) else None for each in found]
    usual = numbers == [devices.vdev_number(devices.default_vdev(index)) for index in range(len(found))]
    return [_disk(each, number, usual) for each, number in zip(found, numbers)]


def _disk(found: Any, number: int | None, usual: bool) -> Any:
    if not isinstance(found, dict):
        return found
    raw: dict[str, Any] = {"path": found["path"]} if found["path"] else {}
    if not usual:
        raw["vdev"] = devices.vdev_name(number) if number is not None else found["vdev"]
    if found["cdrom"]:
        raw["cdrom"] = True
    elif found["access"] != "rw":
        raw["access"] = found["access"]
    if found["format"] not in ("raw", "empty"):
        raw["format"] = found["format"]
    raw.update((word, found[word]) for word in _DISK_WORDS if word in found)
    return found["path"] if list(raw) == ["path"] else raw


def _nic(found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    raw = {key: found[key] for key in NIC_KEYS if found.get(key) not in (None, "")}
    if not found.get("mac"):
        raw["mac"] = ANY
    rate = _RATE.fullmatch(str(raw.get("rate", "")))
    if rate:
        size, microseconds = int(rate[1]), int(rate[2])
        raw["rate"] = f"{size * 1000000 // microseconds}B/s@{microseconds}us"
    return raw


def _pci(found: Any) -> Any:
    """Its address, and the words behind that."""
    address, *words = str(found).split(",")
    said = dict(word.partition("=")[::2] for word in words)
    more = {key: int(value) if value.isdigit() else value for key, value in said.items()}
    return {"bdf": address, **more} if said else address


def _words(found: Any) -> Any:
    """A device of words with values, as they are declared."""
    if isinstance(found, str):
        return dict(word.partition("=")[::2] for word in found.split(","))
    return found


def _screen(left: dict[str, Any], kind: str) -> Any:
    """Its screen, taken from what is left; a pv guest's is the only frame buffer that it has."""
    if kind == "hvm":
        if not left.get("vnc"):
            return None
        words = {key: left.pop(key) for key in _SCREEN if key in left}
    else:
        frames = left.get("vfb")
        if not isinstance(frames, list) or len(frames) != 1:
            return None
        words = _words(frames[0])
        if not isinstance(words, dict) or str(words.get("vnc", "")) != "1":
            return None
        left.pop("vfb")
    screen: dict[str, Any] = {}
    if words.get("vnclisten"):
        screen["listen"] = words["vnclisten"]
    if words.get("vncdisplay") not in (None, ""):
        screen["display"] = int(words["vncdisplay"]) if str(words["vncdisplay"]).isdigit() else words["vncdisplay"]
    if words.get("keymap"):
        screen["keymap"] = words["keymap"]
    # Without an address it is xl's own, which is this one.
    return True if screen in ({}, {"listen": "127.0.0.1"}) else screen


def _setting(value: Any) -> Any:
    """A value as a configuration has it: what was taken apart is put together again."""
    if isinstance(value, list):
        return [_setting(item) for item in value]
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in value.items())
    return value


# -- short forms -------------------------------------------------------------------------------------------------------


def _shortened(raw: dict[str, Any], settings: Mapping[str, Any], host: Host) -> dict[str, Any]:
    """The same without what need not be said, as a person would write it."""
    unsaid = [_without_key(key) for key in ("kernel", "vcpus", "uuid")]
    for shorter in (_without_key("cmdline"), _as_root, *unsaid, _without_macs):
        tried = shorter(raw)
        if tried != raw and not _unlike(tried, settings, host):
            raw = tried
    raw = {**raw, "nics": [_short_nic(nic) for nic in raw["nics"]]}
    return {key: value for key, value in raw.items() if key not in ("disks", "nics") or value}


def _without_key(key: str) -> Any:
    return lambda raw: {name: value for name, value in raw.items() if name != key}


def _as_root(raw: dict[str, Any]) -> dict[str, Any]:
    """The root file system by its own key."""
    found = re.fullmatch(r"root=(\S+)(?: (.+))?", raw.get("cmdline", ""))
    if not found:
        return raw
    said = {"root": found[1], **({"extra": found[2]} if found[2] else {})}
    pairs = (said.items() if key == "cmdline" else ((key, value),) for key, value in raw.items())
    return {key: value for pair in pairs for key, value in pair}


def _without_macs(raw: dict[str, Any]) -> dict[str, Any]:
    nics = [{key: value for key, value in nic.items() if key != "mac"} for nic in raw["nics"] if isinstance(nic, dict)]
    return {**raw, "nics": nics} if len(nics) == len(raw["nics"]) else raw


def _short_nic(nic: Any) -> Any:
    return nic["bridge"] if isinstance(nic, dict) and list(nic) == ["bridge"] else nic
