# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""rc.conf: what sh makes of a file decides, so these tests ask sh."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import rcconf

REAL = """\
#\t$NetBSD: rc.conf,v 1.97 2014/07/14 10:28:21 apb Exp $
#
# see rc.conf(5) for more information.
#
# Use program=YES to enable program, NO to disable it. program_flags are
# passed to the program on the command line.
#

# Load the defaults in from /etc/defaults/rc.conf (if it's readable).
# These can be overridden below.
#
if [ -r /etc/defaults/rc.conf ]; then
\t. /etc/defaults/rc.conf
fi

# If this is not set to YES, the system will drop into single-user mode.
#
rc_configured=YES

# Add local overrides below.
#
hostname=nbdom0
defaultroute="10.0.2.2"   # it's the gateway
my_hook() {
\tcase "$1" in
\tstart) xencommons=NO ;;
\tesac
}
xencommons=NO
sshd=YES ; postfix='NO'
xendomains="web1 db\\"1"
if [ -f /etc/xen-is-here ]; then
\txend=YES
fi
[ -x /usr/pkg/sbin/xl ] && xl_flags="-v"
LANG=C xl_env=1 true
export XENSTORED_TRACE=YES
xencommons=YES
"""


def value_in_sh(text: str, name: str) -> str:
    """What sh says. The texts here start no commands but true, false and the test's own functions."""
    script = f'{text}\nprintf "%s" "${{{name}-unset}}"'
    return subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True, timeout=10).stdout


def test_a_real_file():
    document = rcconf.parse(REAL)
    assert document.trouble == ""
    values = {setting.name: (setting.value, setting.nested) for setting in document.settings}
    assert values["xencommons"] == ("YES", False)
    assert values["hostname"] == ("nbdom0", False)
    assert values["defaultroute"] == ("10.0.2.2", False)
    assert values["postfix"] == ("NO", False)
    assert values["xendomains"] == ('web1 db"1', False)
    assert values["xend"] == ("YES", True)
    assert values["xl_flags"] == ("-v", True)
    assert values["XENSTORED_TRACE"] == ("YES", False)
    assert "xl_env" not in values and "LANG" not in values
    assert [(source.line, source.name) for source in document.sources] == [(13, "/etc/defaults/rc.conf")]
    assert [s.nested for s in document.settings if s.name == "xencommons"] == [True, False, False]


def test_changing_one_setting_touches_no_other_byte():
    changed = rcconf.assign(rcconf.parse(REAL), "xencommons", "NO")
    assert changed == REAL[: REAL.rindex("xencommons=YES")] + "xencommons=NO\n"
    changed = rcconf.assign(rcconf.parse(REAL), "defaultroute", "10.0.2.3")
    assert changed == REAL.replace('"10.0.2.2"', '"10.0.2.3"')
    changed = rcconf.assign(rcconf.parse(REAL), "postfix", "YES")
    assert changed == REAL.replace("postfix='NO'", "postfix=YES")


def test_a_new_setting_goes_to_the_end():
    assert rcconf.assign(rcconf.parse("a=1"), "xendomains", "web1 db1") == 'a=1\nxendomains="web1 db1"\n'


@pytest.mark.parametrize(
    "assignment",
    [
        "x=YES",
        "x='a b'",
        'x="a b"',
        'x=a" "b',
        "x=a\\ b",
        'x="it\'s"',
        'x="a\\"b\\\\c"',
        'x="a\\b"',
        "x=",
        'x=""',
        "x=a#b",
        "x=a # b",
        "x='a\nb'",
        'x="a\\\nb"',
        "x=1; x=2",
        "x=1 x=2",
        "export x=3",
        "x=1\nf() {\n x=2\n}\nx=3",
        "if true; then\n y=1\nfi\nx=4",
        "case a in\na) y=1;;\nesac\nx=5",
        "for i in 1 2; do y=$i; done\nx=6",
        "while false\ndo\n y=1\ndone\nx=7",
        "y=`echo \"a b\"`; x=8",
        "y=$(echo a; echo b)\nx=9",
        'y="${z:-a b}" x=10',
        "x=11 # y='",
        "true && y=1\nx=12",
        "{ y=1\n}\nx=13",
        "! false\nx=14",
    ],
)
def test_sh_agrees(assignment):
    document = rcconf.parse(assignment)
    assert document.trouble == ""
    setting = document.last("x")
    assert not setting.nested
    assert setting.value == value_in_sh(assignment, "x")
    changed = rcconf.assign(document, "x", "new $value")
    assert value_in_sh(changed, "x") == "new $value"


