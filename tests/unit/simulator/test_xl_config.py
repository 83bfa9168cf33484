# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl.cfg as the real parser reads it. Rules: Xen's libxlu_cfg_l.l, libxlu_cfg_y.y, libxlu_disk_l.l, xl_parse.c.

The messages of GRAMMAR_ERRORS that no record has were taken from a scanner and parser generated from those rules with
flex and bison.
"""
from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.xl_machine import domconfig, specs, to_json, xlcfg


def parsed(text: str) -> dict[str, object]:
    messages: list[str] = []
    settings = xlcfg.parse(text, "f", messages.append)
    assert messages == []
    return {name: setting.value for name, setting in settings.items()}


def refused(text: str) -> list[str]:
    messages: list[str] = []
    with pytest.raises(xlcfg.ConfigError):
        xlcfg.parse(text, "f", messages.append)
    return "".join(messages).splitlines()


@pytest.mark.parametrize(("text", "settings"), [
    ("", {}),
    ("# only a comment\n\n", {}),
    ("a = 'x'\n", {"a": "x"}),
    ('a = "x"', {"a": "x"}),  # no final line end
    ("a=1;b=2", {"a": "1", "b": "2"}),
    ("a = 0x1f\n", {"a": "0x1f"}),
    ('a = "x" # why\n', {"a": "x"}),
    (r'a = "q\"t\\n\n"', {"a": 'q"t\\n\n'}),
    ("l = [ 'a',\n  # not this\n  'b',\n ]\n", {"l": ["a", "b"]}),
    ("l = []\n", {"l": []}),
    ("l = [ [1, 2], 3 ]\n", {"l": [["1", "2"], "3"]}),
    ("l = [ 'a' ]\nl += [ 'b' ]\n", {"l": ["a", "b"]}),
    ("s = 'a'\ns += 'b'\n", {"s": "ab"}),
    ("n += 'b'\n", {"n": "b"}),
    ("a = 1\na = 2\n", {"a": "2"}),
    ('vif.default.bridge = "bridge0"\n', {"vif.default.bridge": "bridge0"}),
])
def test_what_is_a_configuration(text: str, settings: dict[str, object]) -> None:
    assert parsed(text) == settings


PYTHON = ["warning: Config file looks like it contains Python code.",
          "warning:  Arbitrary Python is no longer supported.",
          "warning:  See https://wiki.xen.org/wiki/PythonInXlConfig"]
NEAR = "config parsing error near"

GRAMMAR_ERRORS = [
    ('name = "bad1\n', [f"f:1: {NEAR} `\"bad1': lexical error"]),  # record create_bad_syntax
    ("x = 1\nautorestart = True\n", [f"f:2: {NEAR} `True': lexical error"]),  # record xm2-n
    ("d = [ 'a'\n", [f"f:1: {NEAR} `': syntax error, unexpected $end, expecting ']'"]),  # record create-syntax
    ("import os\ndef f():\n    return 1\n",  # record create-xm
     [f"f:1: {NEAR} `os': syntax error, unexpected IDENT, expecting += or '='",
      f"f:2: {NEAR} `():': lexical error", *PYTHON]),
    ("a = 'x' b = 'y'\nc = 1\n", [f"f:1: {NEAR} `b': syntax error, unexpected IDENT, expecting $end"]),
    ("5 = 3\n", [f"f:1: {NEAR} `5': syntax error, unexpected NUMBER, expecting $end or IDENT or NEWLINE or ';'"]),
    ("x = foo\n", [f"f:1: {NEAR} `foo': syntax error, unexpected IDENT, expecting STRING or NUMBER or '['"]),
    ("y = [ 'a' 'b' ]\n", [f"f:1: {NEAR} `'b'': syntax error, unexpected STRING, expecting ']'"]),
    ("a = 1.5\n", [f"f:1: {NEAR} `.5': lexical error", *PYTHON]),
    ("Name = 'x'\n", [f"f:1: {NEAR} `Name': lexical error"]),
    ("a = 1\n# no line end", [f"f:2: {NEAR} `#': lexical error"]),
    (r"a = '\q'" + "\n", [rf"f:1: {NEAR} `'\q'': invalid character after backlash in quoted string"]),
    ("a = 'x'\na += [ 'y' ]\n", [f"f:2: {NEAR} `]': can't add [list] to \"string\" or vice versa"]),
]


@pytest.mark.parametrize(("text", "messages"), GRAMMAR_ERRORS)
def test_what_is_none(text: str, messages: list[str]) -> None:
    assert refused(text) == messages


def configured(text: str, **defaults: object) -> tuple[dict, str]:
    messages: list[str] = []
    config = domconfig.from_text(text, "f", domconfig.Defaults(**defaults), lambda: "uuid", messages.append)
    return config, "".join(messages)


BASE = 'name = "x"\nkernel = "/k"\n'


@pytest.mark.parametrize(("lines", "cmdline", "message"), [
    ('root = "xbd0a"', "root=xbd0a", ""),
    ('root = "xbd0a"\nextra = "-s"', "root=xbd0a -s", ""),
    ('extra = "-s"', "-s", ""),
    ('cmdline = "-a"\nextra = "-s"', "-a", "Warning: ignoring root= and extra= in favour of cmdline=\n"),
])
def test_cmdline(lines: str, cmdline: str, message: str) -> None:
    config, messages = configured(BASE + lines + "\n")
    assert config["b_info"]["cmdline"] == cmdline
    assert messages == message


@pytest.mark.parametrize(("text", "kind"), [("pv", "pv"), ("pvh", "pvh"), ("hvm", "hvm"), ("h", "hvm"), ("p", "pv")])
def test_type_is_compared_as_far_as_it_is_given(text: str, kind: str) -> None:
    assert configured(BASE + f'type = "{text}"\n')[0]["c_info"]["type"] == kind


def test_destroy_is_not_printed() -> None:
    """xl-session.txt (NetBSD 7.99.10): on_reboot="destroy" leaves no trace in the JSON."""
    config, _messages = configured(BASE + 'on_reboot = "destroy"\non_crash = "coredump-restart"\n')
    assert "on_reboot" not in config
    assert config["on_crash"] == "coredump_restart"


@pytest.mark.parametrize(("line", "message"), [
    ('on_crash = "explode"', 'Unknown on_crash action "explode" specified\n'),
    ('type = "pv"\nbuilder = "hvm"', 'Contradicting "builder" and "type" options specified.\n'),
    ('vcpus = 3\nmaxvcpus = 2', "xl: maxvcpus < vcpus\n"),
    ('cpus = "x"\nvcpus = 1', "Invalid pcpu range: x.\n"),
])
def test_what_xl_refuses(line: str, message: str) -> None:
    messages: list[str] = []
    with pytest.raises(domconfig.ConfigRefused):
        domconfig.from_text(BASE + line + "\n", "f", domconfig.Defaults(), lambda: "uuid", messages.append)
    assert "".join(messages) == message


@pytest.mark.parametrize(("line", "message"), [
    ("memory = [ 1 ]", "f:3: warning: parameter `memory' is a list but should be a single value\n"),
    ("disk = 'a'", "f:3: warning: parameter `disk' is a single value but should be a list\n"),
    ('memory = "12M"', "f:3: warning: parameter `memory' is not a valid number\n"),
    ("memory += 12", "f:3: warning: can't use += with numbers for parameter `memory'\n"),
    ("vif = [ 'bridge=bridge0, frob=1' ]", "unrecognized argument `frob=1'\n"),
    ("frobnicate = [ [ ] ]", ""),  # record create_unknown_key_dry
])
def test_what_xl_only_warns_of(line: str, message: str) -> None:
    assert configured(BASE + line + "\n")[1] == message


@pytest.mark.parametrize(("spec", "disk"), [
    ("file:/d.img,xvda,w", {"pdev_path": "/d.img", "vdev": "xvda", "format": "raw", "readwrite": 1}),
    ("phy:/dev/wd0e,0x1,r", {"pdev_path": "/dev/wd0e", "vdev": "0x1", "format": "raw"}),
    ("/d.img,raw,xvda,rw", {"pdev_path": "/d.img", "vdev": "xvda", "format": "raw", "readwrite": 1}),
    ("/d.img,,xvda", {"pdev_path": "/d.img", "vdev": "xvda", "format": "raw", "readwrite": 1}),
    ("format=qcow2, vdev=xvdb, access=ro, target=/a,b", {"pdev_path": "/a,b", "vdev": "xvdb", "format": "qcow2"}),
    ("vdev=hdc,cdrom,target=/a.iso", {"pdev_path": "/a.iso", "vdev": "hdc", "format": "raw", "removable": 1,
                                      "is_cdrom": 1}),
    (",hdc:cdrom,r", {"pdev_path": "", "vdev": "hdc", "format": "empty", "removable": 1, "is_cdrom": 1}),
])
def test_disks(spec: str, disk: dict[str, object]) -> None:
    assert specs.parse_disk([spec], "f", pytest.fail) == disk


@pytest.mark.parametrize(("spec", "message"), [
    ("/d,raw,xvda,rw,x", "too many positional parameters: near `x'"),
    ("/d,raw,xvda,maybe", "unknown value for access: near `maybe'"),
    ("frob=x,vdev=xvda,target=/d", "unknown parameter: near `frob=x,'"),
    ("foo:/d,xvda,w", "unknown deprecated disk prefix: near `foo:'"),
    ("/d,raw", "no vdev specified"),
    ("raw:/d,xvda,w,format=vhd", "format respecified: near `vhd'"),
])
def test_wrong_disks(spec: str, message: str) -> None:
    messages: list[str] = []
    with pytest.raises(specs.SpecError):
        specs.parse_disk([spec], "f", messages.append)
    assert messages == [f"f: config parsing error in disk specification: {message} in `{spec}'\n"]


@pytest.mark.parametrize(("vdev", "number"), [
    ("xvda", 51712), ("xvdb", 51728), ("xvda1", 51713), ("xvdz", 268441856), ("d0", 51712), ("d1p2", 51730),
    ("hda", 768), ("hdb", 832), ("hdc", 5632), ("sda", 2048), ("0x1", 1), ("0x0", 0), ("1", 1), ("010", 8),
    ("frob", None), ("xvd", None),
])
def test_device_numbers(vdev: str, number: int | None) -> None:
    """Xen's vbd-interface; records blocklist, block_detach_missing, create-hda, create-hex, block_attach_badvdev."""
    assert specs.vdev_number(vdev) == number


def test_macs() -> None:
    """xl_parse.c: any single character between the numbers; leading zeros may be missing."""
    assert specs.parse_nic("mac=00-16-3e-0-0-1,bridge=b", 0, None, pytest.fail)["mac"] == "00:16:3e:00:00:01"


def test_json_of_maps_lists_and_texts() -> None:
    """record dryrun_grub: an empty map has a blank line inside."""
    assert to_json({"a": {}, "b": [1, 2], "c": 'q"'}) == (
        '{\n    "a": {\n\n    },\n    "b": [\n        1,\n        2\n    ],\n    "c": "q\\""\n}')
