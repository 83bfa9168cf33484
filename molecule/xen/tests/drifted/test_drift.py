# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What somebody has done is still as it was after a run with --check."""

from __future__ import annotations


def test_the_guest_is_ended(host):
    assert "linux1" not in host.check_output("xl list")


def test_its_configuration_is_as_somebody_has_left_it(host):
    assert "memory = 96" in host.file("/etc/xen/linux1").content_string.splitlines()
