# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""After the drift and a --check: each machine must still be as other hands left it."""

from __future__ import annotations

import pytest


@pytest.fixture
def only_on(name):
    """Skips a test on the machines that it is not about."""

    def on(wanted):
        if name != wanted:
            pytest.skip(f"about {wanted}")

    return on


def test_the_guest_is_still_gone(host, only_on):
    only_on("xen1")
    assert "web1" not in host.check_output("/usr/pkg/sbin/xl list")


def test_the_boot_menu_is_still_the_edited_one(host, only_on):
    only_on("xen1")
    assert "default=3" in host.file("/boot.cfg").content_string.splitlines()


def test_the_script_still_can_t_be_run(host, only_on):
    only_on("xen1")
    assert host.file("/usr/pkg/etc/xen/scripts/vif-bridge").mode == 0o644


def test_the_network_card_is_still_out_of_the_bridge(host, only_on):
    only_on("xen2")
    assert "wm0" not in host.check_output("/sbin/brconfig bridge0")


def test_the_line_of_rc_conf_is_still_gone(host, only_on):
    only_on("xen2")
    assert "xencommons=" not in host.file("/etc/rc.conf").content_string


def test_the_config_is_still_the_edited_one(host, only_on):
    only_on("xen3")
    assert "memory = 4096" in host.file("/usr/pkg/etc/xen/build1").content_string


def test_fstab_is_still_without_kernfs(host, only_on):
    only_on("xen3")
    assert "kernfs" not in host.file("/etc/fstab").content_string
