# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""After the drift and a --check: each machine must still be as other hands left it."""

from __future__ import annotations


def test_the_guest_is_still_gone(host, toolstack):
    assert "web1" not in host.check_output(f"{toolstack} list")


def test_the_network_card_is_still_out_of_the_bridge(host, variables):
    card = variables["bridge_bridges"][0]["interfaces"][0]
    assert card not in host.check_output("/sbin/brconfig bridge0")


def test_rc_conf_is_still_without_xen(host):
    settings = host.file("/etc/rc.conf").content_string.splitlines()
    assert not [line for line in settings if line.startswith(("xend=", "xencommons="))]


def test_the_script_is_still_the_edited_one(host):
    assert "# edited by hand" in host.file("/etc/rc.d/xendomains").content_string


def test_fstab_is_still_without_kernfs(host):
    assert "kernfs" not in host.file("/etc/fstab").content_string
