# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The guest that came out of the sets, as dom0 sees it, and what two runs that did not end have left."""

from __future__ import annotations

import json


def test_a_login_in_the_guest_was_seen(host):
    record = json.loads(host.file("/usr/pkg/etc/xen/.web1.install").content_string)
    assert record["stage"] == "verified"


def test_only_the_guests_own_disk_is_configured(host):
    units = host.check_output("/usr/sbin/vnconfig -l").splitlines()
    used = [line for line in units if "not in use" not in line]
    # One for its block device; the installation's own was given back.
    assert len(used) == 1, used


def test_nothing_half_made_lies_about(host):
    found = host.check_output("/usr/bin/find / /etc /usr/pkg/etc/xen /home/xen -maxdepth 1 -name '.*.netbsd_xen'")
    assert found == ""
