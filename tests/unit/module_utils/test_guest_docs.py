# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of module domain against what it takes: every key is told, and every example is right."""

from __future__ import annotations

import ast
import pathlib

import pytest
import yaml

from ansible_collections.netbsd.xen.plugins.module_utils._resources import _guest, _guest_devices, domain

MODULE = pathlib.Path(__file__).parents[3] / "plugins/modules/domain.py"
TEXTS = {
    node.targets[0].id: yaml.safe_load(node.value.value)
    for node in ast.parse(MODULE.read_text()).body
    if isinstance(node, ast.Assign)
}
OPTIONS = TEXTS["DOCUMENTATION"]["options"]
GUESTS = "\n".join(OPTIONS["guests"]["description"])
CASES = [task["netbsd.xen.domain"] for task in TEXTS["EXAMPLES"]]


@pytest.mark.parametrize("key", [*_guest.GUEST_KEYS, *_guest.HEALTH_KEYS])
def test_every_key_of_a_guest_is_told(key):
    assert f"B({key})" in GUESTS


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ("disks", _guest_devices.DISK_KEYS),
        ("nics", _guest_devices.NIC_KEYS),
        ("B(pci)", _guest_devices.PCI_KEYS),
        ("B(vnc)", _guest_devices.VNC_KEYS),
    ],
)
def test_every_key_of_a_device_is_told(section, keys):
    told = "\n".join(line for line in GUESTS.splitlines() if line.startswith(section))
    assert [key for key in keys if f"B({key})" not in told] == []


def test_every_word_that_is_allowed_is_told():
    words = [*_guest.STATES, *_guest.SYSTEMS, *_guest.TYPES, *_guest.EVENT_ACTIONS, *_guest_devices.FORMATS]
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
        _found, problems = _guest.expand(raw, "box", case.get("os_defaults", {}), {}, case.get("release", "4.20"))
        assert problems == []
