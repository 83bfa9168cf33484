# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""docs/howto.md: each row says what does a line of the HOWTO and which test shows that, or that it is done by hand; all
that it names is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown import CHECKOUT

PAGE = CHECKOUT / "docs/howto.md"
BY_HAND = "by hand so far"
HEAD = "| the HOWTO | what does it here | variables | shown by |"
# The chapters of revision 1.7, as this page divides them.
SECTIONS = [
    "What Xen is",
    "Dom0: the machine and its packages",
    "Dom0: hypervisor and kernels",
    "Dom0: the boot menu",
    "Dom0: the daemons",
    "NetBSD in a guest",
    "Linux in a guest",
    "Solaris in a guest",
    "PCI devices in guests",
    "Further links",
]


@dataclass(frozen=True)
class Row:
    """A line of the HOWTO; ``tests`` are path or file name and function, as ``test_kernfs.py::test_nothing_to_do``."""

    section: str
    line: str
    by: str
    variables: list[str]
    shown: str

    @property
    def tests(self) -> list[str]:
        return re.findall(r"`([^`]+)`", self.shown)


def read() -> Iterator[Row]:
    section, within = "", False
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            section, within = line[3:], False
        elif line == HEAD:
            within = True
        elif not line.startswith("|"):
            within = False
        elif within and not line.startswith("|---"):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            assert len(cells) == 4, f"a row of {len(cells)} cells: {line}"
            yield Row(section, cells[0], cells[1], re.findall(r"`([^`]+)`", cells[2]), cells[3])


ROWS = list(read())


def test_every_section_has_rows_and_every_row_what_shows_it() -> None:
    assert list(dict.fromkeys(row.section for row in ROWS)) == SECTIONS
    for row in ROWS:
        assert row.line and row.by, row
        assert (row.shown == BY_HAND) != bool(row.tests), f"{row.section}: {row.line}: {row.shown}"
    by_hand = [row for row in ROWS if row.shown == BY_HAND]
    print(f"{len(ROWS)} lines, {len(by_hand)} by hand")


@cache
def functions(path: Path) -> frozenset[str]:
    """The tests of a file."""
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def files() -> list[Path]:
    return [path for room in ("tests", "molecule") for path in sorted((CHECKOUT / room).rglob("test_*.py"))]


@pytest.mark.parametrize("section", SECTIONS)
def test_the_tests_are_there(section: str) -> None:
    there = files()
    for row in (row for row in ROWS if row.section == section):
        for name in row.tests:
            path, _colons, function = name.partition("::")
            found = [file for file in there if f"/{file.relative_to(CHECKOUT)}".endswith(f"/{path}")]
            assert len(found) == 1, f"{row.line}: {path} is {len(found)} files"
            assert function in functions(found[0]), f"{row.line}: {path} has no {function}"


def options(given: dict[str, Any], before: str = "") -> Iterator[str]:
    """The names of options and of what is in them: ``domu_guests[].disks[].path``."""
    for name, option in given.items():
        yield before + name
        yield from options(option.get("options", {}), f"{before}{name}{'[].' if option.get('type') == 'list' else '.'}")


def test_the_variables_are_there() -> None:
    there: set[str] = set()
    for path in CHECKOUT.glob("roles/*/meta/argument_specs.yml"):
        there.update(options(yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"]))
    named = {name for row in ROWS for name in row.variables}
    assert len(named) > 80 and named - there == set()


def test_what_does_it_is_there() -> None:
    """Roles, modules, filters, connections and playbooks are named behind the word for what they are."""
    places = {
        "role": "roles/{}",
        "module": "plugins/modules/{}.py",
        "filter": "plugins/filter/{}.py",
        "connection": "plugins/connection/{}.py",
        "playbook": "playbooks/{}.yml",
    }
    seen = set()
    for row in ROWS:
        for kind, first, more in re.findall(
            r"(role|module|filter|connection|playbook)s? `([\w.]+)`((?:(?:,| and) `[\w.]+`)*)", row.by
        ):
            for name in [first, *re.findall(r"`([\w.]+)`", more)]:
                seen.add(kind)
                place = places[kind].format(name.removeprefix("netbsd.xen."))
                assert (CHECKOUT / place).exists(), f"{row.line}: there is no {kind} {name}"
    assert seen == set(places)
