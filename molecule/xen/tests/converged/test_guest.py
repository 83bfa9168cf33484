# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The guest as its dom0 sees it."""

from __future__ import annotations

import json


def test_a_login_in_the_guest_was_seen_over_ssh(host):
    record = json.loads(host.file("/etc/xen/.linux1.install").content_string)
    assert (record["stage"], record["seen"]) == ("verified", "ssh")


def test_the_guest_runs_with_what_was_declared(host):
    (domain,) = json.loads(host.check_output("xl list -l linux1"))
    build = domain["config"]["b_info"]
    assert (build["target_memkb"], build["max_vcpus"]) == (128 * 1024, 1)
    assert [disk["pdev_path"] for disk in domain["config"]["disks"]] == ["/srv/xen/linux1.img"]


def test_the_installation_has_let_go_of_the_disk(host):
    units = host.check_output("losetup --list --noheadings --output BACK-FILE").split()
    # One for the running guest; the installation's own was given back.
    assert units == ["/srv/xen/linux1.img"]
    assert "/dev/loop" not in host.check_output("mount")
