# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What somebody has done to two machines is still as it was after a run with --check."""

from __future__ import annotations

import testinfra

HOSTS = "ansible://{}?ansible_inventory={}"


def machine(request, name):
    return testinfra.get_host(HOSTS.format(name, request.config.option.ansible_inventory))


def test_the_guest_is_ended(request):
    assert "web1" not in machine(request, "rack02").check_output("/usr/pkg/sbin/xl list")


def test_the_card_is_out_of_the_bridge(request):
    assert "wm1" not in machine(request, "rack12").check_output("/sbin/brconfig bridge1")
