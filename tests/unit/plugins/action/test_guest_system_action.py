# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A release of the controller on its way to a machine: what one guest needs, once, and only if it is to be
installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.netbsd.xen.plugins.action import guest_system as action
from ansible_collections.netbsd.xen.plugins.action import system_files
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources import registry
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import validated
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import the_mirror

RELEASE = "7.99.10"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwj9+WsILBmTvLUmQ56i6XkrekkVp1AyMUBWPnvAALq admin@rack"
CACHE, BINARY = "/var/xen/install", f"NetBSD-{RELEASE}/amd64/binary"
VARIABLES = {"inventory_hostname": "xen1"}


class OnMachine:
    """In the place of a connection: a simulated machine. ``sent`` are the files that went there."""

    TAKES_LONG = False

    def set_up(self, name: str, args: dict[str, Any], host: SimulatedHost, controller: Path, sent: list[str]) -> None:
        self.host, self.controller, self.sent = host, controller, sent
        self._task = SimpleNamespace(action=name, args=args, check_mode=False, async_val=0, diff=False)
        self._task.copy = lambda: SimpleNamespace(**vars(self._task))
        shell = SimpleNamespace(join_path=lambda *parts: "/".join(parts), tmpdir=None)
        self._connection = SimpleNamespace(_shell=shell)
        self._play_context = self._loader = self._templar = None
        self._shared_loader_obj = SimpleNamespace(action_loader=SimpleNamespace(get=self._other))

    def _other(self, name: str, task: Any, **_more: Any) -> Any:
        found = FilesAction()
        found.set_up(name, task.args, self.host, self.controller, self.sent)
        return found

    def _find_needle(self, dirname: str, needle: str) -> str:
        path = self.controller / needle
        if not path.exists():
            raise AnsibleError(f"{needle} not found")
        return str(path)

    def _make_tmp_path(self, remote_user: str | None = None) -> str:
        return "/tmp"

    def _remove_tmp_path(self, tmp_path: str, force: bool = False) -> None:
        pass

    def _fixup_perms2(self, paths: Any, remote_user: str | None = None, execute: bool = True) -> None:
        pass

    def _transfer_file(self, local_path: str, remote_path: str) -> None:
        self.sent.append(Path(local_path).name)
        shutil.copy(local_path, self.host.at(remote_path))

    def _execute_module(self, module_name: str, module_args: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        resource = registry.RESOURCES[module_name.rpartition(".")[2]]
        outcome = converge(resource, validated(resource.ARGUMENTS, module_args), self.host, self._task.check_mode)
        failures = [{"thing": thing, "msg": str(error)} for thing, error in outcome.failures.items()]
        return dict(outcome.result(), failures=failures, failed=bool(failures))

    def run(self, tmp: str | None = None, task_vars: Any = None) -> dict[str, Any]:
        return self.carry_out(self.arguments(dict(self._task.args), VARIABLES), VARIABLES)  # type: ignore[attr-defined]


class FilesAction(OnMachine, system_files.ActionModule):
    def __init__(self) -> None:
        pass


class SystemAction(OnMachine, action.ActionModule):
    def __init__(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LOCK_FILE", str(tmp_path / "lock"))


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The controller's files."""
    mirror = the_mirror() / "pub/NetBSD"
    shutil.copytree(mirror / f"NetBSD-{RELEASE}", tmp_path / f"here/mirror/NetBSD-{RELEASE}")
    shutil.copytree(mirror / "security", tmp_path / "here/mirror/security")
    return tmp_path / "here"


@pytest.fixture
def host(tmp_path: Path) -> SimulatedHost:
    return SimulatedHost(sim_host.make_host(tmp_path / "nb0", profile="netbsd-7.99.10-xen-4.17"))


def guest(name: str, **install: Any) -> dict[str, Any]:
    return {
        "name": name,
        "os": "netbsd",
        "memory": 64,
        "disks": [{"path": f"/home/xen/{name}.img", "size": "256M"}],
        "install": {"release": RELEASE, "authorized_keys": [KEY], **install},
    }


def go(host: SimulatedHost, here: Path, *guests: dict[str, Any], **options: Any) -> tuple[dict[str, Any], list[str]]:
    sent: list[str] = []
    found = SystemAction()
    args = {"guests": list(guests), "install_source": "mirror", "install_remote_src": False, **options}
    found.set_up("netbsd.xen.guest_system", args, host, here, sent)
    return found.run(), sent


def stage(host: SimulatedHost, name: str) -> str:
    return str(json.loads(host.text(f"/usr/pkg/etc/xen/.{name}.install"))["stage"])


def test_what_the_controller_has_is_sent_once_for_all_guests(host: SimulatedHost, here: Path) -> None:
    result, sent = go(host, here, guest("web1"))
    assert (result["failures"], stage(host, "web1")) == ([], "configured")
    assert sorted(sent) == ["SHA512", "SHA512", "base.tgz", "etc.tgz", "netbsd-XEN3_DOMU.gz"]
    assert host.exists(f"{CACHE}/{BINARY}/sets/base.tgz")
    again, sent = go(host, here, guest("web1"))
    assert (again["changed"], sent) == (False, [])
    second, sent = go(host, here, guest("web1"), guest("web2"))
    assert (second["failures"], stage(host, "web2"), sent) == ([], "configured", [])


def test_with_a_keyring_the_signed_list_comes_too(host: SimulatedHost, here: Path) -> None:
    ring = "mirror/security/PGP/security-officer@netbsd.org.asc"
    result, sent = go(host, here, guest("web1"), install_keyring=ring)
    assert (result["failures"], stage(host, "web1")) == ([], "configured")
    assert {f"NetBSD-{RELEASE}_hashes.asc", "security-officer@netbsd.org.asc"} <= set(sent)
    assert any("netpgpverify" in each["argv"][0] for each in host.commands)


def test_what_the_controller_lacks_holds_up_no_other_guest(host: SimulatedHost, here: Path) -> None:
    result, _sent = go(host, here, guest("web1"), guest("web2", sets=["base", "etc", "comp"]))
    (failure,) = result["failures"]
    assert failure["thing"] == "web2"
    assert failure["msg"] == (
        f"guest web2: mirror/{BINARY}/sets/comp.tgz is no file on the controller; nothing was written"
    )
    assert stage(host, "web1") == "configured" and not host.exists("/home/xen/web2.img")


def test_a_check_sends_nothing(host: SimulatedHost, here: Path) -> None:
    sent: list[str] = []
    found = SystemAction()
    args = {"guests": [guest("web1")], "install_source": "mirror", "install_remote_src": False}
    found.set_up("netbsd.xen.guest_system", args, host, here, sent)
    found._task.check_mode = True
    result = found.run()
    assert ([change["thing"] for change in result["changes"]], sent) == (["web1"], [])
    assert not host.exists(CACHE)


def test_a_guest_may_have_another_source_than_the_rack(host: SimulatedHost, here: Path) -> None:
    """Its disk is too small for its swap, so it comes to looking at its sets and no further."""
    shutil.copytree(here / "mirror", host.at("/home/mirror"))
    result, sent = go(host, here, guest("web1", source="/home/mirror", swap="300M"))
    assert "are needed for what is installed on it" in result["failures"][0]["msg"] and sent == []
    own = guest("web1", source="mirror", remote_src=False, swap="300M")
    result, sent = go(host, here, own, install_source="https://mirror.invalid", install_remote_src=True)
    assert "are needed for what is installed on it" in result["failures"][0]["msg"] and "base.tgz" in sent
