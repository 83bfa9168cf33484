# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""kernfs: one line, one mount."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import fstab
from ansible_collections.netbsd.xen.plugins.module_utils._resources import kernfs
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

# record ansible-mount-list (NetBSD 7.99.10), without the duplicate that ansible.posix.mount added
FSTAB = """\
/dev/wd0a / ffs rw,log 1 1
/dev/wd0b none swap sw 0 0
# the kernel
kernfs /kern kernfs rw
tmpfs /tmp tmpfs rw,-s=64M
"""
WITHOUT = FSTAB.replace("kernfs /kern kernfs rw\n", "")
SYSINST = "kernfs\t\t/kern\tkernfs\trw\n"


class Machine(RootedHost):
    """mount(8) as recorded: it succeeds on what is mounted already."""

    def __init__(self, root, text=FSTAB, mounted=False):
        super().__init__(root, {"/etc/fstab": text})
        self.mounts = 0
        self.answers = {"/sbin/mount -t kernfs kernfs /kern": self._mount}
        if mounted:
            self._mount([])

    def _mount(self, argv):
        self.mounts += 1
        self.put("/kern/boottime", "1795342188\n")
        self.put("/kern/version", "NetBSD 7.99.10 (GENERIC)\n")


def run(host, check=False):
    outcome = converge(kernfs, {"mount_point": "/kern"}, host, check)
    assert outcome.failures == {}
    return outcome


def test_nothing_to_do(tmp_path):
    host = Machine(tmp_path, mounted=True)
    assert run(host).done == []
    assert host.commands == [] and host.text("/etc/fstab") == FSTAB


def test_mounted_once_however_often_it_runs(tmp_path):
    host = Machine(tmp_path)
    assert [change.action for change in run(host).done] == ["mount"]
    assert run(host).done == [] and run(host).done == []
    assert host.mounts == 1 and host.text("/etc/fstab") == FSTAB


def test_a_missing_line_is_added_as_sysinst_writes_it(tmp_path):
    host = Machine(tmp_path, WITHOUT.rstrip("\n"), mounted=True)
    run(host)
    assert host.text("/etc/fstab") == WITHOUT + SYSINST
    assert host.text("/etc/fstab.orig") == WITHOUT.rstrip("\n")
    assert run(host).done == []


@pytest.mark.parametrize(
    "line",
    [
        "kernfs /kern kernfs rw",
        "kernfs /kern kernfs rw 0 0",
        "kernfs\t\t/kern\tkernfs\trw\n",
        "  kernfs /kern/ kernfs ro,hidden 0",
        "/kern /kern kernfs rw",
    ],
)
def test_any_valid_spelling_counts(tmp_path, line):
    assert run(Machine(tmp_path, WITHOUT + line, mounted=True)).done == []


@pytest.mark.parametrize("line", ["kernfs /kern kernfs", "kernfs /kern kernfs rw,noauto", "kernfs /kern kernf rw 0 0"])
def test_a_wrong_line_for_kernfs_is_corrected_in_its_place(tmp_path, line):
    host = Machine(tmp_path, FSTAB.replace("kernfs /kern kernfs rw", line), mounted=True)
    (change,) = run(host).done
    assert change.before == line
    assert host.text("/etc/fstab") == FSTAB.replace("kernfs /kern kernfs rw\n", SYSINST)
    assert run(host).done == []


def test_something_else_on_kern_is_refused_and_nothing_mounted(tmp_path):
    host = Machine(tmp_path, WITHOUT + "procfs /kern procfs rw\n")
    with pytest.raises(Refused, match="procfs /kern procfs rw"):
        run(host)
    assert host.commands == []


def test_two_lines_are_told_and_left(tmp_path):
    text = FSTAB + "kernfs /kern kernfs rw 0 0\n"
    host = Machine(tmp_path, text, mounted=True)
    outcome = run(host)
    assert outcome.done == [] and "2 lines for /kern (4, 6)" in outcome.plan.warnings[0]


def test_a_comment_is_no_line(tmp_path):
    host = Machine(tmp_path, WITHOUT + "#kernfs /kern kernfs rw\n", mounted=True)
    assert len(run(host, check=True).done) == 1


def test_check_mode_touches_nothing(tmp_path):
    host = Machine(tmp_path, WITHOUT)
    assert [change.action for change in run(host, check=True).done] == ["add_line", "mount"]
    assert host.text("/etc/fstab") == WITHOUT and host.mounts == 0


@pytest.mark.parametrize("path", ["kern", "/", "/a/../kern", "/my kern"])
def test_a_bad_mount_point(path):
    with pytest.raises(Refused, match="mount_point"):
        kernfs.declare({"mount_point": path})


def test_another_mount_point_was_not_read(tmp_path):
    with pytest.raises(NotRead):
        kernfs.plan(kernfs.read(Machine(tmp_path)), kernfs.declare({"mount_point": "/kern2"}))


def test_no_fstab(tmp_path):
    host = Machine(tmp_path)
    (tmp_path / "etc/fstab").unlink()
    with pytest.raises(Refused, match="no /etc/fstab"):
        run(host)


@given(st.text(alphabet="kernfs/ \t#\n,rwao", max_size=80))
def test_no_fstab_makes_the_parser_fail(text):
    lines = text.split("\n")
    for entry in fstab.parse(text):
        assert lines[entry.line - 1].split()[0] == entry.spec
