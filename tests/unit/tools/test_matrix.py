# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The versions of tests/matrix are those that the collection names, and what is said of a run is true."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import ansible_test
import pytest
import sanity
import site_run
import table
import yaml
from versions import CORES, FIRST, LAST, NEWEST, OLDEST, contradiction

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

RECAP = "PLAY RECAP ****\nxen1                       : ok=4    changed={}    unreachable=0    failed=0\n"


def test_it_begins_with_the_oldest_that_is_promised() -> None:
    required = yaml.safe_load((CHECKOUT / "meta/runtime.yml").read_text())["requires_ansible"]
    assert required == f">={OLDEST[0].line}.0"


def test_the_readme_promises_what_is_run() -> None:
    controllers = sorted({core.controller for core in CORES}, key=lambda version: int(version.split(".")[1]))
    readme = (CHECKOUT / "README.md").read_text()
    cores = f"ansible-core {CORES[0].line} to {CORES[-1].line}, on Python {controllers[0]} to {controllers[-1]}"
    assert f"| controller | {cores}" in readme
    assert f"| Python on the machines | {FIRST} to {LAST}" in readme
    assert all(f"3.{minor}" in controllers for minor in range(10, 14))
    assert all(any(target in core.targets for core in CORES) for target in (FIRST, LAST))


def test_the_pages_tell_which_python_the_oldest_core_does_not_take() -> None:
    """The role brings the newest by default."""
    default = yaml.safe_load((CHECKOUT / "roles/bootstrap/defaults/main.yml").read_text())["bootstrap_python"]
    assert f"python{LAST}'" in default
    unfit = [core for core in CORES if LAST not in core.targets]
    page = (CHECKOUT / "roles/bootstrap/README.md").read_text()
    told = re.findall(r"ansible-core (\S+) is for Pythons up to (\S+): with it, say .*/python(\S+)`", page)
    assert told == [(core.line, core.targets[-1], core.targets[-1]) for core in unfit]


def test_ansible_test_is_told_of_the_oldest_python(tmp_path: Path) -> None:
    """ansible-core 2.17 imports the modules under 3.7 otherwise, for which they are not."""
    sanity.refresh(tmp_path / "xen")
    tests = [str(path.relative_to(tmp_path / "xen")) for path in (tmp_path / "xen/tests").rglob("*")]
    assert tests == ["tests/config.yml"]
    told = yaml.safe_load((tmp_path / "xen/tests/config.yml").read_text())
    assert told == {"modules": {"python_requires": f">={FIRST}"}}


def test_what_all_other_tests_run_on_is_between() -> None:
    (release,) = re.findall(r"^ansible-core==(.+)$", (CHECKOUT / "requirements/run.txt").read_text(), re.MULTILINE)
    assert release in [core.release for core in CORES[1:-1]]


def test_no_line_is_left_out() -> None:
    numbers = [tuple(int(word) for word in core.line.split(".")) for core in CORES]
    assert numbers == [(2, minor) for minor in range(numbers[0][1], numbers[-1][1] + 1)]
    assert OLDEST == (CORES[0], FIRST) and NEWEST == (CORES[-1], LAST)


def test_the_pythons_of_a_core_are_those_that_it_names() -> None:
    """Of the one that is here; the sessions ask each of the others so."""
    (release,) = re.findall(r"^ansible-core==(.+)$", (CHECKOUT / "requirements/run.txt").read_text(), re.MULTILINE)
    (core,) = [core for core in CORES if core.release == release]
    constants = Path(ansible_test.__path__[0], "_util/target/common/constants.py")
    assert contradiction(core, constants) is None
    for wrong in (replace(core, controller="3.9"), replace(core, targets=core.targets[1:])):
        assert "takes 3.8, 3.9, " in str(contradiction(wrong, constants))


def session(name: str, line: str, target: str = "", result: str = "success", seconds: float = 7.0) -> dict[str, object]:
    """As nox has it in its report."""
    reason = "not run: there is no python3.14 here" if target == "3.14" else ""
    args = {"line": line, **({"target": target} if target else {})}
    return {"name": name, "args": args, "result": result, "duration": seconds, "reason": reason}


def test_a_table_says_what_passed_what_failed_and_what_could_not_be_run() -> None:
    reports = [
        {"sessions": [session("site", "2.17", "3.8"), session("sanity_tests", "2.17", result="aborted", seconds=61)]},
        {
            "sessions": [
                session("units", "2.17", "3.8", "failed"),
                session("site", "2.21", "3.13"),
                session("site", "2.21", "3.14", "skipped", 0.0),
                session("units", "2.21", "3.14", "aborted", 0.0),
            ]
        },
        {"sessions": [session("units", "2.17", "3.8", seconds=12.0)]},
    ]
    lines = [re.split(r"\s{2,}", line) for line in table.text(table.rows(table.results(reports))).splitlines()]
    assert lines == [
        ["core", "controller", "target", "site run", "units", "sanity", "seconds"],
        [CORES[0].release, "3.10", "3.8", "passed 7 s", "passed 12 s", "FAILED 61 s", "80"],
        ["", "3.13", "ansible-core 2.17 does not take it"],
        ["", "3.14", "ansible-core 2.17 does not take it"],
        [CORES[-1].release, "3.13", "3.8", "ansible-core 2.21 does not take it", "7"],
        ["", "3.13", "passed 7 s"],
        ["", "3.14", "not run: there is no python3.14 here"],
    ]


def test_a_run_that_went_well() -> None:
    assert site_run.converged((0, RECAP.format(12))) == []
    assert site_run.unchanged((0, RECAP.format(0))) == []


@pytest.mark.parametrize(
    ("ended", "word"),
    [
        ((2, RECAP.format(12)), "status 2"),
        ((0, RECAP.format(0)), "'changed': 0"),
        ((0, ""), "counts: {}"),
        ((0, "[DEPRECATION WARNING]: soon\n" + RECAP.format(12)), "DEPRECATION"),
    ],
)
def test_a_first_run_that_did_not(ended: tuple[int, str], word: str) -> None:
    (problem,) = site_run.converged(ended)
    assert word in problem


@pytest.mark.parametrize(
    ("ended", "word"),
    [
        ((4, RECAP.format(0)), "status 4"),
        ((0, RECAP.format(1)), "'changed': 1"),
        ((0, "no hosts matched\n"), "counts: {}"),
        ((0, "TASK [netbsd.xen.dom0 : Xen's packages] ***\n" + RECAP.format(0)), "in sync"),
    ],
)
def test_a_second_run_that_did_not(ended: tuple[int, str], word: str) -> None:
    (problem,) = site_run.unchanged(ended)
    assert word in problem
