# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of module domain against what it takes: every key is told, and every example is right."""

from __future__ import annotations

import ast
import pathlib

import pytest
import yaml

from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import (
    devices,
    values,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import (
    guest as declared_guest,
)

MODULE = pathlib.Path(__file__).parents[3] / "plugins/modules/domain.py"
TEXTS = {
    node.targets[0].id: yaml.safe_load(node.value.value)
    for node in ast.parse(MODULE.read_text()).body
    if isinstance(node, ast.Assign)
}
OPTIONS = TEXTS["DOCUMENTATION"]["options"]
GUESTS = "\n".join(OPTIONS["guests"]["description"])
CASES = [task["netbsd.xen.domain"] for task in TEXTS["EXAMPLES"]]


@pytest.mark.parametrize("key", [*declared_guest.GUEST_KEYS, *values.HEALTH_KEYS])
def test_every_key_of_a_guest_is_told(key):
    assert f"B({key})" in GUESTS


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ("disks", devices.DISK_KEYS),
        ("nics", devices.NIC_KEYS),
        ("B(pci)", devices.PCI_KEYS),
        ("B(vnc)", devices.VNC_KEYS),
    ],
)
def test_every_key_of_a_device_is_told(section, keys):
    told = "\n".join(line for line in GUESTS.splitlines() if line.startswith(section))
    assert [key for key in keys if f"B({key})" not in told] == []


def test_every_word_that_is_allowed_is_told():
    of_guests = (values.STATES, values.SYSTEMS, values.TYPES, values.EVENT_ACTIONS)
    words = [word for words in (*of_guests, devices.FORMATS) for word in words]
    assert [word for word in words if f"V({word})" not in GUESTS] == []


def test_the_options_are_those_of_the_module():
    assert set(OPTIONS) == set(domain.ARGUMENTS)
    for name, argument in domain.ARGUMENTS.items():
        for key in ("type", "elements", "choices", "default", "required"):
            assert OPTIONS[name].get(key) == argument.get(key), (name, key)


@pytest.mark.parametrize("case", CASES, ids=[task["name"] for task in TEXTS["EXAMPLES"]])
def test_the_examples_are_right(case):
    assert set(case) <= set(domain.ARGUMENTS)
    for raw in case["guests"]:
        release = case.get("release", "4.20")
        _found, problems = declared_guest.expand(raw, "box", case.get("os_defaults", {}), {}, release)
        assert problems == []
