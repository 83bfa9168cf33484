# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Hosts for the simulator's tests."""
from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import make_host


@pytest.fixture
def dom0(tmp_path):
    """A working dom0 with a bridge."""
    return make_host(tmp_path / "dom0", "dom0")


@pytest.fixture
def generic(tmp_path):
    """A machine without Xen, with Python and pkgin."""
    return make_host(tmp_path / "generic", "python")


@pytest.fixture
def bare(tmp_path):
    """A machine as sysinst leaves it."""
    return make_host(tmp_path / "bare", "bare")
