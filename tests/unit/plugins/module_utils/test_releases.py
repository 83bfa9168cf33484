# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of releases: what may be installed, and what is known of the machines that run something older."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _releases
from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused

OLD = ["3.1", "3.3", "4.1", "4.2", "4.5", "4.6", "4.8", "4.11", "4.13", "4.15", "4.17"]


def test_exactly_two_are_to_be_used():
    assert _releases.supported() == ["4.18", "4.20"]
    assert [_releases.release(name).tools_package for name in ("4.18", "4.20")] == ["xentools418", "xentools420"]


@pytest.mark.parametrize("name", OLD)
def test_an_old_one_can_be_had_and_says_what_to_use_instead(name):
    row = _releases.release(name)
    assert "use 4.20 or 4.18 (x86_64 only)" in row.note
    assert row.security_support_ends in row.note


def test_the_old_ones_are_all_there_and_nothing_else():
    assert list(_releases.RELEASES) == [*OLD, "4.18", "4.20"]


@pytest.mark.parametrize("name", ["9.9", "", "4", "4.200", "4.16"])
def test_an_unknown_one_is_refused_with_what_to_use(name):
    words = rf"{name!r} is not known\. Use 4\.20 or 4\.18; for machines that can't, there are 3\.1, .*4\.15, 4\.17\."
    with pytest.raises(Refused, match=words):
        _releases.release(name)


def test_4_17_is_mended_by_xen_and_not_packaged_by_pkgsrc():
    """SUPPORT.md of stable-4.17; tools/hotplug/NetBSD/rc.d/xencommons.in and record rcvars, NetBSD 7.99.10."""
    row = _releases.release("4.17")
    assert "pkgsrc has no packages of it" in row.note and "no longer" not in row.note
    assert row.service("xencommons").variable == "xend" and row.service("xencommons").xenstore
    assert row.service("xen-watchdog").variable == "xenwatchdog"


@pytest.mark.parametrize("row", _releases.RELEASES.values(), ids=str)
def test_each_row_is_whole(row):
    assert row.toolstack in ("xl", "xm")
    assert row.debug_hypervisor.endswith("-kernel/xen-debug.gz")
    assert row.hypervisor.startswith("/usr/pkg/xen") and row.hypervisor.endswith("-kernel/xen.gz")
    assert any(service.xenstore for service in row.services)
    assert (row.note == "") == (row.name in _releases.supported())


def test_the_toolstacks():
    assert [name for name, row in _releases.RELEASES.items() if row.toolstack == "xm"] == ["3.1", "3.3", "4.1", "4.2"]


def test_where_the_hypervisors_lie():
    """pkgsrc PLISTs: 3.1 and 3.3 share a directory, later ones have their number in it."""
    paths = {name: row.hypervisor for name, row in _releases.RELEASES.items()}
    assert paths["3.1"] == paths["3.3"] == "/usr/pkg/xen3-kernel/xen.gz"
    assert paths["4.1"] == "/usr/pkg/xen41-kernel/xen.gz"
    assert paths["4.13"] == "/usr/pkg/xen413-kernel/xen.gz"


def test_xend_is_a_script_to_ps_and_who_starts_xenbackendd():
    """xentools3, xentools41 and xentools42, files/*.sh."""
    services = {
        name: {service.name: service for service in _releases.RELEASES[name].services} for name in ("3.1", "4.1", "4.2")
    }
    assert all(found["xend"].scripts == ("xend",) for found in services.values())
    assert services["3.1"]["xend"].daemons == ("xenstored", "xenconsoled")
    assert services["3.1"]["xenbackendd"].daemons == ("xenbackendd",)
    assert "xenbackendd" in services["4.1"]["xencommons"].daemons
    assert services["4.2"]["xend"].daemons == ("xenbackendd",)


def test_a_service_is_that_of_the_newest_release_that_has_it():
    assert _releases.service("xencommons").daemons == ("xenstored", "xenconsoled")
    assert _releases.service("xen-watchdog").variable == "xenwatchdog"
    assert _releases.service("xend").daemons == ("xenbackendd",)
    assert _releases.service("sshd") is None
    assert _releases.RELEASES["3.1"].service("xend").daemons == ("xenstored", "xenconsoled")


def test_which_dom0_kernel():
    """The HOWTO: on i386 everything after 3.1 needs a PAE kernel."""
    assert _releases.release("3.1").dom0_kernel("i386") == "XEN3_DOM0"
    assert _releases.release("3.3").dom0_kernel("i386") == "XEN3PAE_DOM0"
    assert _releases.release("4.2").dom0_kernel("x86_64") == "XEN3_DOM0"


def test_what_only_some_can():
    rows = _releases.RELEASES.values()
    assert [row.name for row in rows if row.pci_passthrough] == ["3.1"]
    assert [row.name for row in rows if row.hvm_package] == ["3.1"]
    assert [row.name for row in rows if "pvh" in row.guest_types] == ["4.11", "4.13", "4.15", "4.17", "4.18", "4.20"]
    assert [row.name for row in rows if row.platforms == ("x86_64",)] == ["4.13", "4.15", "4.17", "4.18", "4.20"]


@pytest.mark.parametrize("name", ["xvif3.0", "xvif3i0"])
def test_a_guests_interface_in_netbsd_5_and_since(name):
    assert _releases.GUEST_INTERFACE.match(name).groupdict() == {"domain": "3", "index": "0"}


@pytest.mark.parametrize(
    ("name", "row"),
    [("4.20", "4.20"), ("4.14", "4.13"), ("4.19", "4.18"), ("5.0", "4.20"), ("4.9", "4.8"), ("2.0", "3.1")],
)
def test_one_that_is_not_in_the_table_is_taken_for_the_next_older_one(name, row):
    """Numbers are compared part by part: 4.9 is older than 4.11."""
    assert _releases.nearest(name).name == row
