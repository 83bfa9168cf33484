# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What xl takes of a guest's configuration although it surely is a mistake."""

from __future__ import annotations

import re
from typing import Any

from ..guest import devices
from . import xl_specs
from .xl_keys import DEVICES, EVENTS, KEYS, LISTS, PV, SIZES
from .xl_values import guest_type, integer, plain
from .xlcfg_keys import known_keys


def warnings(settings: dict[str, Any], release: str | None = None) -> list[str]:
    """What xl takes in silence, or with a line that nobody reads, and drops or bends: in an admin's words."""
    given = {key: plain(value) for key, value in settings.items()}
    known, whose = known_keys(release), f"that Xen {release} knows" if release else "of xl.cfg"
    found = [f"{key} is no key {whose}; xl passes over it" for key in given if key not in known]
    for key, value in given.items():
        problem = _bent(key, value)
        if problem:
            found.append(f"{key}: {problem}")
    kind = guest_type(given)
    found += [
        f"{key} does nothing for a {kind} guest; it is for {KEYS[key].only} guests"
        for key in given
        if kind and key in KEYS and KEYS[key].only not in ("", kind) and not _for_pv_display(key, kind)
    ]
    if "cmdline" in given and ("root" in given or "extra" in given):
        found.append("root and extra are dropped, because cmdline is given as well")
    memory, maxmem = integer(given.get("memory")), integer(given.get("maxmem"))
    if memory is not None and maxmem is not None and maxmem < memory:
        found.append(f"maxmem is {maxmem}, less than memory ({memory})")
    return found + _vif_warnings(given.get("vif"))


def _for_pv_display(key: str, kind: str) -> bool:
    return kind == PV and key in DEVICES["vfb"][1]


def _bent(key: str, value: Any) -> str | None:
    numeric = key in SIZES or (key in KEYS and KEYS[key].kind in ("flag", "number", "mib"))
    if isinstance(value, list):
        single = numeric or (key in KEYS and KEYS[key].kind != "words") or key in EVENTS
        return "a list where a single value is expected; xl drops it" if single else None
    if numeric and integer(value) is None:
        return f"{value!r} is no number to xl, which drops it"
    if numeric and key != "rtc_timeoffset" and (integer(value) or 0) < 0:
        return f"{value} is negative"
    return "a single value where a list is expected; xl drops it" if key in LISTS else None


def _vif_warnings(vifs: Any) -> list[str]:
    found = []
    for text in vifs if isinstance(vifs, list) else []:
        for token in str(text).split(","):
            word = token.lstrip(" ")
            key, equals, value = word.partition("=")
            if key == "mac" and equals:
                problem = devices.mac_problem(devices.settled_mac(value)) or _odd_mac(value)
                if problem:
                    found.append(f"vif: xl does not take the MAC address {value!r} as it is written: {problem}")
            elif word and not xl_specs.is_vif_word(word):
                found.append(f"vif: xl passes over {word!r}")
    return found


def _odd_mac(text: str) -> str | None:
    if re.match(r"(?:[0-9a-f]{1,2}[^0-9a-f]){5}[0-9a-f]{1,2}\Z", text, re.IGNORECASE):
        return None
    return "it is no six pairs of hexadecimal digits"
