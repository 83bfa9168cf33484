# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The release of the machine whose bridges are tested: one of today, unless a test says another."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import read


@pytest.fixture(autouse=True)
def release(monkeypatch):
    monkeypatch.setattr(read, "netbsd_release", lambda: "10.1")
