# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No password leaves a machine that is looked at, and the controller can tell all the same whether it is the declared
one."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xm import sxp, xm_config
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import config
from ansible_collections.netbsd.xen.plugins.modules.look import Mask
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.driver import KEYS

CANARY = "Kanari3n"
MASK = Mask("salt", list(KEYS))
IT = MASK.value(CANARY)


def test_both_sides_have_one_stand_in():
    assert IT == config.mask("salt", CANARY) != config.mask("other", CANARY)
    assert MASK.value("") == config.mask("salt", "") == ""
    assert config.mask("", CANARY) == CANARY


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('vncpasswd = "{}"\n', 'vncpasswd = "{}"\n'),
        ("vncpasswd='{}'  # mine\nmemory = 64\n", "vncpasswd='{}'  # mine\nmemory = 64\n"),
        ('name="x"; spicepasswd="{}"; memory=64\n', 'name="x"; spicepasswd="{}"; memory=64\n'),
        ('vfb = [ "vnc=1,vncpasswd={},vnclisten=0.0.0.0" ]\n', 'vfb = [ "vnc=1,vncpasswd={},vnclisten=0.0.0.0" ]\n'),
        ("vfb = ['type=vnc,vncpasswd={}']\n", "vfb = ['type=vnc,vncpasswd={}']\n"),
        ('vfb = [\n    "vnc=1,vncpasswd={}",\n]\n', 'vfb = [\n    "vnc=1,vncpasswd={}",\n]\n'),
        ('vncpasswd = """{}"""\nx = 1\n', 'vncpasswd = "{}"\nx = 1\n'),
        ('{{"vnc": {{"passwd": "{}", "listen": "::"}}}}', '{{"vnc": {{"passwd": "{}", "listen": "::"}}}}'),
        ('{{"spice": {{"passwd":"{}"}}}}', '{{"spice": {{"passwd":"{}"}}}}'),
        ("(device (vfb (vncpasswd {}) (vnc 1)))", "(device (vfb (vncpasswd {}) (vnc 1)))"),
        ("(image (hvm (vncpasswd '{}')))", "(image (hvm (vncpasswd '{}')))"),
        ("['vfb', ['vncpasswd', '{}'], ['vnc', '1']]", "['vfb', ['vncpasswd', '{}'], ['vnc', '1']]"),
        ("  9 xl create /x/web1 vncpasswd={} memory=64\n", "  9 xl create /x/web1 vncpasswd={} memory=64\n"),
        ('   vncpasswd = "{}"\n   online = "1"\n', '   vncpasswd = "{}"\n   online = "1"\n'),
        ('VNCPasswd = "{}"\n', 'VNCPasswd = "{}"\n'),
    ],
)
def test_the_forms_in_which_a_password_stands(text, masked):
    assert MASK.text(text.format(CANARY)) == masked.format(IT)


@pytest.mark.parametrize(
    "text",
    [
        'vncpasswd = "{}',  # cut off
        'vncpasswd = "{}\n"memory = 64\n',
        'vncpasswd = """{}\nand so on',
        'vncpasswd = [\n"{}"\n]\n',
        'vncpasswd = ("" \\\n"{}")\n',
        'vncpasswd = "" + "{}"\n',
        "vncpasswd = {}\n",
        'vncpasswd += "{}"\n',
        'vfb = [ "vnc=1,vncpasswd={}',
        'name = "x\nvncpasswd = "{}"\n',
        '\0\0\0\0vncpasswd = "{}"\n',
        '\0\0\0\0\0sswd = "{}"\n',
        '\0\0\0 = "{}"\nmemory = 64\n',
        '\0\0{}"\nmemory = 64\n',
        'vncpasswd = "\0\0{}"\n',
        'vncpasswd\0\0\0= "{}"\n',
        'vncpasswd = "{}\0\0\0\0',
        '{{"passwd": "{}',
        "(vncpasswd '{}",
        "(vncpasswd {}",
    ],
)
def test_a_damaged_text_tells_no_more(text):
    assert CANARY not in MASK.text(text.format(CANARY), is_file=True)


def test_what_is_left_behind_nul_bytes_are_paths():
    assert MASK.text("\0\0isk = ['file:/home/web1.img,xvda,w']\nname='x'\n", is_file=True) == (
        "\0\0/home/web1.img\nname='x'\n"
    )


@pytest.mark.parametrize(
    "text", ["#!/bin/sh\nset -e\n", "/etc/master.passwd\n", "# the vncpasswd is in the safe\n", "vncpasswd = ''\n", "x"]
)
def test_everything_else_stays(text):
    assert MASK.text(text, is_file=True) == text


WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="\0"), min_size=1, max_size=12)


@given(WORDS, st.sampled_from(["vncpasswd", "spicepasswd"]))
def test_what_we_write_is_compared(password, key):
    """Whatever a password is made of, and however it is quoted."""
    settings = {"name": "web1", "memory": 64, key: password, "serial": "pty"}
    text = MASK.text(xlcfg.render(settings), is_file=True)
    assert config.comparable(xlcfg.parse(text)) == config.comparable(settings, "salt")
    assert config.comparable(xm_config.parse(text)) == config.comparable(settings, "salt")
    other = {**settings, key: password + "x"}
    assert config.comparable(xlcfg.parse(text)) != config.comparable(other, "salt")


@given(WORDS)
def test_what_toolstacks_print_is_parsed_as_before(password):
    live = {"vnc": {"enable": True, "passwd": password}, "name": "web1"}
    assert json.loads(MASK.text(json.dumps(live)))["vnc"]["passwd"] == MASK.value(password)
    quoted = re.sub(r"(['\\])", r"\\\1", password)
    (form,) = sxp.parse(MASK.text(f"(domain (vncpasswd '{quoted}') (name web1))"))
    assert sxp.value(form, "vncpasswd") == MASK.value(password)
    assert sxp.value(form, "name") == "web1"
