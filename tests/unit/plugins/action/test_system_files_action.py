# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the controller on their way to a machine: only those that it lacks, and only what was read here."""

from __future__ import annotations

import gzip
import hashlib
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.netbsd.xen.plugins.action.system_files import ActionModule
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import validated
from ansible_collections.netbsd.xen.tests.unit.support.files_machine import Machine, content

KERNEL = gzip.compress(b"a guest's kernel" * 100)
DEST = "/home/xen/netbsd-XEN3_DOMU.gz"


class Files(ActionModule):
    """The action plugin, with a machine in the place of a connection. ``sent`` is what went there."""

    TAKES_LONG = False

    def __init__(self, machine: Machine, controller: Path, *files: dict[str, Any], check: bool = False) -> None:
        self.machine, self.controller, self.sent, self.calls = machine, controller, [], []
        self.damaged = False
        self._task = SimpleNamespace(
            action="netbsd.xen.system_files", args={"files": list(files)}, check_mode=check, async_val=0, diff=False
        )
        self._connection = SimpleNamespace(_shell=SimpleNamespace(join_path="/".join, tmpdir=None))
        self._connection._shell.join_path = lambda *parts: "/".join(parts)

    def _find_needle(self, dirname: str, needle: str) -> str:
        path = self.controller / needle
        if not path.exists():
            raise AnsibleError(f"{needle} not found")
        return str(path)

    def _make_tmp_path(self, remote_user: str | None = None) -> str:
        (self.machine.root / "tmp").mkdir(exist_ok=True)
        return "/tmp"

    def _remove_tmp_path(self, tmp_path: str, force: bool = False) -> None:
        shutil.rmtree(self.machine.at(tmp_path))

    def _fixup_perms2(self, paths: Any, remote_user: str | None = None, execute: bool = True) -> None:
        pass

    def _transfer_file(self, local_path: str, remote_path: str) -> None:
        self.sent.append(Path(local_path).name)
        self.machine.put(remote_path, Path(local_path).read_bytes() + (b"!" if self.damaged else b""))

    def _execute_module(self, module_name: str, module_args: dict[str, Any], task_vars: Any) -> dict[str, Any]:
        self.calls.append("check" if self._task.check_mode else "run")
        params = validated(system_files.ARGUMENTS, module_args)
        outcome = converge(system_files, params, self.machine, self._task.check_mode)
        failures = [{"thing": thing, "msg": str(error)} for thing, error in outcome.failures.items()]
        return dict(outcome.result(), failures=failures, failed=bool(failures))

    def go(self) -> dict[str, Any]:
        args = self.arguments(dict(self._task.args), {})
        return self.carry_out(args, {})


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "machine").mkdir()
    return Machine(tmp_path / "machine")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "kernel.gz").write_bytes(KERNEL)
    return tmp_path


OWN = {"src": "kernel.gz", "dest": DEST, "remote_src": False}


def test_a_file_of_the_controller_comes_to_the_machine_once(machine: Machine, here: Path) -> None:
    first = Files(machine, here, OWN)
    result = first.go()
    assert (result["changed"], result["failed"], first.sent) == (True, False, ["kernel.gz"])
    assert content(machine, DEST) == KERNEL
    assert not machine.exists("/tmp")
    assert "the controller's kernel.gz" in result["changes"][0]["summary"]
    again = Files(machine, here, OWN)
    assert (again.go()["changed"], again.sent) == (False, [])


def test_a_changed_one_comes_again_and_what_was_in_place_stays_beside_it(machine: Machine, here: Path) -> None:
    Files(machine, here, OWN).go()
    newer = gzip.compress(b"newer")
    (here / "kernel.gz").write_bytes(newer)
    assert Files(machine, here, OWN).go()["changed"]
    assert (content(machine, DEST), content(machine, DEST + ".old")) == (newer, KERNEL)


@pytest.mark.parametrize("value", [False, "false", "no"])
def test_in_check_mode_nothing_is_sent(machine: Machine, here: Path, value: Any) -> None:
    checked = Files(machine, here, {**OWN, "remote_src": value}, check=True)
    result = checked.go()
    assert (result["changed"], checked.sent, checked.calls) == (True, [], ["check"])
    assert not machine.exists(DEST)


def test_one_that_is_not_there_holds_up_no_other(machine: Machine, here: Path) -> None:
    lost = {"src": "nowhere.gz", "dest": "/home/xen/b.gz", "remote_src": False}
    result = Files(machine, here, lost, OWN).go()
    assert [failure["thing"] for failure in result["failures"]] == ["/home/xen/b.gz"]
    assert "nowhere.gz is no file on the controller" in result["failures"][0]["msg"]
    assert content(machine, DEST) == KERNEL


def test_the_declared_sum_must_be_that_of_the_file(machine: Machine, here: Path) -> None:
    right = Files(machine, here, {**OWN, "sha512": hashlib.sha512(KERNEL).hexdigest().upper()}).go()
    assert (right["changed"], right["failed"]) == (True, False)
    wrong = Files(machine, here, {**OWN, "dest": "/home/xen/b.gz", "sha512": "0" * 128})
    assert "not the declared 0000000000000000..." in wrong.go()["failures"][0]["msg"]
    assert wrong.sent == [] and not machine.exists("/home/xen/b.gz")


def test_what_arrives_otherwise_is_not_put_in_place(machine: Machine, here: Path) -> None:
    sent = Files(machine, here, OWN)
    sent.damaged = True
    assert "arrived with the SHA512" in sent.go()["failures"][0]["msg"]
    assert not machine.exists(DEST)


def test_half_a_kernel_is_not_put_in_place(machine: Machine, here: Path) -> None:
    (here / "kernel.gz").write_bytes(KERNEL[:40])
    assert "it is cut short" in Files(machine, here, OWN).go()["failures"][0]["msg"]
    assert not machine.exists(DEST)


def test_files_of_the_machine_take_one_call(machine: Machine, here: Path) -> None:
    usual = Files(machine, here, {"src": "/usr/pkg/xen420-kernel/xen.gz", "dest": "/xen-4.20.gz"})
    assert usual.go()["changed"] and usual.calls == ["run"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"src": "https://mirror.example/a", "remote_src": False}, "it is a file of the controller"),
        ({"src": "a", "remote_src": False, "sums": "/SHA512"}, "with remote_src: false give sha512"),
        ({"src": "a"}, "must be an absolute path"),
    ],
)
def test_what_can_not_be_meant_is_refused(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(system_files.Refused, match=said):
        system_files.declare(validated(system_files.ARGUMENTS, {"files": [{"dest": DEST, **spec}]}))
