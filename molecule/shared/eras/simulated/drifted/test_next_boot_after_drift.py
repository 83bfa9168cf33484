# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""After the drift and a --check: what the machines' loader would start, as the simulator sees it."""

from __future__ import annotations


def test_the_next_boot_is_still_without_xen(next_boot):
    boots = next_boot()
    assert boots["hypervisor"] is None
    assert boots["kernel"]["name"] == "GENERIC"
