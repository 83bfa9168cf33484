# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What an inventory can have wrong anywhere: a key that nobody knows, a variable without a value, a value of another
kind. The subjects are all variables of all roles."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.keys import KEYS
from ansible_collections.netbsd.xen.plugins.plugin_utils import _arguments, _declared
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import every
from ansible_collections.netbsd.xen.tests.unit.support.inventories import (
    SOUND,
    WEB1,
    report,
    role_defaults,
    role_options,
    validate,
)
from ansible_collections.netbsd.xen.tests.unit.support.role_values import values, worked_out

OPTIONS = role_options()
# A sound value of every variable that holds dictionaries, with all dictionaries that there may be in it.
FULL_GUEST = {
    **WEB1,
    "os": "linux",
    "kernel": "/home/xen/vmlinuz",
    "disks": [{"path": "/dev/wd0e", "vdev": "xvda"}],
    "nics": [{"bridge": "bridge0", "mac": "00:16:3e:00:00:0a"}],
    "pci": [{"bdf": "03:00.0", "permissive": True}],
    "vtpm": [{"backend": "tpm1"}],
    "vnc": {"display": 5},
    "health": {"console": "login:"},
    "settings": {"device_model_args": ["-v"]},
}
INSTALLED = {
    "name": "bsd1",
    "os": "netbsd",
    "memory": 128,
    "disks": [{"path": "/home/xen/bsd1.img", "size": "2G"}],
    "nics": ["bridge0"],
    "install": {
        "release": "10.1",
        "network": {"address": "10.0.0.21/24", "gateway": "10.0.0.1"},
        "authorized_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwj9+WsILBmTvLUmQ56i6XkrekkVp1AyMUBWPnvAALq admin"],
        "sums": {"base.tar.xz": "0" * 128},
    },
}
SAMPLES: dict[str, Any] = {
    "bootloader_entries": [{"name": "Own", "kernel": "/netbsd"}],
    "bridge_bridges": [{"name": "bridge0", "interfaces": ["wm0"]}],
    "bridge_vlans": [{"name": "vlan7", "id": 7, "parent": "wm0"}],
    "bridge_nat": [{"bridge": "bridge0", "interface": "wm1"}],
    "domu_guests": [FULL_GUEST, INSTALLED],
    "domu_os_defaults": {"linux": {"kernel": "/home/xen/vmlinuz", "vnc": {"display": 5}, "settings": {"localtime": 1}}},
    "domu_secrets": {"web1": {"vncpasswd": "sesame"}},
    "domu_files": [{"src": "/kernels/a", "dest": "/home/xen/a"}],
    "services_extra": [{"name": "ntpd", "enabled": True}],
    "services_xl_conf": {"autoballoon": "off"},
}
# Beside them there must be something for the sample to be sound.
BESIDE = {
    "bridge_nat": {"bridge_bridges": [{"name": "bridge0", "interfaces": ["wm0"], "address": "10.0.0.1/24"}]},
    "domu_os_defaults": {"domu_guests": [{**WEB1, "os": "linux"}]},
}


