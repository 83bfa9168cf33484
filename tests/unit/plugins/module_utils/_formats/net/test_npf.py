# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""npf.conf: our block among an admin's rules, and what npfctl shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.net import npf

MAP = "map wm0 dynamic 10.0.3.0/24 -> 192.0.2.7\n"
BLOCK = npf.BEGIN + MAP + npf.END
OWN_RULES = """\
# office
$ext_if = inet4(wm0)
table <bad> type ipset

group "external" on wm0 {
\tpass stateful out final all
}

group default {
\tblock all
}
"""


def test_an_empty_file_gets_the_smallest_ruleset():
    """npf.conf(5): the minimal file must have a default group; before NetBSD 7 in parentheses (npf_parse.y 1.20)."""
    assert npf.with_maps("", [MAP], 10) == f"{BLOCK}\ngroup default {{\n\tpass final all\n}}\n"
    assert "group (default) {" in npf.with_maps("", [MAP], 6)
    assert not npf.has_rules(npf.with_maps("", [MAP], 6)) and not npf.has_rules(npf.with_maps("# x\n", [MAP], 10))


def test_own_rules_are_only_extended():
    after = npf.with_maps(OWN_RULES, [MAP], 10)
    assert after == OWN_RULES.replace('group "external"', BLOCK + '\ngroup "external"')
    assert npf.has_rules(after) and npf.maps(after) == MAP
    assert npf.with_maps(after, [MAP], 10) == after


def test_other_maps_take_their_place_and_none_takes_the_block_away():
    after = npf.with_maps(OWN_RULES, [MAP], 10)
    other = npf.with_maps(after, [MAP.replace(".3.", ".4.")], 10)
    assert npf.maps(other) == MAP.replace(".3.", ".4.") and "10.0.3.0" not in other
    assert npf.with_maps(other, [], 10) == OWN_RULES.replace('group "external"', '\ngroup "external"')
    assert npf.with_maps(OWN_RULES, [], 10) == OWN_RULES


@pytest.mark.parametrize("text", [npf.BEGIN + MAP, MAP + npf.END, BLOCK + BLOCK, npf.END + npf.BEGIN])
def test_damaged_marks(text):
    with pytest.raises(npf.Damaged):
        npf.with_maps(text, [MAP], 10)


@pytest.mark.parametrize(
    ("shown", "active", "maps"),
    [
        (
            "# filtering:\tactive\n# config:\tloaded\n\nmap wm0 dynamic any -> 10.0.2.15 pass family inet4 from "
            '10.0.3.0/24 # id="1" \n\ngroup default { # id="2" \n\tpass final all \n}\n',
            True,
            ["wm0 10.0.3.0/24"],
        ),
        ("Filtering:\tinactive\nConfiguration:\tempty\n\n", False, []),
        ("Filtering:\tactive\nConfiguration:\tloaded\n\ngroup (default) {\n\tpass final all\n}\n", True, []),
        ("", False, []),
    ],
)
def test_what_npfctl_shows(shown, active, maps):
    assert (npf.is_active(shown), npf.shown_maps(shown)) == (active, maps)


@given(st.text(alphabet="group default{}#\n mapBEGIN<>$/0-", max_size=80))
def test_what_is_outside_the_block_survives(text):
    after = npf.with_maps(text, [MAP], 10)
    assert npf.maps(after) == MAP
    assert npf.with_maps(after, [MAP], 10) == after
    assert all(line in after for line in text.splitlines())
