# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the controller adds to a task about guests."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.action.domain import ActionModule

GUEST = {"name": "web1", "memory": 64, "vncpasswd": "hunter2", "settings": {"vnc": True, "spicepasswd": "hunter3"}}


def arguments(args):
    return ActionModule.arguments(ActionModule.__new__(ActionModule), args, {"inventory_hostname": "box"})


def test_the_inventorys_name_is_the_hosts_name_unless_one_is_given():
    assert arguments({"guests": []})["host_name"] == "box"
    assert arguments({"guests": [], "host_name": "other"})["host_name"] == "other"


def test_passwords_are_moved_to_the_option_that_is_never_logged():
    found = arguments({"guests": [GUEST], "secrets": {"web2": {"vncpasswd": "hunter4"}}})
    assert found["guests"] == [{"name": "web1", "memory": 64, "settings": {"vnc": True}}]
    assert found["secrets"] == {
        "web1": {"vncpasswd": "hunter2", "spicepasswd": "hunter3"},
        "web2": {"vncpasswd": "hunter4"},
    }
    assert GUEST["vncpasswd"] == "hunter2", "the play's own variables are left alone"


def test_nonsense_is_passed_on_for_the_resource_to_refuse():
    assert arguments({"guests": ["web1", None]})["guests"] == ["web1", None]
    assert arguments({"guests": "web1"})["guests"] == "web1"
