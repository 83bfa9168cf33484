# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's configuration file: what stands in it, and that xl's grammar and Python's read the same in it."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import (
    config,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import (
    guest as declared_guest,
)

KERNEL = "/home/xen/netbsd-XEN3_DOMU.gz"
WEB = {"name": "web1", "os": "netbsd", "memory": 128, "kernel": KERNEL}
HVM = {"name": "win1", "memory": 1024, "type": "hvm"}
SECRET = {"vncpasswd": "hunter2"}


def settings(base=None, dialect="xl", secrets=None, **keys):
    base = base or WEB
    guest, problems = declared_guest.expand(dict(base, **keys), "box", {}, {base["name"]: secrets or {}})
    assert problems == []
    found = xlcfg.parse(config.text_of(guest, dialect))
    found.pop("uuid")
    return found


BASE = {
    "name": "web1",
    "type": "pv",
    "kernel": KERNEL,
    "memory": "128",
    "vcpus": "1",
    "disk": [],
    "vif": [],
    "on_poweroff": "destroy",
    "on_reboot": "restart",
    "on_crash": "destroy",
}


def added(**keys):
    """What these keys add to the configuration of the plainest guest."""
    found = settings(**keys)
    return {key: value for key, value in found.items() if BASE.get(key) != value}


def test_the_plainest_guest():
    assert settings() == BASE


@pytest.mark.parametrize(
    ("keys", "written"),
    [
        ({"type": "pvshim"}, {"type": "pvh", "pvshim": "1"}),
        ({"type": "pvh"}, {"type": "pvh"}),
        ({"cpus": "0-3,^1"}, {"cpus": "0-3,^1"}),
        ({"vcpus": 2, "cpus": ["0", "2-3"]}, {"vcpus": "2", "cpus": ["0", "2-3"]}),
        ({"os": "linux", "maxvcpus": 2, "cpus": ["1"]}, {"maxvcpus": "2", "cpus": ["1", "all"]}),
        ({"weight": 512, "cap": 0, "pool": "Pool-1"}, {"cpu_weight": "512", "cap": "0", "pool": "Pool-1"}),
        (
            {"pci": ["03:00.0", {"bdf": "04:00.0", "permissive": True}]},
            {"pci": ["0000:03:00.0", "0000:04:00.0,permissive=1"]},
        ),
        (
            {"os": "linux", "vtpm": ["tpm1", {"backend": "tpm2", "uuid": "5E6F2A0C-0000-4000-8000-000000000001"}]},
            {"vtpm": ["backend=tpm1", "backend=tpm2,uuid=5e6f2a0c-0000-4000-8000-000000000001"]},
        ),
        ({"vnc": True}, {"vfb": ["vnc=1,vnclisten=127.0.0.1,vncunused=1"]}),
        (
            {"vnc": {"listen": "0.0.0.0", "display": 7, "keymap": "de"}},
            {"vfb": ["vnc=1,vnclisten=0.0.0.0,vncdisplay=7,vncunused=0,keymap=de"]},
        ),
        (
            {"on_watchdog": "restart", "on_soft_reset": "soft-reset"},
            {"on_watchdog": "restart", "on_soft_reset": "soft-reset"},
        ),
        ({"settings": {"e820_host": True, "irqs": [5, 7]}}, {"e820_host": "1", "irqs": ["5", "7"]}),
        ({"depends_on": ["db1"], "priority": 5, "health": {"console": "login:"}, "state": "paused"}, {}),
    ],
)
def test_what_a_key_writes_for_xl(keys, written):
    assert added(**keys) == written


def test_hvm_is_told_in_the_words_of_every_release():
    found = settings(HVM, serial="pty", vnc={"display": 3, "keymap": "de"})
    assert (found["type"], found["builder"], found["serial"]) == ("hvm", "hvm", "pty")
    screen = {key: found[key] for key in ("vnc", "vnclisten", "vncdisplay", "vncunused", "keymap")}
    assert screen == {"vnc": "1", "vnclisten": "127.0.0.1", "vncdisplay": "3", "vncunused": "0", "keymap": "de"}
    assert "vfb" not in found
    assert config.comparable(found)["type"] == "hvm"
    assert "builder" not in config.comparable(found)


def test_where_the_password_stands():
    assert settings(vnc=True, secrets=SECRET)["vfb"][0].endswith(",vncpasswd=hunter2")
    assert "vncpasswd" not in settings(vnc=True, secrets=SECRET)
    assert settings(secrets=SECRET)["vncpasswd"] == "hunter2"
    assert settings(HVM, vnc=True, secrets=SECRET)["vncpasswd"] == "hunter2"


def test_no_password_is_in_what_travels():
    for screen in ({}, {"vnc": True}, {"vnc": {"display": 1}, "type": "pvshim"}):
        found = settings(secrets=SECRET, **screen)
        assert "hunter2" in str(found)
        assert "hunter2" not in str(config.comparable(found))
        other = settings(secrets={"vncpasswd": "another"}, **screen)
        assert config.differences(config.comparable(found), config.comparable(other))
    nested = {"name": "web1", "vfb": [{"vncpasswd": "hunter2", "vnc": 1}]}
    assert "hunter2" not in str(config.redacted(nested))


def test_the_words_of_xm():
    keys = {
        "cmdline": "root=xbd0a -v",
        "disks": ["/dev/wd0e", {"path": "/home/xen/web1.img", "vdev": "0x1", "access": "ro"}],
        "cpus": "0-3,^1",
        "weight": 512,
        "cap": 50,
        "vnc": {"display": 7, "keymap": "de"},
    }
    found = settings(dialect="xm", secrets=SECRET, **keys)
    assert "type" not in found and "builder" not in found and "cmdline" not in found
    assert (found["extra"], found["cpu_cap"], found["cpu_weight"]) == ("root=xbd0a -v", "50", "512")
    assert found["disk"] == ["phy:/dev/wd0e,xvda,w", "file:/home/xen/web1.img,0x1,r"]
    # xm of Xen 3.1 knows neither vnc nor keymap inside.
    assert found["vfb"] == ["type=vnc,vnclisten=127.0.0.1,vncdisplay=7,vncunused=0,vncpasswd=hunter2"]
    assert found["keymap"] == "de"
    assert settings(HVM, dialect="xm")["builder"] == "hvm"


texts = st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=20)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "cmdline": texts,
            "bootloader": texts,
            "pool": st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
            "cap": st.integers(0, 100),
            "disks": st.lists(texts.map(lambda name: "/" + name.replace("..", "")), max_size=2),
            "vnc": st.booleans(),
            "settings": st.dictionaries(
                st.sampled_from(["e820_host", "irqs", "rtc_timeoffset", "device_model_args"]),
                st.booleans() | st.integers() | texts | st.lists(texts, max_size=3),
            ),
        },
    ),
    st.text(st.characters(blacklist_characters=",\0\n\r", blacklist_categories=("Cs",)), max_size=12),
)
def test_xl_and_python_read_the_same(keys, password):
    guest, _problems = declared_guest.expand(dict(WEB, **keys), "box", {}, {"web1": {"vncpasswd": password}})
    text = config.text_of(guest)
    as_python = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(text).body}
    assert xlcfg.parse(text) == {key: _plain(value) for key, value in as_python.items()}


def _plain(value):
    return [_plain(item) for item in value] if isinstance(value, list) else str(value)
