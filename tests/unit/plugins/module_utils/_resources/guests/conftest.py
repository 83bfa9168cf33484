# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine in memory for the tests of guests, where time passes by waiting only."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.fakes import FakeXen
from ansible_collections.netbsd.xen.tests.unit.support.guests import machine, no_waiting


@pytest.fixture
def clock(monkeypatch, tmp_path):
    return no_waiting(monkeypatch, str(tmp_path / "lock"))


@pytest.fixture
def host():
    return machine()


@pytest.fixture
def xen(host):
    return FakeXen(host)
