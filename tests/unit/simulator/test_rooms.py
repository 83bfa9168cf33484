# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The rooms of the simulator: what is imported with a module is of its own room, or of one below it.

What a function imports when it is called does not count: most commands need little of a machine, and each starts a
Python of its own.
"""
from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

SIMULATOR = CHECKOUT / "tests/simulator/netbsd_sim"
# From the lowest one up. Those of one line do not know each other.
ORDER = [["core"], ["disk"], ["net", "pkg"], ["system"], ["xen.common"], ["xen.xl", "xen.xm"], ["boot"], ["rack"]]
LEVELS = {name: level for level, names in enumerate(ORDER) for name in names}
# The door to Xen, which asks for all behind it when it is opened; and what the machine's own Python starts with.
NO_ROOM = {"__init__.py", "xen/__init__.py", "pysite/sitecustomize.py"}
MODULES = [path for path in sorted(SIMULATOR.rglob("*.py")) if str(path.relative_to(SIMULATOR)) not in NO_ROOM]


def room(parts: list[str]) -> str:
    return next(name for name in LEVELS if name.split(".") == parts[: name.count(".") + 1])


def imported_at_once(node: ast.AST) -> Iterator[ast.ImportFrom]:
    """The imports of a module, but for those in its functions and those that only a type checker sees."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom):
            yield child
        elif not isinstance(child, ast.FunctionDef) and not (
            isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        ):
            yield from imported_at_once(child)


def upward(path: Path) -> list[str]:
    """What a module imports from beside or above its room."""
    package = list(path.relative_to(SIMULATOR).parent.parts)
    own, found = room(package), []
    for node in imported_at_once(ast.parse(path.read_text())):
        if node.level:
            base = [*package[: len(package) + 1 - node.level], *(node.module or "").split(".")]
            others = {room([part for part in [*base, name.name] if part]) for name in node.names}
            found += [
                f"{path.relative_to(SIMULATOR)}:{node.lineno}: {own} imports {other}"
                for other in sorted(others - {own})
                if LEVELS[other] >= LEVELS[own]
            ]
    return found


def test_a_module_knows_its_room_and_those_below() -> None:
    assert len(MODULES) > 100
    assert [line for path in MODULES for line in upward(path)] == []
