# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Tools of one release under the hypervisor of another: xen/include/public/sysctl.h and domctl.h."""
from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Host, hosttree


def upgraded(tmp_path, profile: str, kernel: str) -> Host:
    """A dom0 that was booted with another hypervisor before its tools were exchanged."""
    hosttree.create(tmp_path / "host", "up0", "dom0", profile=profile)
    host = Host(tmp_path / "host")
    host.install(kernel)
    directory = kernel.replace("xenkernel", "xen") + "-kernel"
    (host.root / "xen.gz").write_bytes((host.root / f"usr/pkg/{directory}/xen.gz").read_bytes())
    host.reboot()
    host.write("/home/domu", "kernel\n")
    host.write("/home/g1.cfg", 'name = "g1"\nkernel = "/home/domu"\nmemory = 64\n')
    return host


@pytest.fixture
def newer(tmp_path):
    """4.15's tools: both interfaces differ."""
    return upgraded(tmp_path, "netbsd-9.4-xen-4.15", "xenkernel418")


@pytest.fixture
def nearer(tmp_path):
    """4.18's tools under 4.20: only domctl differs."""
    return upgraded(tmp_path, "netbsd-10.1-xen-4.18", "xenkernel420")


def test_nothing_can_be_listed_when_sysctl_differs(newer):
    result = newer.run("xl", "list")
    assert result.rc == 1
    assert "libxl_list_domain: getting domain info list: Permission denied\n" in result.err
    assert result.err.endswith("libxl_list_domain failed.\n")
    info = newer.run("xl", "info")
    assert info.rc == 0
    assert "libxl_physinfo failed.\n" in info.err
    assert "xen_version" not in info.out
    assert newer.run("xl", "create", "/home/g1.cfg").rc == 1


def test_the_services_start_all_the_same(newer):
    assert newer.run("pgrep", "xenstored").rc == 0
    assert "NetBSD 9.4 (XEN3_DOM0)" in newer.run("uname", "-v").out


def test_what_runs_can_be_listed_when_only_domctl_differs(nearer):
    assert nearer.run("xl", "list").out.splitlines()[1].startswith("Domain-0 ")
    assert f"{'xen_version':<23}: 4.20" in nearer.run("xl", "info").out
    result = nearer.run("xl", "create", "/home/g1.cfg")
    assert result.rc == 3
    assert "domain creation fail: Permission denied\n" in result.err


def test_all_is_well_once_the_tools_are_exchanged(nearer):
    nearer.run("pkg_delete", "xentools418")
    nearer.install("xentools420")
    assert nearer.run("xl", "create", "/home/g1.cfg").rc == 0
