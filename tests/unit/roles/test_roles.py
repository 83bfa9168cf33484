# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What role authors promise: documented variables, the same set in defaults and argument specs, the role's prefix."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.arguments import VARIABLES
from ansible_collections.netbsd.xen.tests.unit.support.paths import ROLES

NAMES = sorted(path.parent.parent.name for path in ROLES.glob("*/meta/argument_specs.yml"))
# Without a default these mean "not given".
# Without a default, so that what is not declared can be told from what is declared as nothing.
OPTIONAL = {"bootloader_entries", "bootloader_path", "bridge_nat", "domu_destroy_after", *VARIABLES.values()}


# Variables of all roles, which have another prefix and no default.
COMMON = {"netbsd_xen_max_impact"}


def load(role: str, name: str) -> dict[str, Any]:
    path = ROLES / role / name
    return yaml.safe_load(path.read_text()) if path.exists() else {}


def test_all_roles_with_variables_are_found() -> None:
    assert NAMES == ["bootloader", "bootstrap", "bridge", "dom0", "domu", "host", "makedev", "services", "upgrade"]


@pytest.mark.parametrize("role", NAMES)
def test_every_default_is_specified_and_described(role: str) -> None:
    options = load(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert set(options) - OPTIONAL - COMMON == set(load(role, "defaults/main.yml"))
    assert all(option["description"] and option["type"] for option in options.values())


@pytest.mark.parametrize("role", NAMES)
def test_variables_carry_the_role_prefix(role: str) -> None:
    assert all(name.startswith(f"{role}_") for name in load(role, "defaults/main.yml"))


@pytest.mark.parametrize("role", NAMES)
def test_the_readme_names_every_variable(role: str) -> None:
    readme = (ROLES / role / "README.md").read_text()
    assert [name for name in load(role, "defaults/main.yml") if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("role", NAMES)
def test_constant_defaults_agree_with_the_specs(role: str) -> None:
    defaults = load(role, "defaults/main.yml")
    options = load(role, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    stated = {name: option["default"] for name, option in options.items() if "default" in option}
    templated = {name for name, value in defaults.items() if "{{" in str(value)}
    assert {name: defaults[name] for name in stated if name not in templated} == {
        name: value for name, value in stated.items() if name not in templated
    }
