# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The guest modules on machines of the time of xm and xend. No such machine is to be had any more, so these are
simulated, from the sources of their Xen."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from contract_target import Target, simulated_dom0
from story import Story

PROFILES = ("netbsd-5.1-xen-3.1", "netbsd-6.1-xen-4.2")


@pytest.fixture(scope="session", params=PROFILES)
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """A simulated dom0 with xend."""
    with tempfile.TemporaryDirectory(prefix="contract-") as scratch, simulated_dom0(
        Path(scratch), request.param
    ) as dom0:
        yield replace(dom0, facts={**dom0.facts, "xl": "/usr/pkg/sbin/xm"})


@pytest.fixture
def story(target: Target) -> Iterator[Story]:
    """A Linux guest for one test: it boots in a moment here."""
    made = Story(target, linux=True)
    yield made
    made.remove()
