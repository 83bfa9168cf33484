# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""docs/xl-and-xm.md has every sub-command of xl and xm, each once, and names nothing that does not exist.

The fixtures are what the real ``xl help`` prints (records version, xl 4.17 and xl 4.20), and xm's commands from its
source.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from markdown import CHECKOUT

FIXTURES = Path(__file__).parent / "fixtures"
# In Xen's source after 4.20, or for ARM only (tools/xl/xl_cmdtable.c).
NEWER = {"dt-overlay", "xenstore-quota-get", "xenstore-quota-set"}
ROW = re.compile(r"\| (?P<names>`.*?) \| (?P<tools>[xlm ]+) \| (?P<kind>\w+) \| (?P<what>.+) \|")
# A name, and the tool that alone has it where the line is about both.
NAME = re.compile(r"`([^`]+)`(?: \((xl|xm)\))?")


def xl_commands(release: str) -> set[str]:
    """A sub-command begins in the second column; a long one has the line to itself."""
    text = (FIXTURES / f"xl-help-{release}.txt").read_text()
    return set(re.findall(r"^ ([a-z][a-z0-9-]*) ", text, re.MULTILINE))


def xm_commands() -> set[str]:
    lines = (FIXTURES / "xm-commands.txt").read_text().splitlines()
    return {line for line in lines if not line.startswith("#")}


def rows() -> list[re.Match[str]]:
    lines = (CHECKOUT / "docs/xl-and-xm.md").read_text().splitlines()
    return [match for match in map(ROW.fullmatch, lines) if match]


def table() -> dict[str, tuple[str, str]]:
    """Sub-command to the tools that have it and what is done for it."""
    found = {}
    for row in rows():
        for name, only in NAME.findall(row["names"]):
            assert name not in found, f"{name} is there twice"
            found[name] = (only or row["tools"], row["kind"])
    return found


def test_the_lists_are_whole() -> None:
    assert (len(xl_commands("4.17")), len(xl_commands("4.20"))) == (92, 94)
    assert xl_commands("4.20") - xl_commands("4.17") == {"suspend", "resume"}
    assert len(xl_commands("4.20") | NEWER) == 97
    assert {"create", "new", "cpupool-start"} <= xm_commands() and "qemu-monitor-command" not in xm_commands()


def test_every_line_of_a_table_is_understood() -> None:
    lines = [line for line in (CHECKOUT / "docs/xl-and-xm.md").read_text().splitlines() if line.startswith("| `")]
    assert len(lines) == len(rows()) > 50


def test_every_sub_command_is_in_the_table_with_the_tools_that_have_it() -> None:
    xl, xm = xl_commands("4.17") | xl_commands("4.20") | NEWER | {"help"}, xm_commands()
    both = {name: " ".join(tool for tool, names in (("xl", xl), ("xm", xm)) if name in names) for name in xl | xm}
    assert {name: tools for name, (tools, _kind) in table().items()} == both


def test_what_is_done_is_one_of_three() -> None:
    assert {kind for _tools, kind in table().values()} == {"managed", "read", "no"}


def test_modules_and_variables_that_it_names_exist() -> None:
    text = (CHECKOUT / "docs/xl-and-xm.md").read_text()
    modules = set(re.findall(r"`netbsd\.xen\.(\w+)`", text))
    assert [name for name in sorted(modules) if not (CHECKOUT / f"plugins/modules/{name}.py").exists()] == []
    options: set[str] = set()
    for path in CHECKOUT.glob("roles/*/meta/argument_specs.yml"):
        options.update(yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"])
    variables = set(re.findall(r"`((?:bootloader|services|domu)_\w+)", text))
    assert variables and variables <= options


def test_a_managed_command_says_by_what_it_is_managed() -> None:
    for row in rows():
        if row["kind"] == "managed":
            assert "`" in row["what"] or row["what"].startswith("the same"), row["names"]
