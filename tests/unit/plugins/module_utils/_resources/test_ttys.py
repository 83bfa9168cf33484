# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login on the console: which lines of ttys(5) change, and which never."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import ttys as format_
from ansible_collections.netbsd.xen.plugins.module_utils._resources import ttys
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost
from ansible_collections.netbsd.xen.tests.unit.support.sim_host import make_host

# record set-default-ttys (NetBSD 7.99.10)
STOCK = """\
#
# name\tgetty\t\t\t\ttype\tstatus\t\tcomments
#
console\t"/usr/libexec/getty Pc"\t\tvt100\ton secure
constty\t"/usr/libexec/getty Pc"\t\tvt100\toff secure
ttyE0\t"/usr/libexec/getty Pc"\t\twsvt25\toff secure
tty00\t"/usr/libexec/getty std.9600"\tunknown off secure
tty01\t"/usr/libexec/getty std.9600"\tunknown off secure
"""
HUP = "/bin/kill -HUP 1"


def edited(*pairs):
    text = STOCK
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


OFF = ("vt100\ton secure", "vt100\toff secure")
SCREEN = ("wsvt25\toff", "wsvt25\ton")
PORT = ('std.9600"\tunknown off secure\ntty01', 'std.9600"\tunknown on secure local # the modem\ntty01')


def wanted(text, console="com0", baud=115200):
    found = ttys.plan({"text": text}, ttys.declare({"console": console, "baud": baud})).changes
    return found[0].data if found else text


@pytest.mark.parametrize(
    "text", [STOCK, edited(OFF, ("constty\t", "constty \t"), ("vt100\toff secure\nttyE0", "vt100 on\nttyE0"))]
)
def test_a_login_that_is_there_is_enough(text):
    assert wanted(text) == text and wanted(text, "pc") == text


@pytest.mark.parametrize("console", ["com0", "com1", "com2", "com3"])
def test_a_login_on_the_screen_is_none_on_a_serial_console(console):
    text = edited(OFF, SCREEN)
    assert wanted(text, console) == edited(SCREEN)
    # It is one there.
    assert wanted(text, "pc") == text


def test_the_ports_own_name_goes_and_other_ports_stay():
    # A dom0 has no such port, and without Xen it is a second login on one line.
    text = edited(OFF, PORT)
    expected = edited((PORT[0], PORT[1].replace("unknown on", "unknown off")))
    assert wanted(text) == expected
    assert wanted(text, "com1") == edited(PORT)
    assert wanted(text, "pc") == edited(PORT)
    (change,) = ttys.plan({"text": text}, ("com0", 115200)).changes
    assert change.summary == "a login on the console; no login on tty00, which is the console"


@pytest.mark.parametrize(
    ("getty", "baud", "expected"),
    [
        ("Pc", 115200, "Pc"),
        ("std.9600", 115200, "std.115200"),
        ("std.9600", 9600, "std.9600"),
        ("std.9600", 1, "std.9600"),
    ],
)
def test_a_class_with_another_speed_gets_the_one_of_the_line(getty, baud, expected):
    text = STOCK.replace("Pc", getty, 1)
    assert wanted(text, baud=baud) == STOCK.replace("Pc", expected, 1)


@pytest.mark.parametrize(
    ("line", "on"),
    [
        ("console /usr/libexec/getty vt100 on", True),
        ("console /usr/libexec/getty vt100 off on", True),
        ("console /usr/libexec/getty vt100 on off", False),
        ("console /usr/libexec/getty vt100 # on", False),
        ("console /usr/libexec/getty vt100 one", False),
        ('console "/usr/libexec/getty on" vt100 secure', False),
        ("#console /usr/libexec/getty vt100 on", None),
        ("", None),
    ],
)
def test_a_line_as_getttyent_reads_it(line, on):
    found = format_.parse(line)
    assert [each.on for each in found] == ([] if on is None else [on])
    if on is False:
        (after,) = format_.parse(format_.switched(line, 1, on=True))
        assert after.on and after.getty == found[0].getty


def test_a_file_without_a_console_gets_one():
    after = wanted("tty00 none network off")
    assert after == f"tty00 none network off\n{ttys.NEW_LINE}\n"
    assert wanted(after) == after


@pytest.mark.parametrize("line", ["console", "console on", "console none network off", 'console "" vt100'])
def test_a_console_without_a_program_gets_the_usual_one(line):
    assert wanted(f"{line}\ntty00 none network off") == f"{ttys.NEW_LINE}\ntty00 none network off"


lines = st.sampled_from(
    [*STOCK.splitlines(), "console", "constty on", "tty00 on", 'tty00 "x', "#", "", "console x y on"]
)


@given(
    st.lists(st.one_of(lines, st.text(alphabet='tyconsle0 \t"#ofn', max_size=20)), max_size=9),
    st.sampled_from(ttys.CONSOLES),
)
def test_whatever_is_written_needs_nothing_more(some, console):
    text = "\n".join(some)
    after = wanted(text, console)
    assert wanted(after, console) == after
    names = ("console", "constty", "ttyE0") if console == "pc" else ("console", "constty")
    assert any(each.on for each in format_.parse(after) if each.name in names)


class Machine(RootedHost):
    def __init__(self, root, text):
        super().__init__(root, {} if text is None else {"/etc/ttys": text})
        self.answers = {HUP: ""}


def test_it_is_written_once_with_a_copy_and_read_by_init(tmp_path):
    host = Machine(tmp_path, edited(OFF))
    params = {"console": "com0", "baud": 115200}
    assert converge(ttys, params, host, check=True).done and host.ran == []
    assert len(converge(ttys, params, host, check=False).done) == 1
    assert host.ran == [HUP] and host.text("/etc/ttys") == STOCK
    assert host.text("/etc/ttys.orig") == edited(OFF)
    assert converge(ttys, params, host, check=False).done == [] and host.ran == [HUP]


def test_refused_without_a_file_and_not_touched_where_a_power_cut_has_been(tmp_path):
    with pytest.raises(Refused, match="no /etc/ttys"):
        converge(ttys, {"console": "com0", "baud": 9600}, Machine(tmp_path / "a", None), check=False)
    with pytest.raises(XenError):
        ttys.read(Machine(tmp_path / "b", "\0" * 40))
    with pytest.raises(NotRead):
        ttys.plan({}, ("com0", 9600))


def test_the_simulated_machine_has_its_login_then(tmp_path):
    host = make_host(tmp_path / "h")
    text = 'console "/usr/libexec/getty Pc" vt100 off\nttyE0 "/usr/libexec/getty Pc" wsvt25 on\ntty00 "/x" y on\n'
    host.write(
        "/boot.cfg", "menu=x:load /netbsd-XEN3_DOM0.gz console=com0;multiboot /xen.gz dom0_mem=1G com1=9600,8n1\n"
    )
    host.write("/etc/ttys", text)
    host.reboot()
    assert (host.data["console"], host.data["logins"]) == ("com0", ["pc"])
    host.write("/etc/ttys", wanted(text))
    assert host.data["logins"] == ["pc"]
    assert host.run("/bin/kill", "-HUP", "1").rc == 0
    assert host.data["logins"] == ["com0", "pc"]
