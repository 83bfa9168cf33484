# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The tables of variables in the roles' READMEs: what becomes of an argument spec, and that none has gone stale."""

from __future__ import annotations

import re
from typing import Any

import guest_options
import pytest
import role_tables
import yaml
from role_tables import BEGIN, END

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

ROLES = sorted(path.parents[1].name for path in CHECKOUT.glob("roles/*/meta/argument_specs.yml"))
OTHERS = "As O(netbsd.xen.domain#module:guests) or O(netbsd.xen.dom0#role:main:dom0_hvm) or O(x) say."


def option(description: Any, **more: Any) -> dict[str, Any]:
    return {"description": description, **more}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (option("What."), "What."),
        (option(["What. And more.", "Details."]), "What. And more."),
        (option("What. The default is C(this), else that. More."), "What. More."),
        (option(OTHERS), "As `guests` (`ansible-doc netbsd.xen.domain`) or `dom0_hvm` or `x` say."),
        (option("B(Loud), V(quiet), C(a|b), RV(netbsd.xen.host_info#module:host.pci)."),
         "**Loud**, `quiet`, `a\\|b`, `host.pci` (`ansible-doc netbsd.xen.host_info`)."),
        (option("Xen 4.20.gz of 3.1 is no end."), "Xen 4.20.gz of 3.1 is no end."),
    ],
)  # fmt: skip
def test_what_is_said(given: dict[str, Any], told: str) -> None:
    assert role_tables.text(given) == told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (option("What."), "none"),
        (option("What.", default=""), "none"),
        (option("What.", default="1G"), "`1G`"),
        (option("What.", default="4.20"), '`"4.20"`'),
        (option("What.", default=False), "`false`"),
        (option("What.", default=[]), "`[]`"),
        (option("What.", default={}), "`{}`"),
        (option("What.", default=0), "`0`"),
        (option("What. The default is C(/x-4.20.gz), else\n  none.", default="/y"), "`/x-4.20.gz`, else none"),
        (option(["What.", "More. The default is O(netbsd.xen.dom0#role:main:a)."]), "`a`"),
    ],
)
def test_what_the_default_is(given: dict[str, Any], told: str) -> None:
    assert role_tables.default(given) == told


def test_the_table_takes_the_place_of_the_one_before() -> None:
    specs = {"argument_specs": {"main": {"options": {"a": option("What.", default=1)}}, "reboot": {}}}
    rows = role_tables.table(specs)
    assert rows == "| variable | default | |\n|---|---|---|\n| `a` | `1` | What. |"
    page = f"# role\n\n{BEGIN}\n\n| old |\n\n{END}\n\nProse.\n"
    assert role_tables.with_table(page, rows) == f"# role\n\n{BEGIN}\n\n{rows}\n\n{END}\n\nProse.\n"


@pytest.mark.parametrize("page", ["", f"{BEGIN}\n", f"x\n{END}\n{BEGIN}\n", f"{BEGIN}\n{BEGIN}\nx\n{END}\n"])
def test_a_page_without_both_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="once and in this order"):
        role_tables.with_table(page, "| rows |")


@pytest.mark.parametrize("role", ROLES)
def test_no_table_is_stale_and_no_markup_is_left(role: str) -> None:
    readme = (CHECKOUT / "roles" / role / "README.md").read_text()
    rows = role_tables.table(yaml.safe_load((CHECKOUT / "roles" / role / "meta/argument_specs.yml").read_text()))
    assert rows in readme
    assert re.findall(r"\b[A-Z]{1,2}\([^)]*\)", rows) == []


@pytest.mark.parametrize("role", ROLES)
def test_a_default_that_is_worked_out_is_told_in_words(role: str) -> None:
    """Or the table would say `none`, or something that holds for some machines only."""
    specs = yaml.safe_load((CHECKOUT / "roles" / role / "meta/argument_specs.yml").read_text())
    path = CHECKOUT / "roles" / role / "defaults/main.yml"
    defaults = yaml.safe_load(path.read_text()) if path.exists() else {}
    for name, value in defaults.items():
        if "{{" in str(value):
            described = specs["argument_specs"]["main"]["options"][name]["description"]
            assert re.search(r"\bThe default is ", str(described)), name


# -- the keys of a guest in the argument spec of role domu -------------------------------------------------------------


def test_a_key_is_told_in_the_words_of_a_role() -> None:
    vnc = option("A screen, see O(guests[].vncpasswd).", type="raw", suboptions={"listen": option("W.", type="str")})
    disks = option(["One.", "By O(os_defaults)."], type="list", elements="raw")
    assert guest_options.of_role({"vnc": vnc, "disks": disks}) == {
        "vnc": {
            "description": ["A screen, see O(domu_guests[].vncpasswd)."],
            "type": "raw",
            "options": {"listen": {"description": ["W."], "type": "str"}},
        },
        "disks": {
            "description": ["One.", "By O(netbsd.xen.domain#module:os_defaults)."],
            "type": "list",
            "elements": "raw",
        },
    }


def test_the_keys_take_the_place_of_those_before() -> None:
    begin, end = guest_options.BEGIN, guest_options.END
    spec = f"      domu_guests:\n        type: list\n{begin}        options: {{}}\n{end}      other: {{}}\n"
    found = guest_options.with_keys(spec, {"name": {"type": "str"}})
    assert yaml.safe_load(found) == {
        "domu_guests": {"type": "list", "options": {"name": {"type": "str"}}}, "other": {}
    }  # fmt: skip
    assert guest_options.with_keys(found, {"name": {"type": "str"}}) == found


@pytest.mark.parametrize("spec", ["", guest_options.BEGIN, guest_options.END + guest_options.BEGIN])
def test_a_spec_without_both_marks_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="it must have the lines"):
        guest_options.with_keys(spec, {})


def test_the_role_has_the_keys_of_the_module() -> None:
    assert not guest_options.stale(write=False), "run tests/tools/role_tables.py"
