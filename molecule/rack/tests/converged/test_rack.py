# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Every machine of the rack as declared, whatever happened to it or to another one."""

from __future__ import annotations

WIRED = ("rack03", "rack08", "rack12")


def test_its_guest_runs(host):
    assert "web1" in host.check_output("/usr/pkg/sbin/xl list")


def test_its_bridges_are_as_declared(host):
    name = host.backend.get_pytest_id().split("://")[-1]
    # As a look at it asks: the quiet machines know no other words.
    listed = host.check_output("/sbin/brconfig -a")
    assert "bridge0: " in listed
    assert ("bridge1: " in listed) == (name in WIRED)
    assert ("wm1 " in listed) == (name in WIRED)
