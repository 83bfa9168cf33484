# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's clock against the controller's, told by way of dom0's, with calls that take their time."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.plugin_utils import _clocks
from ansible_collections.netbsd.xen.plugins.plugin_utils._clocks import CLOCK_SECONDS, Range

NOW = 1764547200.25


def seen(guest: float, dom0: float, call: float = 0.2, looked: float = 0.5, after: float = 0.0) -> str:
    """What is said of clocks that are so far before ours, where a call takes so long and date(1) looks at its clock
    after that part of it. ``after`` is how much later dom0 is asked for its own."""
    clock = math.floor(NOW + guest + looked * call) + 0.5 - (NOW + dom0 + call / 2)
    before = NOW + after
    told = math.floor(before + dom0 + looked * call)
    margin = 0.5 + call / 2
    return _clocks.wrong(
        "web1", Range(clock - margin, clock + margin), _clocks.ahead(told, before, before + call)
    )


ERRORS = st.floats(min_value=-4000, max_value=4000)
CALLS = st.floats(min_value=0, max_value=8)
PARTS = st.floats(min_value=0, max_value=1)


@given(st.floats(min_value=-CLOCK_SECONDS, max_value=CLOCK_SECONDS), ERRORS, CALLS, PARTS, CALLS)
def test_a_clock_that_is_right_enough_is_never_complained_of(guest, dom0, call, looked, after):
    """However wrong dom0's is, however slow the machine."""
    assert seen(guest, dom0, call, looked, after) == ""


@given(st.sampled_from([-1, 1]), st.floats(min_value=0, max_value=4000), ERRORS, CALLS, PARTS, CALLS)
def test_a_clock_that_is_surely_wrong_is_said(sign, more, dom0, call, looked, after):
    """Two times two calls and two seconds are what the looks may be wrong by."""
    guest = sign * (CLOCK_SECONDS + 2 + 2 * call + 0.01 + more)
    words = seen(guest, dom0, call, looked, after)
    assert ("before" if sign > 0 else "behind") in words.partition(" the controller's")[0]


def test_words() -> None:
    assert seen(-3600, 0).startswith("guest web1: its clock is 3600 seconds behind the controller's; give it servers")
    both = seen(-3600, -3600)
    assert "3600 seconds behind the controller's, and dom0's is 3600 seconds behind it; set that one first" in both
