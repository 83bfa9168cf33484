# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""xl.cfg: read as xl reads it, written so that it reads the same."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import config

keys = st.from_regex(r"[a-z][_0-9a-z]{0,10}", fullmatch=True)
texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=30)
atoms = texts | st.integers(min_value=-5) | st.booleans()
values = st.recursive(atoms, lambda inner: st.lists(inner, max_size=4), max_leaves=8)


def as_text(value):
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return str(int(value) if isinstance(value, bool) else value)


@given(st.dictionaries(keys, values, max_size=6), st.text(st.characters(blacklist_characters="\r"), max_size=40))
def test_what_is_written_is_read_back(settings, header):
    header = "\n".join(header.splitlines())
    assert xlcfg.parse(xlcfg.render(settings, header)) == {key: as_text(value) for key, value in settings.items()}


@given(st.text() | st.text("ab01 \t\n\"'\\[],;=+#x"))
def test_any_text_is_read_or_refused_with_a_line(text):
    try:
        settings = xlcfg.parse(text)
    except xlcfg.XlcfgError as error:
        assert 1 <= error.line <= text.count("\n") + 1
    else:
        config.comparable(settings)


@given(st.dictionaries(st.sampled_from("name memory vcpus disk vif cmdline root uuid type on_crash".split()), values))
def test_any_configuration_can_be_compared_with_itself(settings):
    once = config.comparable(xlcfg.parse(xlcfg.render(settings)))
    assert config.differences(once, config.comparable(xlcfg.parse(xlcfg.render(settings)))) == []


def test_a_configuration_from_a_real_machine():
    # record g1-cfg (NetBSD 7.99.10)
    text = """name = "g1"
kernel = "/home/netbsd-XEN3_DOMU"
memory = 128
vcpus = 1
disk = [ "file:/home/g1.img,xvda,w" ]
vif = [ "mac=00:16:3e:00:00:11,bridge=bridge0" ]
root = "xbd0a"
"""
    assert xlcfg.parse(text) == {
        "name": "g1",
        "kernel": "/home/netbsd-XEN3_DOMU",
        "memory": "128",
        "vcpus": "1",
        "disk": ["file:/home/g1.img,xvda,w"],
        "vif": ["mac=00:16:3e:00:00:11,bridge=bridge0"],
        "root": "xbd0a",
    }


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("", {}),
        ("\n;;\n# only a comment\n", {}),
        ("a=1;b='x'", {"a": "1", "b": "x"}),
        ("a=1\na=2\n", {"a": "2"}),
        ("a='x'\na+='y'\n", {"a": "xy"}),
        ("a+=['x']\na+=['y',]\n", {"a": ["x", "y"]}),
        ("a=[\n\n'x' # one\n,\n\n'y',\n]\n", {"a": ["x", "y"]}),
        ("a=[]", {"a": []}),
        ("vif.default.bridge='b'", {"vif.default.bridge": "b"}),  # as in xl.conf(5), which has the same grammar
        ("a=[[1,'b'],[]]", {"a": [["1", "b"], []]}),
        ("a=0x1f", {"a": "0x1f"}),
        (r"""a='it\'s \"q\" \\ \t\n'""", {"a": 'it\'s "q" \\ \t\n'}),
        (r"a='x\0123y'", {"a": "xy"}),
        (r"a='x\0 12y\0+12z'", {"a": "xyz"}),
        ("a='# no comment'", {"a": "# no comment"}),
        # One byte that is nothing, at the very end (Xen 4.17 and 4.20, tests/contract/corpus/end-lone-*.cfg).
        ("a=1\n%", {"a": "1"}),
        ("a=1\n#", {"a": "1"}),
        ("a=1\r", {"a": "1"}),
        ('a=1\n"', {"a": "1"}),
        ("a=1\n\0", {"a": "1"}),
        ("a=1\n\udce9", {"a": "1"}),
        ("# a\0b\na=1\n", {"a": "1"}),
    ],
)
def test_what_xl_accepts(text, settings):
    assert xlcfg.parse(text) == settings


@pytest.mark.parametrize(
    "text",
    [
        "a=True\n",  # record create-xm (NetBSD 7.99.10): status 1
        "import os\n",
        "a\n",
        "a=\n",
        "a=1 b=2\n",
        "A=1\n",
        "a='x",
        "a='x\ny'\n",
        "a=1\r\n",
        "a=1 # no newline at the end",
        "a=1\n%%",
        "a=1\n% ",
        "a=1\n%\n",
        "a=1\né",
        "a=1\nx",
        "a='x\0y'\n",
        "a=1\n\0\n",
        "\ufeffa=1\n",
        "a=0X1F\n",
        "a=1.5\n",
        "a=+1\n",
        "a==1\n",
        "a\n=1\n",
        "a=\n1\n",
        "a + = 1\n",
        "_a=1\n",
        ".a=1\n",
        "a=(1)\n",
        "a={}\n",
        r"a='\1z2'",
        r"a='\x414'",
        "a=[1 2]",
        "a=[1,,2]",
        "a=[,]",
        "a=[1;2]",
        "a=5G\n",
        "a=-1\n",
        r"a='\x41'",
        r"a='\q'",
        r"a='\07'",
        "a='x'\na+=['y']\n",
        "a=" + "[" * 10000,
    ],
)
def test_what_xl_refuses(text):
    with pytest.raises(xlcfg.XlcfgError):
        xlcfg.parse(text)


def test_a_sum_is_known_from_a_number():
    """xl takes no number from a key that was last set with += (Xen 4.17 and 4.20, add-number.cfg)."""
    assert isinstance(xlcfg.parse("a=1\na+=2\n")["a"], xlcfg.Added)
    assert isinstance(xlcfg.parse("a+=2\n")["a"], xlcfg.Added)
    assert not isinstance(xlcfg.parse("a+=2\na=3\n")["a"], xlcfg.Added)


@given(st.binary(max_size=60) | st.binary(max_size=20).map(lambda junk: b"name='g'\n" + junk))
def test_any_bytes_are_read_or_refused(junk):
    text = junk.decode("utf-8", "surrogateescape")
    try:
        settings = xlcfg.parse(text)
    except xlcfg.XlcfgError as error:
        assert 1 <= error.line <= text.count("\n") + 1
    else:
        assert all(isinstance(key, str) for key in settings)


@pytest.mark.parametrize("text", ["[" * 100000, "a=" + "'" * 100001, "#" * 1000000, "a=1;" * 50000, "\\" * 100000])
def test_a_hostile_file_takes_no_time(text):
    started = time.monotonic()
    with contextlib.suppress(xlcfg.XlcfgError):
        xlcfg.parse(text)
    assert time.monotonic() - started < 5


def test_an_error_names_its_line():
    with pytest.raises(
        xlcfg.XlcfgError, match="line 3: the end of the line where a string or a number or '\\[' is expected"
    ):
        xlcfg.parse("a=1\n# b\nc=\n")


@pytest.mark.parametrize("settings", [{"a": None}, {"a": {"b": 1}}, {"A": 1}, {"a b": 1}, {"a": "x\0"}, {"a": [None]}])
def test_what_can_not_be_written_is_said(settings):
    with pytest.raises(ValueError, match="can't be"):
        xlcfg.render(settings)
