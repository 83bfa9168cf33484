# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
from __future__ import annotations

import pytest


@pytest.fixture
def name(host):
    """The machine's name in the inventory (its own idea of it may differ)."""
    return host.backend.get_pytest_id().split("://")[-1]
