# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Hosts for the simulator's tests."""
from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import ALL, make_host
from ansible_collections.netbsd.xen.tests.unit.support.xm_host import MODERN, OLD, ready


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


@pytest.fixture
def modern(tmp_path):
    """A dom0 with xm of Xen 4.2."""
    return ready(tmp_path, MODERN)


@pytest.fixture
def old(tmp_path):
    """A dom0 with xm of Xen 3.1."""
    return ready(tmp_path, OLD)


@pytest.fixture
def mirror(monkeypatch):
    """Packages come from the mirror of NetBSD 10.1."""
    monkeypatch.setenv("PKG_PATH", ALL)
    monkeypatch.delenv("PKG_RCD_SCRIPTS", raising=False)
