# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A guest's configuration file: what it must say, and what two of them have to say alike to mean the same."""

from __future__ import annotations

import hashlib
import posixpath
import re
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._formats import devices, xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xlcfg_keys import SECRET_KEYS
from ansible_collections.netbsd.xen.plugins.module_utils._resources._guest import Guest

HEADER = "Written by Ansible (netbsd.xen.domain). Changes made here are undone by its next run."
SECRET_MODE, PLAIN_MODE = 0o600, 0o644

_SECRET_IN_TEXT = re.compile(r"\b(" + "|".join(SECRET_KEYS) + r")=([^,]*)")
# What a key is without being set (xl.cfg(5); xl_parse.c).
_DEFAULTS = {
    "type": "pv",
    "vcpus": "1",
    "on_poweroff": "destroy",
    "on_reboot": "restart",
    "on_crash": "destroy",
}


def settings_of(guest: Guest) -> dict[str, Any]:
    """The settings that the guest's configuration file must hold, passwords included."""
    settings: dict[str, Any] = {"name": guest.name, "uuid": guest.uuid, "type": guest.type}
    for key in ("kernel", "ramdisk", "cmdline", "bootloader"):
        value = getattr(guest, key)
        if value:
            settings[key] = value
    settings["memory"] = guest.memory
    if guest.maxmem != guest.memory:
        settings["maxmem"] = guest.maxmem
    settings["vcpus"] = guest.vcpus
    if guest.maxvcpus != guest.vcpus:
        settings["maxvcpus"] = guest.maxvcpus
    settings["disk"] = [devices.render_disk(disk) for disk in guest.disks]
    settings["vif"] = [devices.render_vif(nic) for nic in guest.nics]
    settings.update(on_poweroff=guest.on_poweroff, on_reboot=guest.on_reboot, on_crash=guest.on_crash)
    settings.update(guest.settings)
    settings.update(guest.secrets)
    return settings


def text_of(guest: Guest) -> str:
    """The guest's configuration file."""
    return xlcfg.render(settings_of(guest), HEADER)


def mode_of(guest: Guest) -> int:
    """The permissions of its file: nobody else reads a password."""
    return SECRET_MODE if guest.secrets else PLAIN_MODE


def redacted(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as they may travel and be shown: each password replaced by a digest by which it can be compared."""
    name = str(settings.get("name", ""))
    return {key: _without_secrets(name, key, value) for key, value in settings.items()}


def _without_secrets(name: str, key: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_without_secrets(name, key, item) for item in value]
    if key in SECRET_KEYS:
        return digest(name, key, str(value))
    if isinstance(value, str) and "passwd=" in value:
        return _SECRET_IN_TEXT.sub(
            lambda found: f"{found.group(1)}={digest(name, found.group(1), found.group(2))}", value
        )
    return value


def digest(name: str, key: str, value: str) -> str:
    """A password's stand-in. The guest's name is part of it, so that equal passwords of two guests do not show."""
    return "sha256:" + hashlib.sha256(f"{name}\0{key}\0{value}".encode("utf-8", "surrogateescape")).hexdigest()[:32]


def settled(settings: dict[str, Any]) -> dict[str, Any]:
    """What a configuration means, whoever wrote it and however: two files with the same meaning give the same data.

    Defaults are filled in, numbers are numbers, old spellings (root and extra, builder, disk forms) become the
    present one.
    """
    found = {key: _plain(value) for key, value in settings.items()}
    cmdline = _cmdline(found)
    if cmdline:
        found["cmdline"] = cmdline
    builder = found.pop("builder", None)
    if builder and "type" not in found:
        found["type"] = "hvm" if builder == "hvm" else "pv"
    for key, default in _DEFAULTS.items():
        found.setdefault(key, default)
    found.setdefault("maxmem", found.get("memory", ""))
    found.setdefault("maxvcpus", found["vcpus"])
    for key in ("memory", "maxmem", "vcpus", "maxvcpus"):
        found[key] = _number(found.get(key, ""))
    for key in ("uuid", "on_poweroff", "on_reboot", "on_crash"):
        if key in found:
            found[key] = str(found[key]).lower()
    found["disk"] = _settled_disks(found.get("disk", []))
    found["vif"] = [devices.parse_vif(str(vif)).settled() for vif in _as_list(found.get("vif", []))]
    return {key: value for key, value in found.items() if value not in ("", None)}


def _plain(value: Any) -> Any:
    """As a parser would give it: text, or lists of text."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, bool):
        return str(int(value))
    return str(value)


def _cmdline(found: dict[str, Any]) -> str:
    root, extra = str(found.pop("root", "")), str(found.pop("extra", ""))
    if found.get("cmdline") or not root:
        return str(found.get("cmdline", "")) or extra
    return f"root={root} {extra}".rstrip()


def _number(value: Any) -> Any:
    """A number as xl reads it (strtol with base 0), or the text where it can't."""
    text = str(value).strip()
    number = devices.vdev_number(text) if text[:1].isdigit() else None
    return text if number is None else number


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _settled_disks(value: Any) -> list[Any]:
    disks = []
    for text in _as_list(value):
        try:
            disks.append(devices.parse_disk(str(text)).settled())
        except ValueError:
            disks.append(str(text))
    return disks


def disks_in(comparable: dict[str, Any] | None) -> list[devices.Disk]:
    """The disks that a configuration names, without what xl would refuse."""
    disks = []
    for entry in (comparable or {}).get("disk", []):
        if isinstance(entry, dict) and entry["path"].startswith("/"):
            disks.append(devices.Disk(**entry))
    return disks


def kept_path(path: str) -> str:
    """Where a configuration that xl can't read is kept. Hidden, so that nobody takes it for a guest's."""
    folder, name = posixpath.split(path)
    return f"{folder}/.{name}.orig"


def comparable(settings: dict[str, Any]) -> dict[str, Any]:
    """A configuration as it is compared, carried and shown."""
    return redacted(settled(settings))


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The keys in which two settled configurations differ."""
    return sorted(key for key in set(before) | set(after) if before.get(key) != after.get(key))
