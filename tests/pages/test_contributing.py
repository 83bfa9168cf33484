# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""CONTRIBUTING.md: its commands are ones that there are, and so are the files and names that it sends people to.

What takes long (make's targets, Molecule, real Xen, the faults) runs elsewhere. Here it is asked whether it would run.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from markdown import CHECKOUT, CONTRIBUTING, blocks, commands, inline_code
from rehearsal import ansible_environment
from test_commands import targets

SHELL = [command for block in blocks("sh", [CONTRIBUTING]) for command in commands(block)]
CODES = list(inline_code(CONTRIBUTING))
SEARCH_PATH = "export PATH=$PWD/.venv/bin:$PATH"
MAKEFILE = (CHECKOUT / "Makefile").read_text()


def beginning(words: str) -> list[str]:
    return [command for command in SHELL if command.startswith(f"{words} ")]


MAKES, PYTESTS, PLAYBOOKS = beginning("make"), beginning("pytest"), beginning("ansible-playbook")
SIMRACKS, LABS = beginning("tests/simulator/simrack"), beginning("tests/xen/lab")
FAULTS = beginning("python tests/faults/run.py")


def called(line: str) -> subprocess.CompletedProcess[str]:
    """A command line as a shell in the checkout runs it, with the tools of this Python."""
    environment = ansible_environment()
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=CHECKOUT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def test_each_command_is_of_a_kind_that_is_looked_at_below() -> None:
    assert {block.language for block in blocks(pages=[CONTRIBUTING])} == {"sh"}
    kinds = [MAKES, PYTESTS, PLAYBOOKS, SIMRACKS, LABS, FAULTS]
    assert all(kinds)
    assert sorted([SEARCH_PATH, *(command for kind in kinds for command in kind)]) == sorted(SHELL)


@pytest.mark.parametrize("command", MAKES)
def test_make_knows_its_targets_and_their_settings(command: str) -> None:
    target, *settings = shlex.split(command)[1:]
    assert target in targets()
    (said,) = re.findall(r'"Settings: ((?:.|\\\n)+?)"$', MAKEFILE, re.MULTILINE)
    for name, _equals, value in (setting.partition("=") for setting in settings):
        assert re.search(rf"\b{name}\b[^A-Z]*{target}", said), f"{name} is no setting of {target}"
        if name == "SCENARIO":
            assert (CHECKOUT / "molecule" / value / "molecule.yml").is_file()
        elif name == "XEN":
            assert value in re.findall(r"^XEN \?= (.+)$", MAKEFILE, re.MULTILINE)[0].split()
        else:
            assert value.isdigit()


def test_each_scenario_has_a_line() -> None:
    there = {path.parent.name for path in CHECKOUT.glob("molecule/*/molecule.yml")}
    (table,) = re.findall(r"^\| scenario \|.*\n\|[-|]+\n((?:\|.*\n)+)", CONTRIBUTING.read_text(), re.MULTILINE)
    told = re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)
    assert sorted(told) == sorted(name for name in there if not re.match(r"netbsd-\d", name))


@pytest.mark.parametrize("command", PYTESTS)
def test_pytest_finds_the_tests(command: str) -> None:
    collected = called(f"{command} --collect-only -q")
    assert collected.returncode == 0, collected.stdout


def test_the_simulated_machine_does_all_that() -> None:
    try:
        for command in SIMRACKS:
            ended = called(command)
            assert ended.returncode == 0, f"{command}: {ended.stdout}"
            if " exec " in command:
                assert "Domain-0" in ended.stdout
    finally:
        (destroy,) = [command for command in SIMRACKS if " destroy " in command]
        called(destroy)
    assert destroy == SIMRACKS[-1]


@pytest.mark.parametrize("command", PLAYBOOKS)
def test_playbooks_and_tags_are_ones_that_there_are(command: str) -> None:
    words = shlex.split(command)
    assert any(f"> {words[words.index('-i') + 1]}" in made for made in SIMRACKS), "an inventory that nobody wrote"
    words[words.index("-i") + 1] = "xen1,"
    listed = called(shlex.join([*words, "-e", "netbsd_xen_hosts=all", "--list-tasks"]))
    assert listed.returncode == 0, listed.stdout
    for tag in words[words.index("--tags") + 1].split(","):
        assert re.search(rf"TAGS: \[{tag}\]", listed.stdout), tag


def test_the_lab_knows_its_commands() -> None:
    told = called("tests/xen/lab --help").stdout
    assert [command for command in LABS if f"    lab {command.split()[1]} " not in told] == []


@pytest.mark.parametrize("command", FAULTS)
def test_the_faults_have_such_options_and_cases(command: str) -> None:
    told = " ".join(called("python tests/faults/run.py --help").stdout.split())
    words = shlex.split(command)
    assert [word for word in words if word.startswith("--") and f" {word} " not in told] == []
    cases = re.findall(r"separated by commas: ([^-].*?) --minutes", told)[0].split(", ")
    assert words[words.index("--cases") + 1] in cases


def test_files_that_people_are_sent_to_are_there() -> None:
    top = {path.name for path in CHECKOUT.iterdir()}
    paths = [code for code in CODES if re.fullmatch(r"[\w./-]+", code) and code.split("/")[0] in top]
    assert len(paths) > 55
    assert [path for path in paths if not (CHECKOUT / path).exists()] == []
    modules = [code for code in CODES if re.fullmatch(r"\w+\.py", code)]
    there = {path.name for path in CHECKOUT.glob("plugins/**/*.py")}
    assert len(modules) > 3 and [name for name in modules if name not in there] == []


def test_names_in_the_code_are_there() -> None:
    code = "\n".join(
        path.read_text() for room in ("plugins", "tests/simulator") for path in (CHECKOUT / room).rglob("*.py")
    )
    names = [name for name in CODES if re.fullmatch(r"_?[A-Z]+(_[A-Z]+)*", name)]
    assert len(names) > 5
    assert [name for name in names if not re.search(rf"^ *{name}(: [^=]+)? = ", code, re.MULTILINE)] == []