@pytest.mark.parametrize(
    "text",
    [
        "x=1\nif true; then x=2; fi",
        "x=1\ntrue || x=2",
        "x=1\ntrue && { x=2; }",
        "f() { x=2; }",
        "f ()\n{\n\tx=2\n}",
        "case $a in b) x=2;; esac",
        "for x in 1 2; do x=$x; done",
        "echo a | x=2",
        "(x=2)",
    ],
)
def test_what_may_not_be_carried_out_is_marked(text):
    document = rcconf.parse(text)
    assert document.trouble == ""
    assert document.last("x").nested


@pytest.mark.parametrize("text", ["x=$y", 'x="$y"', "x=`date`", "x=$(date)", 'x="${y:-1}"'])
def test_what_takes_a_shell_is_unknown(text):
    assert rcconf.parse(text).last("x").value is None


@pytest.mark.parametrize("text", ['x="a', "x='a", "if true; then x=1", "fi", "x=1)", "cat <<X\nx=2\nX", "x=`date"])
def test_a_file_that_cannot_be_trusted_says_why(text):
    assert rcconf.parse(text).trouble.startswith("line 1")


@given(st.text(alphabet="x=1;&|(){}'\"`$\\# \n<ifthendo", max_size=60))
def test_no_text_makes_it_fail(text):
    document = rcconf.parse(text)
    for setting in document.settings:
        assert text[setting.start - 1] == "="
        assert setting.start <= setting.end <= len(text)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=0x17F, blacklist_characters="\x7f")))
def test_a_value_comes_back_and_sh_sees_the_same(value):
    text = rcconf.assign(rcconf.parse("# rc.conf\n"), "x", value)
    assert rcconf.parse(text).last("x").value == value
    assert value_in_sh(text, "x") == value
    assert shlex.split(text, comments=True)[0].startswith("x=")


@pytest.mark.parametrize(
    ("script", "name", "rcvar"),
    [
        ('name="xencommons"\nrcvar=$name\n', "xencommons", "xencommons"),
        ('name="xencommons"\nrcvar=${name}\n', "xencommons", "xencommons"),
        ("name=xencommons\nrcvar=xend\n", "xencommons", "xend"),  # measured fact: upstream's script
        ('name="xenwatchdog"\nrcvar="${name}"\n', "xenwatchdog", "xenwatchdog"),
        ('name="xendomains"\nctl_command="/usr/pkg/sbin/xl"\n', "xendomains", None),
        ("name=a\nrcvar=${name}_b # c\n", "a", "a_b"),
        ("name=a\nrcvar=`echo a`\n", "a", None),
        ("name=a\nrcvar=$other\n", "a", None),
        ("name=a\nrcvar=$rcvar\n", "a", None),
    ],
)
def test_name_and_rcvar_of_a_script(script, name, rcvar):
    assert rcconf.script_variable(script, "name") == name
    assert rcconf.script_variable(script, "rcvar") == rcvar


@pytest.mark.parametrize(
    ("value", "yes"), [("YES", True), ("true", True), ("On", True), ("1", True), ("NO", False), ("web1", False)]
)
def test_yes_as_rc_subr_takes_it(value, yes):
    assert rcconf.is_yes(value) is yes
