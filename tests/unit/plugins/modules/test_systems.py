# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""On another operating system every module that changes something says so first, and does nothing. These tests run on
one."""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

import pytest
from ansible.module_utils import basic

from ansible_collections.netbsd.xen.plugins.module_utils import _change, _engine
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

MODULES = "ansible_collections.netbsd.xen.plugins.modules"
# They only read, or run on the controller; a script says for itself what it is for.
OTHERS = {"adopt", "domain_info", "host_info", "look", "plan", "rack_plan", "shell_script", "validate"}
ALSO_FOR_LINUX = {"domain", "domain_request", "xl_conf"}
NAMES = sorted(path.stem for path in (CHECKOUT / "plugins/modules").glob("*.py"))
CHANGING = [name for name in NAMES if name not in OTHERS]


def resource_of(name: str) -> Any:
    """The resource that a module is for."""
    module = importlib.import_module(f"{MODULES}.{name}")
    (resource,) = {each for each in vars(module).values() if hasattr(each, "ARGUMENTS")}
    return resource


def required(spec: dict[str, Any]) -> dict[str, Any]:
    """A value for each option that has to be given."""
    values = {"list": [], "dict": {}, "bool": True, "int": 1}
    given = {}
    for name, option in spec.items():
        if option.get("required"):
            given[name] = option["choices"][0] if "choices" in option else values.get(option["type"], "/x")
    return {**given, **({"release": "4.20"} if "release" in given else {})}


@pytest.mark.skipif(os.uname().sysname == "NetBSD", reason="it is the system that the modules are for")
@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
@pytest.mark.parametrize("name", [name for name in CHANGING if name not in ALSO_FOR_LINUX])
def test_a_module_says_that_this_is_another_system(
    name: str, check: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = {**required(resource_of(name).ARGUMENTS), "_ansible_check_mode": check, "_ansible_remote_tmp": "/tmp"}
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
    monkeypatch.setattr(sys, "argv", [name])

    def nothing(*_args: Any, **_keywords: Any) -> None:
        raise AssertionError("nothing may be run")

    monkeypatch.setattr(Host, "try_run", nothing)
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"{MODULES}.{name}").main()
    result = json.loads(capsys.readouterr().out)
    system = os.uname().sysname
    assert (ended.value.code, result.get("failed"), result.get("changed", False)) == (1, True, False)
    assert result["msg"].startswith(f"This is {system}, and netbsd.xen.{name} is for NetBSD. Nothing was done.")
    assert result["commands"] == []


def test_tests_alone_have_a_module_work_on_another_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """The switch is no option that an admin could set, is read in one place, and tests/xen/README.md tells of it."""
    with pytest.raises(_change.Refused):
        _engine.refuse_system("Linux", "guest_system")
    monkeypatch.setenv(_engine.TESTED_ON_OTHERS, "1")
    _engine.refuse_system("Linux", "guest_system")
    sources = [*(CHECKOUT / "plugins").rglob("*.py"), *(CHECKOUT / "roles").rglob("*.yml")]
    assert [path.name for path in sources if "TESTED_ON_OTHERS" in path.read_text("utf-8")] == ["_engine.py"]
    assert _engine.TESTED_ON_OTHERS in (CHECKOUT / "tests/xen/README.md").read_text("utf-8")


def test_every_module_is_of_one_kind() -> None:
    assert len(CHANGING) >= 16 and set(NAMES) >= OTHERS
    assert {resource_of(name).SYSTEMS for name in ALSO_FOR_LINUX} == {("NetBSD", "Linux")}
