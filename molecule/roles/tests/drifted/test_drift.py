# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What somebody has done is still as it was after a run with --check: a role's check repairs nothing."""

from __future__ import annotations

import pytest
import testinfra

HOSTS = "ansible://{}?ansible_inventory={}"
# What fails, or finds something, on a machine as its role leaves it.
STILL_SO = {
    "bootstrap1": "test ! -e /usr/pkg/bin/pkgin",
    "dom01": "grep -q 'edited by hand' /etc/rc.d/xendomains",
    "bootloader1": "grep -q '^default=3' /boot.cfg",
    "makedev1": "test ! -e /dev/vnd7d",
    "services1": "! grep -q '^xencommons=' /etc/rc.conf",
    "bridge1": "! /sbin/brconfig bridge0 | grep -q wm0",
    "domu1": "! /usr/pkg/sbin/xl list | grep -q alone1",
}


@pytest.mark.parametrize("name", STILL_SO)
def test_it_is_as_somebody_has_left_it(request, name):
    host = testinfra.get_host(HOSTS.format(name, request.config.option.ansible_inventory))
    assert host.run(STILL_SO[name]).rc == 0
