# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says of the guests: changes in the words of a declaration, and warnings of what it left alone."""

from __future__ import annotations

import pytest
from ansible.plugins.callback import CallbackBase

from ansible_collections.netbsd.xen.tests.unit.support.guests import WEB, actions, run

pytestmark = pytest.mark.usefixtures("clock", "xen")

DATA = {"path": "/home/xen/data.img", "vdev": "xvdb", "size": "20G"}


def shown(outcome):
    """Each change as Ansible's diff mode prints it, without the lines around."""
    texts = {}
    for change in outcome.done:
        lines = CallbackBase()._get_diff([change.diff()]).splitlines()
        header = lines[0].partition(": ")[2]
        texts[header] = [line for line in lines[2:] if not line.startswith("@@") and line.strip()]
    return texts


def test_a_corrected_configuration_shows_what_differs_as_declared(host):
    run(host, WEB)
    outcome = run(host, dict(WEB, memory="1G", disks=[*WEB["disks"], DATA]), check=True)
    assert actions(outcome) == ["make_disk", "write_config", "attach_disk"]
    made, corrected, given = shown(outcome).items()
    assert made == (
        "guest web1 (live): make the disk /home/xen/data.img of 20G, which takes no space until it is written",
        ["-missing", "+file of 20G"],
    )
    header, lines = corrected
    assert header.startswith("guest web1 (live): correct the configuration /usr/pkg/etc/xen/web1: disk, maxmem, memory")
    assert lines == [
        "-memory: 128M",
        "-maxmem: 128M",
        "+memory: 1G",
        "+maxmem: 1G",
        " disks:",
        "   /home/xen/web1.img as xvda (stays)",
        "+  /home/xen/data.img as xvdb",
    ]
    assert given[1] == ["-none", "+/home/xen/data.img as xvdb"]


def test_a_restart_that_waits_is_a_warning_in_every_run(host):
    run(host, WEB)
    more = dict(WEB, cmdline="-s")
    for _run in range(2):
        (warning,) = run(host, more).plan.warnings
        assert warning.startswith("guest web1 was left as it is; with restart_policy: if_needed a run does this: ")
        assert warning.endswith("because these can't change while it runs: cmdline")
    assert run(host, more, restart_policy="if_needed").plan.warnings == []


@pytest.mark.parametrize(("size", "advice"), [("2G", "make it larger while the guest is down"), ("512M", "")])
def test_a_file_of_another_size_is_left_alone_and_said(host, size, advice):
    run(host, dict(WEB, disks=[dict(DATA, size="1G")]))
    outcome = run(host, dict(WEB, disks=[dict(DATA, size=size)]))
    assert outcome.done == []
    (warning,) = outcome.plan.warnings
    said = f"guest web1: its disk /home/xen/data.img has 1G, and {size} are declared; it is left as it is: {advice}"
    assert warning.startswith(said) and warning.endswith("declare the size that it has")


def test_guests_that_nobody_declares_are_said_where_all_are_declared(host):
    other = dict(WEB, name="other", disks=[], nics=[])
    run(host, WEB, other)
    assert run(host, WEB).plan.warnings == []
    said = ["running and not declared, so left alone: other"]
    assert run(host, WEB, report_undeclared=True).plan.warnings == said
    assert run(host, report_undeclared=True).plan.warnings == ["running and not declared, so left alone: other, web1"]
    assert run(host, WEB, other, report_undeclared=True).plan.warnings == []
