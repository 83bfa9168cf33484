# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Where a running guest is not as declared. Pure."""

from __future__ import annotations

from typing import Any

from ...._formats.xl.xl_keys import COMMON_EVENTS, SIZES
from ...._formats.xl.xl_output import Domain
from ..declare.guest import Guest
from ..keys import KEYS

# Configuration keys that show in the running domain. A change of any other one can't be seen there, so what the
# domain was started with is remembered (see started_with.py).
SHOWN = frozenset(key.xl for key in KEYS if key.seen is not None)
# What a plan tells first.
_FIRST = ("type", *SIZES, *COMMON_EVENTS)
_COMPARED = sorted((key for key in KEYS if key.seen is not None), key=lambda key: key.name not in _FIRST)


def differences(guest: Guest, domain: Domain) -> dict[str, tuple[Any, Any]]:
    """The guest's keys that are not as declared in its running domain, to (live, declared)."""
    pairs = {key.name: key.seen(guest, domain) for key in _COMPARED if key.seen is not None}
    return {name: pair for name, pair in pairs.items() if pair is not None and pair[0] != pair[1]}
