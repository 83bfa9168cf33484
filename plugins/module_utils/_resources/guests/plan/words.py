# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A guest's settings as they are shown: in the words in which an admin declares them. Pure."""

from __future__ import annotations

from typing import Any

from ...._formats import units
from ...._formats.guest import devices
from ..keys import KEYS

_DECLARED_AS = {key.xl: key.name for key in KEYS if key.xl}
_ORDER = [key.name for key in KEYS]
_DEVICES = ("disks", "nics")
_EMPTY: tuple[Any, ...] = ("", None, [], {}, ())
# What a disk is where nothing is said.
_USUAL = {"access": "rw", "format": "raw", "cdrom": False}


def both(before: Any, after: Any) -> tuple[Any, Any]:
    """The two sides of a change as a diff shows them: of settings only what differs, and nothing that is empty.

    Settings may have the keys of a configuration or of a guest. A device that is on both sides stands there as one that
    stays, so that nobody has to fear for it.
    """
    if not (_is_settings(before) and _is_settings(after)):
        return _side(before), _side(after)
    old, new = _declared(before), _declared(after)
    keys = sorted((key for key in {**old, **new} if old.get(key) != new.get(key)), key=_place)
    shown: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for key in keys:
        staying = [device for device in old.get(key, []) if device in new.get(key, [])] if key in _DEVICES else []
        for side, values in zip(shown, (old, new)):
            if values.get(key) not in _EMPTY:
                side[key] = _value(key, values[key], staying)
    return shown


def _place(key: Any) -> int:
    return _ORDER.index(key) if key in _ORDER else len(_ORDER)


def _is_settings(value: Any) -> bool:
    return isinstance(value, dict) and not _is_device(value)


def _is_device(value: dict[Any, Any]) -> bool:
    return "vdev" in value or "mac" in value


def _side(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if _is_device(value):
        return _device(value)
    return {key: _value(key, inner, []) for key, inner in _declared(value).items() if inner not in _EMPTY}


def _declared(settings: dict[Any, Any]) -> dict[Any, Any]:
    return {_DECLARED_AS.get(key, key): value for key, value in settings.items()}


def _value(key: Any, value: Any, staying: list[Any]) -> Any:
    if key in ("memory", "maxmem") and isinstance(value, int):
        return units.memory_text(value)
    if key in _DEVICES and isinstance(value, list):
        return [_device(device) + (" (stays)" if device in staying else "") for device in value]
    return value


def _device(device: Any) -> str:
    if not isinstance(device, dict):
        return str(device)
    return _disk(device) if "vdev" in device else _nic(device)


def _disk(disk: dict[str, Any]) -> str:
    """Such as ``/dev/wd0e as xvda, access=ro``."""
    number = devices.vdev_number(disk["vdev"])
    name = disk["vdev"] if number is None else devices.vdev_name(number)
    rest = {key: value for key, value in disk.items() if key not in ("vdev", "path")}
    if rest.get("cdrom"):
        rest.pop("access", None)
    return f"{disk.get('path') or 'empty'} as {name}{_said(rest)}"


def _nic(nic: dict[str, Any]) -> str:
    """Such as ``00:16:3e:00:00:01 on bridge0``."""
    rest = {key: value for key, value in nic.items() if key not in ("mac", "bridge")}
    bridge = f" on {nic['bridge']}" if nic.get("bridge") else ""
    return f"{nic.get('mac') or 'any address'}{bridge}{_said(rest)}"


def _said(words: dict[str, Any]) -> str:
    unusual = {key: value for key, value in words.items() if value not in _EMPTY and _USUAL.get(key) != value}
    texts = ((key, str(value).lower() if isinstance(value, bool) else value) for key, value in unusual.items())
    return "".join(f", {key}={text}" for key, text in texts)
