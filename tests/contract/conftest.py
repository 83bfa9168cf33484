# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The contract tests run the same cases on real Xen (`--target=xen`) and on the simulated rack (`--target=sim`)."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract_target import NEWEST, TARGETS, Target
from contract_xl import Xl
from story import Story, Unanswered, ask_the_deaf

_ELSEWHERE = pytest.StashKey[Counter]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "only_on(*places, reason): the case runs there only, places being sim and releases of Xen; for what can't end "
        "differently elsewhere",
    )
    config.addinivalue_line("markers", "ends_the_machine: runs after all cases that need the machine as it was")
    config.stash[_ELSEWHERE] = Counter()


def _place(config: pytest.Config) -> str | None:
    """Where the cases run: sim, or a release of real Xen."""
    target = config.getoption("--target", default=None)
    return os.environ.get("XENLAB_RELEASE", NEWEST) if target == "xen" else target


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what runs elsewhere only, and has the machine booted again as seldom as can be."""
    here = _place(config)
    left_out = []
    for item in items:
        places = item.get_closest_marker("only_on")
        if here is not None and places is not None and here not in places.args:
            left_out.append(item)
            config.stash[_ELSEWHERE][", ".join(places.args), places.kwargs["reason"]] += 1
    items[:] = sorted(
        (item for item in items if item not in left_out),
        key=lambda item: item.get_closest_marker("ends_the_machine") is not None,
    )
    if left_out:
        config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Which cases ran where, as counts."""
    here = _place(config)
    if here is None:
        return
    ran = sum(len(terminalreporter.stats.get(outcome, [])) for outcome in ("passed", "failed"))
    where = "the simulated rack" if here == "sim" else f"Xen {here}"
    terminalreporter.write_line(f"contract tests: {ran} cases ran on {where}")
    for (places, reason), count in sorted(config.stash[_ELSEWHERE].items()):
        terminalreporter.write_line(f"contract tests: {count} cases run on {places} only: {reason}")


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


@pytest.fixture(scope="module")
def running(target: Target) -> Iterator[Story]:
    """A Linux guest that the tests of a file share: its boot takes longer than most of them. See `linux`."""
    made = Story(target, linux=True)
    yield made
    made.remove()
    assert made.row() is None


@pytest.fixture
def linux(running: Story) -> Story:
    """A Linux guest that has booted and is as declared, whatever an earlier test has done to it."""
    assert running.converge()["restart_required"] == []
    running.wait_for_guest()
    return running


@pytest.fixture(scope="session")
def unanswered(target: Target) -> Unanswered:
    """Guests that do not answer, asked all at once: xl waits a minute for each."""
    return ask_the_deaf(target)


@pytest.fixture(scope="session")
def ruins() -> list[str]:
    """The tests that have ruined the machine."""
    return []


@pytest.fixture
def disposable(target: Target, ruins: list[str], request: pytest.FixtureRequest) -> Target:
    """A machine that the test may ruin: booted anew if an earlier one has. What comes after it must know of that, so
    the test needs the mark ends_the_machine."""
    assert request.node.get_closest_marker("ends_the_machine") is not None
    if target.restart is None:
        pytest.skip("the machine ran before the tests and is not theirs: stop it ('lab stop') to have this test run")
    with_xen = getattr(request, "param", True)
    if ruins or not with_xen:
        target.restart(with_xen=with_xen)
    ruins.append(request.node.name)
    return target
