# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's configuration under another name or in another directory, as admins have them, counts as its own."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.guests import KERNEL, WEB, actions, refused, run

pytestmark = pytest.mark.usefixtures("clock")

TEXT = f'name = "NAME"\nkernel = "{KERNEL}"\nroot = "xbd0a"\nmemory = 128\ndisk = ["/home/xen/DISK.img,raw,xvda,rw"]\n'
OTHER = "/root/mail.cfg"


def put(host, path, name, disk):
    host.put(path, TEXT.replace("NAME", name).replace("DISK", disk))


def test_name_cfg_is_said_and_left_alone(host, xen):
    path = "/usr/pkg/etc/xen/web1.cfg"
    put(host, path, "web1", "web1")
    before = host.text(path)
    for done in (["write_config", "create"], []):
        outcome = run(host, WEB)
        assert (actions(outcome), outcome.failures) == (done, {})
        assert outcome.plan.warnings == [
            f"guest web1: {path} is a configuration of it too, and is left alone; /usr/pkg/etc/xen/web1 is the one "
            "kept as declared, so remove the other"
        ]
    assert host.text(path) == before


def test_what_a_guest_was_made_from_is_read_where_it_lies(host, xen):
    """Adopted, it needs no restart for keys that do not show while it runs: its file tells them."""
    guest = dict(WEB, settings={"nomigrate": True})
    run(host, guest)
    host.remove("/usr/pkg/etc/xen/web1")
    (deferred,) = run(host, guest, check=True).plan.deferred
    assert "nomigrate" in deferred.summary
    put(host, "/root/web1.cfg", "web1", "web1")
    host.put("/root/web1.cfg", host.text("/root/web1.cfg") + "nomigrate = 1\n")
    xen.more_processes = "  300 /usr/pkg/sbin/xl create -p /root/web1.cfg \n"
    plan = run(host, guest, check=True).plan
    assert plan.deferred == []
    assert "/root/web1.cfg is a configuration of it too" in " ".join(plan.warnings)


def test_a_disk_that_only_such_a_file_names_is_in_use(host, xen):
    """Nobody declares that guest: it may be started from there again."""
    run(host, dict(WEB, name="mail", disks=[]))
    host.remove("/usr/pkg/etc/xen/mail")
    put(host, OTHER, "mail", "web1")
    assert run(host, WEB, check=True).failures == {}
    xen.more_processes = f"  300 /usr/pkg/sbin/xl create {OTHER} \n"
    assert f"by the configuration {OTHER} of a guest that is not declared" in refused(host, WEB)
