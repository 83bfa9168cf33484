# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations for xm: what is worked out, what is refused and in which words, and that nothing is ever run."""

from __future__ import annotations

import keyword
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xm import xm_config
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xm.xm_config import XmConfigError

# As the howto of 2013 has it: names set before, % with a tuple, a list over several lines.
HOWTO = """\
#  -*- mode: python; -*-
'''A guest that was made by hand.'''
kernel = "/home/bouyer/netbsd-INSTALL_XENU"
memory = 0x80
name = "nbsd"
cpu = -1   # leave to Xen to pick
nics = 1
vmid = 3
vif = [ 'mac=aa:00:00:50:%02d:%02x, bridge=bridge0' % (vmid, 17),
        '' ]
disk = [ 'phy:/dev/wd0e,0x1,w',
         'file:/home/xen/%(name)s.img,xvda,r' % {'name': name} ]
disk += ['phy:/dev/cd0a,' '6:cdrom,r',]
dhcp = "dhcp"; netmask = ""
root = "/dev/" + "wd0d"
extra = u'ro ' + r'a\\b'
autorestart = True
pae = False
bootloader = None
ratio = 1.5
lists = (1, ['a', (2,)])
"""


def test_a_configuration_of_its_time():
    assert xm_config.parse(HOWTO) == {
        "kernel": "/home/bouyer/netbsd-INSTALL_XENU",
        "memory": "128",
        "name": "nbsd",
        "cpu": "-1",
        "nics": "1",
        "vmid": "3",
        "vif": ["mac=aa:00:00:50:03:11, bridge=bridge0", ""],
        "disk": ["phy:/dev/wd0e,0x1,w", "file:/home/xen/nbsd.img,xvda,r", "phy:/dev/cd0a,6:cdrom,r"],
        "dhcp": "dhcp",
        "netmask": "",
        "root": "/dev/wd0d",
        "extra": "ro a\\b",
        "autorestart": "1",
        "pae": "0",
        "ratio": "1.5",
        "lists": ["1", ["a", ["2"]]],
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x = 'a' 'b'\\\n 'c'", "abc"),
        ("x = '''two\nlines'''", "two\nlines"),
        ("x = 'a\\tb\\x41\\102\\\\u'", "a\tbAB\\u"),
        ("x = '\\d'", "\\d"),
        ("x = 'caf\u00e9 \udce9'", "caf\u00e9 \udce9"),
        ("x = y = 'a'", "a"),
        ("x = 1 + 2 + -3", "0"),
        ("x = '100%%, %5s|%-3d|%03o' % ('a', 1, 8)", "100%,     a|1  |010"),
        ("x = '%s' % 'b'", "b"),
        ("x = 'a'\nx += 'b'", "ab"),
        ("a = ['1']\nx = a\na += ['2']", ["1", "2"]),
        ("a = ['1']\nx = a\na = a + ['2']", ["1"]),
        ("x = 'a'\r\n", "a"),
        ("x = 'old'; x = 'new'", "new"),
        ("x = ('a')", "a"),
        ("x = ()", []),
    ],
)
def test_values(text, value):
    assert xm_config.parse(text)["x"] == value


def test_none_and_dictionaries_are_no_settings():
    assert xm_config.parse("a = None\nb = {'c': 'd'}\npass\n'a comment'\n") == {}
    assert xm_config.parse("") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name = 'a'\n\nimport os, re", "line 3: import is code, and configurations are not run"),
        ("from os import system", "line 1: from is code"),
        ("def vmid():\n  return 3", "line 1: def is code"),
        ("x = 1\nif x: y = 2", "line 2: if is code"),
        ("for i in (1, 2): pass", "line 1: for is code"),
        ("x = 1; del x", "line 1: del is code"),
        ('print "hello"', "line 1: print is code"),
        ("exec 'x = 1'", "line 1: exec is code"),
        ("x = open('/etc/passwd')", r"line 1: a call with \(...\) is code"),
        ("x = ().__class__", "line 1: looking into something with a dot is code"),
        ("x = 'abc'[0]", r"line 1: picking a part with \[...\] is code"),
        ("x = [y for y in ()]", "line 1: for is code"),
        ("x = 1 if 2 else 3", "line 1: if is code"),
        ("x = lambda: 1", "line 1: lambda is code"),
        ("x = `1`", "line 1: a text in backticks is code"),
        ("x = f'{1}'", "line 1: .*f"),
        ("x = b'a'", "line 1: a text that begins with b is no plain text"),
        ("x = 0777", "line 1: Python does not understand it"),
        ("x = 10L", "line 1: Python does not understand it"),
        ("x = 1_000", "line 1: 1_000 is too long for a number, or none in Python 2"),
        ("\nx = '\\u00e9'", "line 2: an escape in a text that stands for something beyond ASCII"),
        ("x = '\\xe9'", "line 1: an escape"),
        ("x = y", "line 1: y was not set before"),
        ("x += 1", "line 1: x was not set before"),
        ("x = 'a' * 10 ** 9", r"line 1: of the operators between values only \+ and % are worked out"),
        ("x = 'a' + 1", "line 1: these two can't be added"),
        ("x = ['a']\nx += 'b'", "line 2: these two can't be added"),
        ("x = 1\nx -= 1", r"line 2: of these operators only \+= is worked out"),
        ("x = '%d' % 'a'", "line 1: % fails"),
        ("x = '%s %s' % 'a'", "line 1: % fails: not enough arguments"),
        ("x = '%(a)s' % {'b': 'c'}", "line 1: % fails: 'a'"),
        ("x = '%*d' % (10 , 1)", "line 1: a conversion with % that is not worked out"),
        ("x = '%99999999d' % 1", "line 1: a conversion with % that is not worked out"),
        ("x = '%s' % ['a']", "line 1: with % only texts and whole numbers"),
        ("x = not 1", "line 1: of the operators before a value only a number's sign"),
        ("x = -'a'", "line 1: of the operators before a value only a number's sign"),
        ("x = [None]", "line 1: allowed in a list are texts, numbers and lists"),
        ("x = [{'a': 1}]", "line 1: allowed in a list are texts, numbers and lists"),
        ("x = {1: 2}", "line 1: the keys of a dictionary must be texts"),
        ("a, b = 1, 2", "line 1: only single names can be set"),
        ("a.b = 1", "line 1: only single names can be set"),
        ("x = {1}", "line 1: a set is code"),
        ("x = 1 < 2", "line 1: a comparison is code"),
        ("x = ...", "line 1: allowed are texts, numbers, True, False and None"),
        ("x = (", "line [12]: Python does not understand it"),
        ("x = 'open", "line 1: Python does not understand it"),
        ("x = 1\n  y = 2", "line 2: Python does not understand it"),
        ("x = '\0'", "line 1: the file holds characters that no configuration needs"),
    ],
)
def test_what_is_refused(text, problem):
    with pytest.raises(XmConfigError, match=problem):
        xm_config.parse(text)


