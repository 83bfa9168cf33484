# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The contract tests run the same cases on real Xen (`--target=xen`) and on the simulated rack (`--target=sim`)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract_target import TARGETS, Target
from contract_xl import Xl
from story import Story


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--target", choices=sorted(TARGETS), help="the machine of the contract tests")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """A dom0 that answers, ended after the last test; see `Target` for what a test can do with it."""
    name = request.config.getoption("--target", default=None)
    if name is None:
        pytest.skip("the contract tests need --target=xen or --target=sim")
    # Not pytest's temporary directory: other runs may clean that up while a test's ending still needs the machine.
    with tempfile.TemporaryDirectory(prefix="contract-") as scratch, TARGETS[name](Path(scratch)) as machine:
        yield machine


@pytest.fixture
def xl(target: Target) -> Iterator[Xl]:
    """xl itself on the target. Whatever guests there are at the test's end are destroyed."""
    tool = Xl(target)
    yield tool
    tool.destroy_all()


@pytest.fixture
def story(target: Target, request: pytest.FixtureRequest) -> Iterator[Story]:
    """A guest for one test, gone at its end."""
    made = Story(target, **getattr(request, "param", {}))
    yield made
    made.remove()
    assert made.row() is None
