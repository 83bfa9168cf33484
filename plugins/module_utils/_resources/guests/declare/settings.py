# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A declared guest's further settings and its passwords."""

from __future__ import annotations

from typing import Any

from ...._formats.text import near, shown
from ...._formats.xl import xlcfg
from ...._formats.xl.xlcfg_keys import SECRET_KEYS, known_keys
from ..keys import GUEST_KEYS, KEYS
from .fields import Fields

# Keys of xl.cfg and of xm that a guest declares itself, and those of them that it declares under another name.
_OWN = {name for key in KEYS for name in (key.xl, key.xm) if name}
_INSTEAD = {name: key.name for key in KEYS for name in (key.xl, key.xm) if name and name not in GUEST_KEYS}
_INSTEAD.update((name, words) for key in KEYS for name, words in key.instead.items())
# libxl_netbsd.c, libxl__setresuid: it ends with a failed assertion.
_NOT_ON_NETBSD = ("dm_restrict",)


def settings(fields: Fields, release: str | None) -> dict[str, Any]:
    """The keys that are written to the configuration as they are.

    Refused: what the release does not know, which xl ignores without a word (record create-unkkey, NetBSD 7.99.10), and
    what the guest declares by a key of its own.
    """
    given = fields.values.get("settings", {})
    if not isinstance(given, dict):
        fields.wrong("settings", given, "a dictionary of xl.cfg keys")
        return {}
    found = {}
    for key, value in given.items():
        if key in SECRET_KEYS:
            continue
        problem = _problem(str(key), value, fields.values, release)
        if problem:
            fields.problem(f"settings: {shown(key)} {problem}")
        else:
            found[str(key)] = value
    return found


def _problem(key: str, value: object, values: dict[str, Any], release: str | None) -> str | None:
    known = known_keys(release)
    if key in _INSTEAD:
        return f"is not allowed here; declare the guest's {_INSTEAD[key]} instead"
    if key in _OWN:
        return "is not allowed here; it follows from the guest's own keys"
    if key in _NOT_ON_NETBSD:
        return "is not allowed; xl on NetBSD aborts with it"
    if key not in known:
        where = f"a guest's configuration in Xen {release}" if release else "xl.cfg"
        return f"is not a key of {where}{near(key, known)}"
    # Before anything that shows the value.
    if any(word in str(value) for word in SECRET_KEYS):
        return "holds a password in its text; give it as the guest's vncpasswd or spicepasswd"
    if not _renderable(value):
        return f"is {value!r}; allowed are text, whole numbers, booleans and lists of them"
    if key in ("vfb", "keymap") and values.get("vnc"):
        return "is not allowed beside vnc, from which it follows"
    return None


def _renderable(value: object) -> bool:
    try:
        xlcfg.render({"value": value})
    except ValueError:
        return False
    return True


def secrets(fields: Fields, given: dict[str, Any]) -> dict[str, str]:
    """Passwords, wherever they were given. The values are never part of a message."""
    declared = fields.values.get("settings")
    places = (declared if isinstance(declared, dict) else {}, fields.values, given)
    found = {}
    for key in SECRET_KEYS:
        for place in places:
            if place.get(key) is not None:
                found[key] = str(place[key])
        if "\0" in found.get(key, "") or "\n" in found.get(key, ""):
            fields.problem(f"{key} holds a character that no password can have")
    return found
