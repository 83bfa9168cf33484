# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts and programs that Xen's tools run by themselves."""

from __future__ import annotations

import os

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _releases
from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources import tool_scripts
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

ETC, EXAMPLES = "/usr/pkg/etc/xen/scripts", "/usr/pkg/share/examples/xen/scripts"
BRIDGE = f"{ETC}/vif-bridge"


def machine(tmp_path, release="4.20"):
    """Tools as their package leaves them."""
    host = RootedHost(tmp_path)
    row = _releases.release(release)
    for name in row.scripts:
        put(host, f"{row.examples}/{name}", "#!/bin/sh\n")
        put(host, f"{ETC}/{name}", "#!/bin/sh\n# changed by hand\n")
    for name in row.programs:
        put(host, f"/usr/pkg/{name}", "program")
    return host


def put(host, path, content, mode=0o755):
    host.put(path, content)
    os.chmod(host.at(path), mode)


def mode(host, path):
    return host.stat(path).mode


def run(host, release="4.20", check=False):
    outcome = converge(tool_scripts, {"release": release}, host, check)
    assert outcome.failures == {}
    if not check:
        assert converge(tool_scripts, {"release": release}, host, check=True).done == []
    return outcome.done


@pytest.mark.parametrize("release", list(_releases.RELEASES))
def test_what_the_package_leaves_is_right(tmp_path, release):
    assert run(machine(tmp_path, release), release) == []


@pytest.mark.parametrize("name", tool_scripts.SOURCED)
def test_what_other_scripts_only_read_needs_no_execute_bit(tmp_path, name):
    """As upstream installs them."""
    host = machine(tmp_path)
    os.chmod(host.at(f"{ETC}/{name}"), 0o644)
    assert run(host, check=True) == []
    os.remove(host.at(f"{ETC}/{name}"))
    assert [change.action for change in run(host)] == ["copy"]


@pytest.mark.parametrize(
    "path", [BRIDGE, f"{ETC}/block", "/usr/pkg/libexec/xen/bin/qemu-system-i386", "/usr/pkg/sbin/xl"]
)
def test_what_lost_its_execute_bit_gets_it_back(tmp_path, path):
    """record after-reboot-script-not-executable, NetBSD 7.99.10."""
    host = machine(tmp_path)
    os.chmod(host.at(path), 0o644)
    (change,) = run(host, check=True)
    assert (change.thing, change.before, change.after) == (path, "0644", "0755")
    assert mode(host, path) == 0o644
    run(host)
    assert mode(host, path) == 0o755
    assert "changed by hand" in host.text(path) or not path.startswith(ETC)


@pytest.mark.parametrize("bits", [0o700, 0o555, 0o750])
def test_what_root_can_run_is_left_as_it_is(tmp_path, bits):
    host = machine(tmp_path)
    os.chmod(host.at(BRIDGE), bits)
    assert run(host) == []


def test_the_new_mode_is_on_the_disk(tmp_path, monkeypatch):
    host = machine(tmp_path)
    os.chmod(host.at(BRIDGE), 0o644)
    synced = []
    real = os.fsync

    def fsync(descriptor):
        synced.append(os.fstat(descriptor).st_mode & 0o777)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    run(host)
    assert 0o755 in synced


def test_a_missing_script_comes_from_the_package(tmp_path):
    host = machine(tmp_path)
    host.remove(BRIDGE)
    (change,) = run(host)
    assert (change.before, change.summary) == ("missing", f"copy it from {EXAMPLES}/vif-bridge")
    assert host.text(BRIDGE) == "#!/bin/sh\n" and mode(host, BRIDGE) == 0o755


def test_before_the_tools_are_there_nothing_is_promised(tmp_path):
    assert run(RootedHost(tmp_path), check=True) == []


def test_a_missing_program_is_its_packages_business(tmp_path):
    host = machine(tmp_path)
    host.remove("/usr/pkg/sbin/xl")
    assert run(host) == []


def test_3_1_has_its_own_scripts_and_its_own_examples(tmp_path):
    """pkgsrc sysutils/xentools3/Makefile, XEND_SCRIPTS."""
    host = machine(tmp_path, "3.1")
    host.remove(f"{ETC}/xen-subr")
    (change,) = run(host, "3.1")
    assert change.summary == "copy it from /usr/pkg/share/examples/xen/xen-subr"
    assert not host.exists(f"{ETC}/locking.sh")


def test_one_reading_serves_every_release(tmp_path):
    host = machine(tmp_path)
    os.chmod(host.at(BRIDGE), 0o644)
    current = tool_scripts.read(host)
    for name in _releases.RELEASES:
        changes = tool_scripts.plan(current, tool_scripts.declare({"release": name})).changes
        assert [change.thing for change in changes] == [BRIDGE]


def test_what_was_not_read_is_not_called_right(tmp_path):
    with pytest.raises(NotRead):
        tool_scripts.plan({"modes": {}}, tool_scripts.declare({"release": "4.20"}))
    with pytest.raises(Refused, match="is not known"):
        tool_scripts.declare({"release": "9.9"})


def test_a_file_that_can_t_be_changed_is_told(tmp_path):
    host = machine(tmp_path)
    os.chmod(host.at(BRIDGE), 0o644)
    (change,) = run(host, check=True)
    host.remove(BRIDGE)
    with pytest.raises(XenError, match="can't get mode 0755: No such file"):
        tool_scripts.apply(host, change)