def dictionaries(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from dictionaries(item)


def said_of(name: str, value: Any) -> list[str]:
    return report(**{**BESIDE.get(name, {}), name: value}).errors


def test_every_variable_that_holds_dictionaries_has_a_sample() -> None:
    holding = {
        name
        for name, option in OPTIONS.items()
        if option["type"] == "dict" or "options" in option or option.get("elements") in ("dict", "raw")
    }
    assert holding == set(SAMPLES)
    assert {key.name for key in KEYS if key.parts} <= {*FULL_GUEST, *INSTALLED}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_sound(name: str) -> None:
    assert said_of(name, SAMPLES[name]) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_a_key_that_nobody_knows_is_refused_in_every_dictionary(name: str) -> None:
    for number in range(len(list(dictionaries(SAMPLES[name])))):
        changed = copy.deepcopy(SAMPLES[name])
        place = list(dictionaries(changed))[number]
        place["qqqqqq"] = {"vncpasswd": "sesame"} if name == "domu_secrets" and number == 0 else "sesame"
        errors = said_of(name, changed)
        assert [error for error in errors if "qqqqqq" in error], (name, number, errors)
        assert "internal error" not in "".join(errors) and "sesame" not in "".join(errors), errors


@pytest.mark.parametrize("name", SAMPLES)
def test_a_slip_of_a_key_is_told_with_the_right_one(name: str) -> None:
    for number, place in enumerate(dictionaries(SAMPLES[name])):
        for key in place:
            changed = copy.deepcopy(SAMPLES[name])
            found = list(dictionaries(changed))[number]
            found[f"{key}x"] = found.pop(key)
            errors = said_of(name, changed)
            meant = [error for error in errors if f"{key}x" in error and "did you mean" in error]
            assert meant and f"{key}" in meant[0].partition("did you mean")[2], (name, key, errors)


@pytest.mark.parametrize("role", every.ROLES)
def test_a_key_that_nobody_knows_is_refused_by_every_module_too(role: str) -> None:
    for task in every.ROLES[role].TASKS.values():
        with pytest.raises(_declared.Refused, match="qqqqqq is not a known key"):
            _arguments.validated(task.resource.ARGUMENTS, {"qqqqqq": 1})


# -- a variable without a value ----------------------------------------------------------------------------------------


def without_value(name: str) -> _declared.HostReport:
    defaults = role_defaults("4.20")
    known = {**defaults, **SOUND, name: defaults.get(name)}
    empty = (name,) if name in defaults else ()
    return _declared.check_host(_declared.HostVariables("xen1", known, frozenset([name]), empty=empty), OPTIONS)


@pytest.mark.parametrize("name", sorted(set(OPTIONS) & set(role_defaults("4.20"))))
def test_a_variable_without_a_value_is_nothing_declared_or_refused(name: str) -> None:
    found = without_value(name)
    if OPTIONS[name]["type"] in ("list", "dict"):
        nothing = "[]" if OPTIONS[name]["type"] == "list" else "{}"
        said = f"host xen1: {name} has no value and counts as not given; write {nothing} or leave the line out"
        assert said in found.warnings
        assert [error for error in found.errors if "no value" in error] == []
    else:
        assert found.errors == [
            f"host xen1: {name} has no value; give it one, or leave the line out for the default"
        ]


def test_roles_take_the_default_where_a_list_has_no_value(tmp_path: Path) -> None:
    names = {
        "domu": ("domu.domain.guests", "domu.domain.os_defaults", "domu.domain.secrets", "domu.system_files.when"),
        "services": ("services.rc_service.services", "services.xl_conf.settings"),
        "bridge": ("bridge.bridge.bridges", "bridge.bridge.vlans"),
        "makedev": ("makedev.device_nodes.vnd_units",),
    }
    nothing = {name: None for name, option in OPTIONS.items() if option["type"] in ("list", "dict")}
    for role, wanted in names.items():
        directory = tmp_path / role
        directory.mkdir()
        found = values(
            directory, role, {name: worked_out(name) for name in wanted}, {"given": {}, "empty": nothing}
        )
        assert found["empty"] == found["given"], role


def test_the_check_goes_on_where_variables_have_no_value(tmp_path: Path) -> None:
    hosts = {
        "xen1": {"domu_guests": None, "domu_secrets": None, "bridge_bridges": None, "domu_destroy_after": None},
        "xen2": {"dom0_xen_release": None},
    }
    run = validate(tmp_path, hosts)
    text = " ".join((run.stdout + run.stderr).split())
    assert "host xen1: domu_guests has no value and counts as not given; write [] or leave the line out" in text
    assert "host xen2: dom0_xen_release has no value; give it one" in text
    assert run.returncode != 0 and "Traceback" not in text
    # What is made from it is no second mistake.
    said = {line for line in re.findall(r"host xen2: [^\"\n]*", run.stdout)}
    assert len(said) == 1
    assert validate(tmp_path, {"xen1": hosts["xen1"]}).returncode == 0


# -- passwords ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"web2": {"vncpasswd": "sesame"}}, "secrets: web2 is no guest that is declared here; did you mean web1?"),
        ({"database": {"vncpasswd": "sesame"}}, "secrets: database is no guest that is declared here; declare it, or"),
        ({"web1": {"vncpaswd": "sesame"}}, "secrets of guest web1: vncpaswd is not a known key; did you mean vnc"),
        ({"web1": "sesame"}, "secrets of guest web1 are no dictionary; allowed is one with vncpasswd, spicepasswd"),
    ],
)
def test_a_password_that_would_reach_no_guest_is_refused(secrets: dict[str, Any], said: str) -> None:
    (error,) = report(domu_secrets=secrets).errors
    assert error.startswith(f"host xen1: {said}")
    assert "sesame" not in error
