# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The guests as their dom0 sees them."""

from __future__ import annotations

import json


def test_a_login_in_the_guest_was_seen_over_ssh(host):
    record = json.loads(host.file("/etc/xen/.linux1.install").content_string)
    assert (record["stage"], record["seen"]) == ("verified", "ssh")


def test_the_guest_runs(host):
    assert "linux1 " in host.check_output("xl list")
