# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""docs/architecture.md: its rooms and arrows are those of the imports, which go down only and never in a circle."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest
from graphlib import TopologicalSorter
from markdown import CHECKOUT

ROOT = CHECKOUT / "plugins/module_utils"
PAGE = (CHECKOUT / "docs/architecture.md").read_text()
MODULES = {path.relative_to(ROOT).with_suffix("").as_posix() for path in ROOT.rglob("*.py")}
LAYERS = ("_formats", "", "_toolstack", "_resources")
# They name what is in all rooms: the registry of resources, and for the rooms of guests the table of their keys.
TABLES = ("_resources/registry", "_resources/guests/keys")
# What differs between releases is asked of their table everywhere.
RELEASES = "_releases"
MAX_LINES = 350


def imports(name: str) -> set[str]:
    """The files of module_utils that one of them imports when it runs, wherever in it."""
    found = set()
    tree = ast.parse((ROOT / f"{name}.py").read_text())
    for_types = {
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level and node not in for_types:
            base = [*name.split("/")[: -node.level], *(node.module.split(".") if node.module else ())]
            for alias in node.names:
                path = "/".join([*base, alias.name])
                found.add(path if path in MODULES else "/".join(base))
    assert found <= MODULES, (name, found - MODULES)
    return found


IMPORTS = {name: imports(name) for name in sorted(MODULES)}


def layer(name: str) -> str:
    return name.split("/")[0] if "/" in name else ""


def room(name: str) -> str:
    """The room of a file: of _resources with at most two names, of _formats with one; a file beside them is its own."""
    folders = name.split("/")[1:-1]
    return "/".join(folders) or name.split("/")[-1]


def arrows(layer_from: str, layer_to: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for name, others in IMPORTS.items():
        for other in others:
            same = layer_from == layer_to and room(name) == room(other)
            if (layer(name), layer(other)) == (layer_from, layer_to) and not {name, other} & set(TABLES) and not same:
                found[room(name)].add(room(other))
    return dict(found)


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_imports_go_down() -> None:
    up = [
        (name, other)
        for name, others in IMPORTS.items()
        for other in others
        if LAYERS.index(layer(other)) > LAYERS.index(layer(name)) and other != RELEASES
    ]
    assert up == []


@pytest.mark.parametrize("layer_of", LAYERS)
def test_no_file_and_no_room_needs_itself(layer_of: str) -> None:
    files = {name: others for name, others in IMPORTS.items() if layer(name) == layer_of}
    assert files
    for graph in (files, arrows(layer_of, layer_of)):
        assert list(TopologicalSorter(graph).static_order()) or not graph


def test_the_rooms_are_those_of_the_page() -> None:
    told = {cells[0]: set(cells[1]) for cells in _rows(r"^\| `([\w/]+)` \| [^|]+ \| ([^|]+) \|$")}
    rooms = {room(name) for name in MODULES if layer(name) == "_resources" and "/" in name.split("/", 1)[1]}
    assert told.keys() == rooms
    assert told == {name: arrows("_resources", "_formats").get(name, set()) - {"text", "units"} for name in rooms}


def _rows(pattern: str) -> list[tuple[str, list[str]]]:
    return [(name, codes(formats)) for name, formats in re.findall(pattern, PAGE.split("## Rooms")[1], re.MULTILINE)]


def test_the_arrows_are_those_of_the_picture() -> None:
    drawn = re.findall(r"^    (\S+) --> (\S+)$", PAGE, re.MULTILINE)
    assert len(drawn) > 5
    there = {(a, b) for a, others in arrows("_resources", "_resources").items() for b in others}
    assert sorted(drawn) == sorted(there)


# What is asked of a machine is asked of its Host, because what reads it runs on the controller as well. Those that act
# and wait run on the machine itself.
ACTING = {"_toolstack/lock", "_toolstack/waiting", "_resources/services/daemons", "_resources/systems/verify"}
ACTING |= {"_reading", "_host", "_command", "_atomic", "_kept", "_guard", "_progress", "_unpacking"}
# A switch that tests alone set, in the environment of the module itself (tests/xen/README.md).
OF_THE_TESTS = {"_engine": {"os.environ"}}
OF_A_MACHINE = {"time", "socket", "subprocess", "platform", "tempfile", "shutil", "glob", "pathlib", "datetime"}
ONLY_WORDS = {"join", "dirname", "basename", "split", "splitext", "normpath"}


def _asks_a_machine(name: str) -> set[str]:
    """What a file asks of the machine that it runs on, without its Host."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / f"{name}.py").read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & OF_A_MACHINE
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "os" and node.attr != "path":
            found.add(f"os.{node.attr}")
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "os.path" and node.attr not in ONLY_WORDS:
            found.add(f"os.path.{node.attr}")
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "open":
            found.add("open")
    return found


def test_who_reads_asks_the_host_alone() -> None:
    assert {name for name in ACTING if not _asks_a_machine(name)} == set()
    reading = {name for name in MODULES - ACTING if not name.startswith("_resources/guests/apply/")}
    assert {name: found for name in sorted(reading) if (found := _asks_a_machine(name))} == OF_THE_TESTS


def test_who_talks_to_the_toolstack_is_told() -> None:
    (sentence,) = re.findall(r"^The toolstack is called by (.+)\.$", PAGE, re.MULTILINE)
    assert {name.removesuffix(".py") for name in codes(sentence)} == arrows("_resources", "_toolstack").keys()


def test_no_file_is_longer_than_one_can_read() -> None:
    plugins = [path for path in (CHECKOUT / "plugins").rglob("*.py") if path.parent.name != "modules"]
    assert len(plugins) > 150
    long = {path.name: len(path.read_text().splitlines()) for path in plugins}
    assert {name: lines for name, lines in long.items() if lines > MAX_LINES} == {}
    modules = {path.name: path.read_text() for path in Path(CHECKOUT, "plugins/modules").glob("*.py")}
    code = {name: text.rsplit('"""', 1)[-1].count("\n") for name, text in modules.items()}
    assert {name: lines for name, lines in code.items() if lines > MAX_LINES} == {}


def test_what_is_shipped_survives_being_copied() -> None:
    """Not every archive and copy keeps links, and a link that became a text is a module that can't be imported."""
    shipped = [path for room in ("meta", "playbooks", "plugins", "roles") for path in (CHECKOUT / room).rglob("*")]
    assert len(shipped) > 300
    assert [path for path in shipped if path.is_symlink()] == []
