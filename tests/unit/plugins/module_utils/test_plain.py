# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dataclasses that travel as JSON and come back as what they were."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._plain import as_plain, from_plain


@dataclass(frozen=True)
class Lamp:
    name: str
    lit: bool


@dataclass(frozen=True)
class Room:
    lamps: list[Lamp]
    by_place: dict[str, Lamp]
    reading: Lamp | None
    rest: dict[str, Any]
    sizes: dict[str, int] | None = None


LAMP = Lamp("a", True)
ROOMS = [
    Room([LAMP, Lamp("b", False)], {"door": LAMP}, LAMP, {"x": [1, {"name": "no lamp"}]}, {"a": 1}),
    Room([], {}, None, {}),
]


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the controller alone makes dataclasses again")
@pytest.mark.parametrize("room", ROOMS)
def test_it_comes_back_as_it_was(room):
    travelled = json.loads(json.dumps(as_plain(room)))
    assert travelled == as_plain(room)
    assert from_plain(Room, travelled) == room


def test_what_is_no_dataclass_stays_as_it_is():
    assert as_plain({"a": [1]}) == {"a": [1]}
    assert from_plain(None, {"a": [1]}) == {"a": [1]}


def test_a_field_that_did_not_come_is_missed():
    with pytest.raises(KeyError):
        from_plain(Lamp, {"name": "a"})