DOUBLING = "\n".join(["x = {0}"] + ["x = {1}"] * 60)


@pytest.mark.parametrize(
    "text",
    [
        DOUBLING.format("'aaaa'", "x + x"),
        DOUBLING.format("['a']", "x + x"),
        DOUBLING.format("[]", "[x, x]"),
        DOUBLING.format("[]", "[x]"),
        DOUBLING.format("'aaaa'", "'%s%s' % (x, x)"),
        DOUBLING.format("{}", "{'a': x, 'b': x}").replace("x = {'a': x, 'b': x}", "x = {'a': [x, x]}"),
        "x = []\nx += [x]",
        "x = 1\n" + "x = x + x\n" * 10000,
        "x = [" + "'a'," * 40000 + "]",
        "x = 'a'" + " + 'a'" * 100000,
        "x = " + "-" * 100000 + "1",
        "x = " + "not " * 50000 + "1",
        "x = " + "(" * 100000 + "1" + ")" * 100000,
        "x = " + "[" * 30 + "]" * 30,
        "x = y" + "[0]" * 50000,
        "x = a" + ".b" * 50000,
        "x = 9" + "9" * 100000,
        "x = " + "lambda:" * 30000 + "1",
        "#" * (1 << 18) + "\n",
        "x = ['" + "', '".join(["a" * 5] * 9000) + "']\n" + "x += ['a']\n" * 10000,
    ],
    ids=range(20),
)
def test_a_bomb_is_refused_soon(text):
    started = time.monotonic()
    with pytest.raises(XmConfigError):
        xm_config.parse(text)
    assert time.monotonic() - started < 60, "what is not refused by its size takes minutes, or all memory"


@given(
    st.text(alphabet=st.one_of(st.characters(), st.sampled_from("=+%()[]{}'\"\\,.\n #`0x1abu*")), max_size=300),
    st.sampled_from(["", "x = ", "a = 'b'\nx += ", "x = '%s' % "]),
)
def test_nothing_else_than_its_own_error(text, start):
    try:
        assert isinstance(xm_config.parse(start + text), dict)
    except XmConfigError as error:
        assert error.line >= 1


# -- the same text for both --------------------------------------------------------------------------------------------

PYTHON_NAMES = frozenset([*keyword.kwlist, "print", "exec"])
KEYS = st.from_regex(r"[a-z][_0-9a-z]{0,12}", fullmatch=True).filter(lambda key: key not in PYTHON_NAMES)
TEXTS = st.text(
    alphabet=st.one_of(
        st.characters(blacklist_categories=["Cs"], blacklist_characters="\0").filter(lambda each: ord(each) < 0x10FE00),
        st.sampled_from("\"'\\\n\r\t\a%$#=[],;ux0"),
        st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF),
    ),
    max_size=40,
)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(-(1 << 40), 1 << 40), st.booleans()),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_what_is_rendered_is_read_alike_by_both(settings):
    text = xlcfg.render(settings, "A header\nof two lines: x = 1")
    assert xm_config.parse(text) == xlcfg.parse(text)


# -- the same meaning as Python's --------------------------------------------------------------------------------------

LITERALS = st.one_of(
    st.text(alphabet="ab %'\"\n\\", max_size=6).map(repr),
    st.integers(-9, 300).map(str),
    st.sampled_from(["True", "()", "[]", "'%s-%02x'", "'%(k)s'", "0x1f"]),
)
EXPRESSIONS = st.recursive(
    st.one_of(LITERALS, st.sampled_from("abc")),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(" + ".join),
        st.tuples(inner, inner).map("({0[0]}) % ({0[1]}, 7)".format),
        inner.map("'%(k)s' % {{'k': {0}}}".format),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        inner.map("({0}, )".format),
    ),
    max_leaves=5,
)
STATEMENTS = st.builds("{} {} {}".format, st.sampled_from("abc"), st.sampled_from(["=", "=", "+="]), EXPRESSIONS)


def plain(value):
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(int(value)) if isinstance(value, bool) else str(value)


@given(st.lists(STATEMENTS, min_size=1, max_size=8).map("\n".join))
def test_it_means_what_python_means(program):
    """What is refused here is refused; what is accepted has the values that running it would give."""
    try:
        found = xm_config.parse("a = 'x'\nb = [1]\nc = 2\n" + program)
    except XmConfigError:
        return
    names: dict[str, object] = {}
    exec("a = 'x'\nb = [1]\nc = 2\n" + program, {"__builtins__": {}}, names)
    assert found == {name: plain(value) for name, value in names.items()}
