# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The hash of a guest's password goes to the one module that needs it, in the one option that is never logged."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.declare import declare
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.resource import ARGUMENTS
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import validated
from ansible_collections.netbsd.xen.plugins.plugin_utils._completed import with_hashes_apart, with_secrets_apart
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import domu
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables

HASH = "$sha1$22438$h1.ij.ie$jPzYFFHLXNxHA9rUWFuRjZkoHCc/"
GUEST = {"name": "web1", "vncpasswd": "sesame", "install": {"release": "10.1", "root_password": HASH}}
HOST = {"inventory_hostname": "xen1"}


def test_the_installation_gets_the_hash_and_no_other_password() -> None:
    given = with_hashes_apart({"guests": [GUEST, {"name": "b"}, "rubbish"]}, HOST)
    assert given["secrets"] == {"web1": {"root_password": HASH}}
    assert given["host_name"] == "xen1"
    assert HASH not in str(given["guests"]) and "sesame" not in str(given)
    assert given["guests"][1:] == [{"name": "b"}, "rubbish"]


KEY = "ssh-ed25519 AAAA me"
CLOUD = {"chpasswd": {"list": ["root:sesame"]}, "timezone": "web1", "since": datetime.date(2026, 1, 1)}


def test_what_cloud_init_shall_do_is_one_secret_and_not_many() -> None:
    """Each word in that option is replaced wherever it stands in a result, and a guest's name may be one of them."""
    given = with_hashes_apart({"guests": [{"name": "web1", "install": {"method": "image", "user_data": CLOUD}}]}, HOST)
    assert given["guests"] == [{"name": "web1", "install": {"method": "image"}}]
    (text,) = given["secrets"]["web1"].values()
    assert json.loads(text) == {**CLOUD, "since": "2026-01-01"}


def test_the_module_reads_it_as_it_was_written() -> None:
    image = {"method": "image", "image": "/i.raw", "seed": "/s.iso", "user_data": CLOUD, "authorized_keys": [KEY]}
    disks = [{"path": "/d.img", "size": "64M"}, {"path": "/s.iso", "access": "ro"}]
    guest = {"name": "web1", "os": "other", "kernel": "/k", "memory": 64, "disks": disks, "install": image}
    (system,) = declare(validated(ARGUMENTS, with_hashes_apart({"guests": [guest]}, HOST))).systems
    assert system.install.options.user_data == {**CLOUD, "since": "2026-01-01"}
    assert "sesame" not in repr(system)


def test_what_cloud_init_could_not_read_is_refused_without_it() -> None:
    image = {"method": "image", "image": "/i.raw", "seed": "/s.iso", "user_data": "password: sesame"}
    guest = {"name": "web1", "os": "other", "kernel": "/k", "memory": 64, "disks": ["/dev/wd0e"], "install": image}
    for given in (with_hashes_apart({"guests": [guest]}, HOST), {"guests": [guest], "host_name": "xen1"}):
        with pytest.raises(Refused, match="user_data is no dictionary; allowed is one") as told:
            declare(validated(ARGUMENTS, given))
        assert "sesame" not in str(told.value)


def test_the_guests_module_does_not_get_it() -> None:
    given = with_secrets_apart({"guests": [GUEST]}, HOST)
    assert given["secrets"] == {"web1": {"vncpasswd": "sesame"}}
    assert HASH not in str(given)
    assert given["guests"][0]["install"] == {"release": "10.1"}


def test_what_is_no_list_is_left_to_the_module() -> None:
    assert with_hashes_apart({"guests": "web1"}, HOST)["guests"] == "web1"


def test_who_did_not_get_a_system_waits_with_the_reason() -> None:
    failures: list[dict[str, Any]] = [{"thing": "web1", "msg": "there is no such set."}]
    source = domu.TASKS["domain"].options["waiting"]
    assert callable(source)
    assert source(Variables({"domu_systems_result": {"failed": True, "failures": failures}})) == {
        "web1": "there is no such set"
    }
    assert source(Variables({})) == {}


def test_a_check_goes_on_with_the_kernel_that_an_installation_would_bring() -> None:
    source = domu.TASKS["domain"].options["assume_files"]
    assert callable(source)
    known = {
        "ansible_check_mode": True,
        "domu_guests": [{**GUEST, "os": "netbsd"}, {"name": "b", "os": "netbsd"}],
        "domu_systems_result": {"changes": [{"thing": "web1"}]},
    }
    assert source(Variables(known)) == ["/home/xen/netbsd-10.1-XEN3_DOMU.gz"]
    assert source(Variables({**known, "ansible_check_mode": False})) == []
