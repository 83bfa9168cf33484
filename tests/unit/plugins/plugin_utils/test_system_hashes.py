# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The hash of a guest's password goes to the one module that needs it, in the one option that is never logged."""

from __future__ import annotations

from typing import Any

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
