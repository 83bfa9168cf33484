# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The files in /etc of a system from sets: texts as etc.tgz of NetBSD 7.99.10 has them, each edit made twice."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import netbsd_configured as configured
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import ttys

RC_CONF = """\
if [ -r /etc/defaults/rc.conf ]; then
\t. /etc/defaults/rc.conf
fi

rc_configured=NO

# Add local overrides below.
#
"""
TTYS = """\
console\t"/usr/libexec/getty Pc"\t\tvt100\toff secure
constty\t"/usr/libexec/getty Pc"\t\tvt100\ton secure
ttyE0\t"/usr/libexec/getty Pc"\t\twsvt25\ton secure
tty00\t"/usr/libexec/getty std.9600"\tunknown off secure
"""
WSCONS = "# comment\nscreen\t1\t-\tvt100\n#screen\t2\t-\tvt100\nencoding us\n"
PASSWD = """\
root::0:0::0:0:Charlie &:/root:/bin/sh
toor:*:0:0::0:0:Bourne-again:/root:/bin/sh
rooty::1:1::0:0::/:/bin/sh
"""


def twice(edit):
    def edited(text, *args):
        once = edit(text, *args)
        assert edit(once, *args) == once
        return once

    return edited


def test_rc_conf_comes_up_with_what_is_set_last() -> None:
    text = twice(configured.rc_conf)(RC_CONF, {"hostname": "web1", "sshd": "YES"})
    assert "rc_configured=YES\n" in text and "rc_configured=NO" not in text
    assert text.endswith('\nhostname="web1"\nsshd=YES\n')
    assert configured.rc_conf(text, {"hostname": "b"}).endswith('.\nhostname="b"\n')
    assert "rc_configured=YES" in configured.rc_conf("", {})


def test_one_can_log_in_on_the_console_alone() -> None:
    found = ttys.parse(twice(configured.only_console)(TTYS))
    assert [each.name for each in found if each.on] == ["console"]
    assert len(found) == 4


def test_wscons_has_no_screen() -> None:
    text = twice(configured.no_screens)(WSCONS)
    assert all(line.startswith("#") for line in text.splitlines())


def test_a_password_is_root_s_alone() -> None:
    text = twice(configured.master_passwd)(PASSWD, r"$2a$08$a\1b")
    assert text.splitlines()[0] == r"root:$2a$08$a\1b:0:0::0:0:Charlie &:/root:/bin/sh"
    assert text.splitlines()[1:] == PASSWD.splitlines()[1:]
    assert twice(configured.master_passwd)(PASSWD, configured.LOCKED).startswith("root:*:0:0:")


def test_root_may_come_in_with_a_key() -> None:
    text = twice(configured.sshd_config)("#PermitRootLogin no\nUsePam yes\n")
    assert text.startswith("PermitRootLogin without-password\n") and text.endswith("#PermitRootLogin no\nUsePam yes\n")


def test_the_file_systems() -> None:
    lines = configured.fstab("xbd0a", "xbd0b").splitlines()
    assert lines[0].split() == ["/dev/xbd0a", "/", "ffs", "rw,log", "1", "1"]
    assert lines[1].split()[:3] == ["/dev/xbd0b", "none", "swap"]
    assert "swap" not in configured.fstab("xbd0a", "")
