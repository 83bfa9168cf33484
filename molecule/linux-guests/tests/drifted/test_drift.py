# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What somebody has done is still as it was after a run with --check."""

from __future__ import annotations


def test_the_guest_is_ended(host):
    running = host.check_output("/usr/pkg/sbin/xl list")
    assert "linux1" not in running
    assert "linux2" in running
