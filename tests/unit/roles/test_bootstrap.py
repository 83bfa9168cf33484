# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The one command of role bootstrap, run by a shell with programs that stand in for pkg_add and its like."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT, ROLES
from ansible_collections.netbsd.xen.tests.unit.support.role_values import values

PYTHON, PKGIN = "/opt/there/python3", "/usr/pkg/bin/pkgin"
FAILED = {
    "stdout_lines": ["python313-3.13.5: fetching"],
    "stderr_lines": ["pkg_add: no pkg found for 'python313', sorry.", "Connection to xen1 closed.", ""],
}
PROGRAM = """#!/bin/sh
echo "{name} $*" >> {log}
{body}
"""


@pytest.fixture(scope="module")
def role(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the role would run, by the source of packages, and what it says of a failure."""
    hosts = {source: {"dom0_package_source": source} for source in ("pkgin", "pkg_add", "pkgsrc")}
    usual = {
        "role_path": str(ROLES / "bootstrap"),
        "bootstrap_python": PYTHON,
        "bootstrap_python_package": "python313",
        "bootstrap_result": FAILED,
    }
    hosts = {source: {**usual, **given} for source, given in {"usual": {}, **hosts}.items()}
    expressions = {"command": "__bootstrap_command", "pkgin": "bootstrap_pkgin", "said": "__bootstrap_said"}
    return values(tmp_path_factory.mktemp("bootstrap"), "bootstrap", expressions, hosts)


class Machine:
    """``python`` is whether it has one; of packages it knows none."""

    def __init__(self, directory: Path, python: bool = True) -> None:
        self.directory, self.log = directory, directory / "log"
        self.log.write_text("")
        self.program("pkg_info", "exit 1")
        self.program("pkg_delete", "exit 0")
        self.program("pkg_add", "exit 1")
        self.program("pkgin", "exit 0")
        self.python = directory / "python3"
        if python:
            self.python.symlink_to(sys.executable)

    def program(self, name: str, body: str) -> None:
        path = self.directory / name
        path.write_text(PROGRAM.format(name=name, log=self.log, body=body))
        path.chmod(0o755)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        start, _semicolon, rest = command.partition(";")
        assert start.startswith("PATH=/sbin:")
        here = rest.replace(PKGIN, f"{self.directory}/pkgin").replace(PYTHON, str(self.python))
        command = f"PATH={self.directory}:/usr/bin:/bin;" + here
        return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)

    @property
    def ran(self) -> list[str]:
        return self.log.read_text().splitlines()


def test_pkgin_is_wanted_by_those_who_install_with_it(role: dict[str, Any]) -> None:
    wanted = {source: found["pkgin"] for source, found in role.items()}
    assert wanted == {"usual": True, "pkgin": True, "pkg_add": False, "pkgsrc": False}


@pytest.mark.parametrize("source", ["pkg_add", "pkgsrc"])
def test_a_machine_that_needs_no_pkgin_is_not_asked_for_it(tmp_path: Path, role: dict[str, Any], source: str) -> None:
    machine = Machine(tmp_path)
    (tmp_path / "pkgin").unlink()
    ended = machine.run(role[source]["command"])
    assert (ended.returncode, ended.stdout) == (0, "bootstrap: present\n")
    assert machine.ran == []


def test_without_python_it_gets_that_and_nothing_else(tmp_path: Path, role: dict[str, Any]) -> None:
    machine = Machine(tmp_path, python=False)
    machine.program("pkg_add", f"ln -s {sys.executable} {machine.python}")
    ended = machine.run(role["pkg_add"]["command"])
    assert (ended.returncode, ended.stdout) == (0, "bootstrap: installed\n")
    assert [line for line in machine.ran if "pkgin" in line] == []
    assert "pkg_add python313" in machine.ran


def test_with_pkgin_it_is_installed_and_told_of_its_repository(tmp_path: Path, role: dict[str, Any]) -> None:
    machine = Machine(tmp_path)
    (tmp_path / "pkgin").chmod(0o644)
    machine.program("pkg_add", f"chmod 755 {tmp_path}/pkgin")
    ended = machine.run(role["usual"]["command"])
    assert (ended.returncode, ended.stdout) == (0, "bootstrap: installed\n")
    assert machine.ran[-2:] == ["pkg_add pkgin", "pkgin -y update"]


def test_what_pkg_add_says_is_kept_and_what_ssh_says_is_not(role: dict[str, Any]) -> None:
    assert role["usual"]["said"] == ["python313-3.13.5: fetching", "pkg_add: no pkg found for 'python313', sorry."]


def test_the_role_fails_with_these_words(tmp_path: Path) -> None:
    """Against this machine, which has no pkg_add."""
    role = "{role: netbsd.xen.bootstrap, bootstrap_python: /nonexistent/python3}"
    (tmp_path / "play.yml").write_text(f"- hosts: all\n  gather_facts: false\n  roles: [{role}]\n")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(CHECKOUT / ".build/collections")),
        "ANSIBLE_HOME": str(tmp_path),
        "NO_COLOR": "1",
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "xen1,", "-c", "local", "play.yml"]
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 2
    assert "xen1 could not get python3 and pkgin from https://cdn.NetBSD.org" in run.stdout
    assert "pkg_add" in run.stdout.split("could not get")[1] and "not found" in run.stdout
