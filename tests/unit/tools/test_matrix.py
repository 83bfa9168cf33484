# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The versions of tests/matrix are those that the collection names, and what is said of a run is true."""

from __future__ import annotations

import re

import pytest
import site_run
import yaml
from versions import CORES, NEWEST, OLDEST

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

RECAP = "PLAY RECAP ****\nxen1                       : ok=4    changed={}    unreachable=0    failed=0\n"


def test_it_begins_with_the_oldest_that_is_promised() -> None:
    required = yaml.safe_load((CHECKOUT / "meta/runtime.yml").read_text())["requires_ansible"]
    assert required == f">={OLDEST[0].line}.0"
    assert f"| Python on the machines | {OLDEST[1]} or newer;" in (CHECKOUT / "README.md").read_text()


def test_what_all_other_tests_run_on_is_between() -> None:
    (release,) = re.findall(r"^ansible-core==(.+)$", (CHECKOUT / "requirements/run.txt").read_text(), re.MULTILINE)
    assert release in [core.release for core in CORES[1:-1]]


def test_no_line_is_left_out() -> None:
    numbers = [tuple(int(word) for word in core.line.split(".")) for core in CORES]
    assert numbers == [(2, minor) for minor in range(numbers[0][1], numbers[-1][1] + 1)]
    assert NEWEST == (CORES[-1], CORES[-1].targets[-1])
    assert all(OLDEST[1] in core.targets for core in CORES[:3])


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
