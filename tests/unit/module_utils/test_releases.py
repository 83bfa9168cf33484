# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of releases: what may be installed, and what is known of the machines that run something older."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _releases
from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused

OLD = ["3.1", "3.3", "4.1", "4.2", "4.5", "4.6", "4.8", "4.11", "4.13", "4.15"]


def test_exactly_two_can_be_installed():
    assert _releases.installable() == ["4.18", "4.20"]
    assert [_releases.release(name).tools_package for name in ("4.18", "4.20")] == ["xentools418", "xentools420"]


@pytest.mark.parametrize("name", OLD)
def test_an_old_one_is_known_but_never_installed(name):
    row = _releases.RELEASES[name]
    assert not row.installable
    assert "4.20" in row.note
    with pytest.raises(Refused, match=rf"'{name}' is not installed any more: .* install 4.20 .*Allowed are 4.18, 4.20"):
        _releases.release(name)


def test_the_old_ones_are_all_there_and_nothing_else():
    assert list(_releases.RELEASES) == [*OLD, "4.18", "4.20"]


@pytest.mark.parametrize("name", ["9.9", "", "4", "4.200"])
def test_an_unknown_one_is_refused_with_the_allowed_ones(name):
    with pytest.raises(Refused, match=rf"{name!r} is not known; allowed are 4\.18, 4\.20\."):
        _releases.release(name)


@pytest.mark.parametrize("row", _releases.RELEASES.values(), ids=str)
def test_each_row_is_whole(row):
    assert row.toolstack in ("xl", "xm")
    assert {service.name for service in row.services} == set(row.rc_scripts)
    assert row.hypervisor.startswith("/usr/pkg/xen") and row.hypervisor.endswith("-kernel/xen.gz")
    assert any(service.xenstore for service in row.services)
    assert (row.note == "") == row.installable


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


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("4.20.1_20260610nb0", "4.20"),
        ("4.2.5", "4.2"),
        ("3.1.4", "3.1"),
        ("4.11", "4.11"),
        ("4.17.1", None),
        ("", None),
    ],
)
def test_what_a_machine_runs(version, name):
    row = _releases.running(version)
    assert (row.name if row else None) == name


def test_services_are_those_of_what_is_installed():
    assert _releases.service("xencommons").daemons == ("xenstored", "xenconsoled")
    assert _releases.service("xen-watchdog").variable == "xenwatchdog"
    assert _releases.service("xend") is None
    assert _releases.service("sshd") is None
