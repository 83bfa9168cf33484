# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of module domain against what it takes: every key is told, and every example is right."""

from __future__ import annotations

import ast

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.netbsd.xen.plugins.module_utils._change import LIMIT
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import keys
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import (
    devices,
    values,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import (
    guest as declared_guest,
)
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

TEXTS = {
    node.targets[0].id: yaml.safe_load(node.value.value)
    for node in ast.parse((CHECKOUT / "plugins/modules/domain.py").read_text()).body
    if isinstance(node, ast.Assign)
}
OPTIONS = TEXTS["DOCUMENTATION"]["options"]
TOLD = OPTIONS["guests"]["suboptions"]
SPECS = yaml.safe_load((CHECKOUT / "roles/domu/meta/argument_specs.yml").read_text())["argument_specs"]
ROLE = SPECS["main"]["options"]["domu_guests"]
CASES = [task["netbsd.xen.domain"] for task in TEXTS["EXAMPLES"]]


def text_of(option):
    """All that is said of an option and what is below it."""
    said = option["description"]
    below = option.get("suboptions") or option.get("options") or {}
    return "\n".join([*([said] if isinstance(said, str) else said), *(text_of(each) for each in below.values())])


def test_the_keys_that_are_told_are_those_of_the_table():
    assert list(TOLD) == list(keys.GUEST_KEYS)
    assert list(ROLE["options"]) == list(keys.GUEST_KEYS)


@pytest.mark.parametrize("key", keys.KEYS, ids=keys.GUEST_KEYS)
def test_a_key_is_told_as_it_is_in_the_table(key):
    for told, below in ((TOLD, "suboptions"), (ROLE["options"], "options")):
        option = told[key.name]
        assert (option["type"], option.get("elements", "")) == (key.type, key.elements)
        assert set(option.get(below, {})) == set(key.parts)
        assert all(part["type"] and part["description"] for part in option.get(below, {}).values())
        # Ansible would fill it in where nothing was given, and hide from os_defaults that nothing was.
        assert not {"default", "choices", "required"} & {name for part in every(option, below) for name in part}


def every(option, below):
    return [option, *(each for part in option.get(below, {}).values() for each in every(part, below))]


def test_ansible_checks_no_key_of_a_guest():
    """It would do it without the guest's name, and give every guest all keys."""
    assert domain.ARGUMENTS["guests"] == {"type": "list", "elements": "raw", "required": True}
    guests = [{"name": "web1", "vcpu": 2, "autostart": "perhaps"}]
    checked = ArgumentSpecValidator({"domu_guests": ROLE}).validate({"domu_guests": guests})
    assert (checked.error_messages, checked.validated_parameters) == ([], {"domu_guests": guests})


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("state", values.STATES),
        ("os", values.SYSTEMS),
        ("type", values.TYPES),
        ("on_poweroff", values.EVENT_ACTIONS),
        ("disks", devices.FORMATS),
    ],
)
def test_every_word_that_is_allowed_is_told(key, words):
    assert [word for word in words if f"V({word})" not in text_of(TOLD[key])] == []


def test_what_os_defaults_can_not_give_is_told():
    told = text_of(OPTIONS["os_defaults"])
    passwords = ("vncpasswd", "spicepasswd")
    assert [
        name for name in keys.GUEST_KEYS if name not in (*keys.BY_OS, *passwords) and f"V({name})" not in told
    ] == []
    assert "passwords" in told


def test_the_options_are_those_of_the_module():
    # What all modules have is documented in a fragment.
    own = {name: argument for name, argument in domain.ARGUMENTS.items() if name not in LIMIT}
    assert set(OPTIONS) == set(own)
    for name, argument in own.items():
        for key in ("type", "elements", "choices", "default", "required"):
            assert OPTIONS[name].get(key) == argument.get(key), (name, key)


@pytest.mark.parametrize("case", CASES, ids=[task["name"] for task in TEXTS["EXAMPLES"]])
def test_the_examples_are_right(case):
    assert set(case) <= set(domain.ARGUMENTS)
    for raw in case["guests"]:
        release = case.get("release", "4.20")
        _found, problems = declared_guest.expand(raw, "box", case.get("os_defaults", {}), {}, release)
        assert problems == []
