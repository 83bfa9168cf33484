# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No test of services waits: each look at the clock is a second later."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import daemons


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    clock = iter(range(100000))
    monkeypatch.setattr(daemons.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(daemons.time, "sleep", lambda seconds: None)
