# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A frozen machine says what it said, in the same way, until it is thawed; what it was never asked it can't answer."""

from __future__ import annotations

import json
import shutil

import pytest
from netbsd_sim.rack import copies, frozen
from netbsd_sim.rack.rack import Rack, RackError

pytestmark = pytest.mark.skipif(shutil.which("unshare") is None, reason="needs util-linux")

XL = "/usr/pkg/sbin/xl"


@pytest.fixture(scope="module")
def rack(tmp_path_factory):
    """Two dom0s; nobody comes to them by ssh."""
    made = Rack(tmp_path_factory.mktemp("frozen") / "rack")
    made.create(["xen1", "xen2"])
    yield made
    made.destroy()


def said(rack: Rack, host: str, *argv: str) -> tuple[int, bytes, bytes]:
    done = rack.exec(host, list(argv), capture_output=True)
    return done.returncode, done.stdout, done.stderr


def test_answers_are_what_was_said(rack):
    log = rack.host_dir("xen1") / "commands.log"
    log.write_text("")
    asked = [["/sbin/ifconfig", "-a"], ["/sbin/sysctl", "-n", "hw.disknames"], ["/sbin/sysctl", "-n", "no.such"],
             [XL, "nothing"], ["/etc/rc.d/xencommons", "status"], ["/sbin/mount"], ["/usr/bin/uname", "-s"]]
    simulated = [said(rack, "xen1", *argv) for argv in asked]
    assert {status for status, _out, _err in simulated} > {0} and any(err for _status, _out, err in simulated)
    frozen.freeze(rack, "xen1", log)
    try:
        logged = log.read_text()
        assert [said(rack, "xen1", *argv) for argv in asked] == simulated
        python = said(rack, "xen1", "/usr/pkg/bin/python3.13", "-c", "import os; print(*os.uname())")
        assert log.read_text() == logged  # nothing was simulated
        assert frozen.missing(rack, "xen1") == []
        assert said(rack, "xen1", XL, "list", "-l")[0] == 97
        assert frozen.missing(rack, "xen1") == [f"{XL} list -l"]
    finally:
        frozen.thaw(rack, "xen1")
    assert said(rack, "xen1", "/usr/pkg/bin/python3.13", "-c", "import os; print(*os.uname())") == python
    assert said(rack, "xen1", XL, "list", "-l")[0] == 0


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        ('{"argv": ["/usr/pkg/sbin/xl", "list"], "rc": 1}', "ended otherwise"),
        ('{"argv": ["/sbin/ifconfig", "tap7", "create"], "rc": 0}', "ended otherwise"),
        ('{"argv": ["/.sim/bin/rcscript", "/etc/rc.d/syslogd", "restart"], "rc": 0}', "changes the machine"),
    ],
)
def test_what_can_not_be_repeated_is_not_frozen(rack, tmp_path, calls, why):
    """The second creation of an interface fails, and each restart is a new process."""
    (tmp_path / "log").write_text(calls + "\n")
    with pytest.raises(RackError, match=why):
        frozen.freeze(rack, "xen2", tmp_path / "log")
    frozen.thaw(rack, "xen2")


def test_what_comes_to_pass_meanwhile_keeps_no_machine_from_being_frozen(rack, tmp_path, monkeypatch):
    """A guest that has booted between two looks, say: an event whose time comes after the first of them."""
    file = rack.host_dir("xen2") / "state.json"
    look, looks = frozen._look, []

    def slow_look(*args):
        looks.append(args)
        if len(looks) < 3:
            state = json.loads(file.read_text())
            at = 2**40 if len(looks) == 1 else 0
            state["xen"]["events"] = [{"at": at, "what": "booted", "domid": 4711}]
            file.write_text(json.dumps(state))
        return look(*args)

    monkeypatch.setattr(frozen, "_look", slow_look)
    (tmp_path / "log").write_text(json.dumps({"argv": [XL, "list"], "rc": 0}) + "\n")
    frozen.freeze(rack, "xen2", tmp_path / "log")
    frozen.thaw(rack, "xen2")
    assert len(looks) == 3


def test_a_copy_has_its_own_words_and_all_else_of_the_first(rack):
    note = rack.host_dir("xen1") / "root/etc/motd"
    note.write_text("This is xen1, as vermilion as a rose.\n")
    copies.copy(rack, "xen1", "xen2", {"xen1": "xen2", "vermilion": "white"})
    assert (rack.host_dir("xen2") / "root/etc/motd").read_text() == "This is xen2, as white as a rose.\n"
    assert said(rack, "xen2", "/bin/hostname")[1] == b"xen2\n"
    assert said(rack, "xen2", XL, "list")[0] == 0
