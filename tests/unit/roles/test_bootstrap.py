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

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import dom0
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.bootstrap import pkg_path
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT, ROLES
from ansible_collections.netbsd.xen.tests.unit.support.role_values import values

CDN = "https://cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD"
AT = f"bootstrap: packages are at {CDN}/amd64/10.1/All\n"
PYTHON, PKGIN = "/opt/there/python3", "/usr/pkg/bin/pkgin"
FAILED = {
    "stdout": f"bootstrap: packages are at {CDN}/amd64/9.4/All\r\npython313-3.13.5: fetching\r\n",
    "stdout_lines": [f"bootstrap: packages are at {CDN}/amd64/9.4/All", "python313-3.13.5: fetching"],
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
    hosts["own"] = {"dom0_package_source": "pkg_add", "bootstrap_pkg_path": "http://mirror.example/All"}
    usual = {
        "role_path": str(ROLES / "bootstrap"),
        "bootstrap_python": PYTHON,
        "bootstrap_python_package": "python313",
        "bootstrap_result": FAILED,
    }
    hosts = {source: {**usual, **given} for source, given in {"usual": {}, **hosts}.items()}
    names = ("__bootstrap_command", "bootstrap_pkgin", "__bootstrap_said", "__bootstrap_from")
    expressions = {name.rpartition("_")[2]: name for name in names}
    return values(tmp_path_factory.mktemp("bootstrap"), "bootstrap", expressions, hosts)


class Machine:
    """``python`` is whether it has one; of packages it knows none."""

    def __init__(self, directory: Path, python: bool = True) -> None:
        self.directory, self.log = directory, directory / "log"
        self.log.write_text("")
        self.uname()
        self.program("pkg_info", "exit 1")
        self.program("pkg_delete", "exit 0")
        self.program("pkg_add", "exit 1")
        self.program("pkgin", "exit 0")
        self.python = directory / "python3"
        if python:
            self.python.symlink_to(sys.executable)

    def uname(self, release: str = "10.1", machine: str = "amd64", processor: str = "x86_64") -> None:
        """What the machine says of itself (the simulator's uname has the record)."""
        answers = {"-s": "NetBSD", "-r": release, "-m": machine, "-p": processor}
        lines = [f'test "$1" = {flag} && echo {text}' for flag, text in answers.items()]
        self.program("uname", "\n".join([*lines, "true"]))

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
        """What was run, but for the question which system it is."""
        return [line for line in self.log.read_text().splitlines() if not line.startswith("uname ")]


@pytest.mark.parametrize("system", ["Linux", "FreeBSD", "OpenBSD"])
def test_on_another_system_nothing_is_done_but_saying_so(role: dict[str, Any], tmp_path: Path, system: str) -> None:
    machine = Machine(tmp_path, python=False)
    machine.program("uname", f"echo {system}")
    for source in role.values():
        ended = machine.run(source["command"])
        assert (ended.returncode, ended.stdout, machine.ran) == (1, "", [])
        assert ended.stderr == f"This is {system}, and role bootstrap is for NetBSD. Nothing was done.\n"


UNAMES = [
    ("10.1", "amd64", "amd64/10.1"),
    ("10.1_STABLE", "amd64", "amd64/10.1"),
    ("11.0_BETA", "amd64", "amd64/11.0"),
    ("10.0_RC3", "i386", "i386/10.0"),
    ("9.4_STABLE", "amd64", "amd64/9.4"),
    ("6.1.5", "amd64", "amd64/6.1"),
    ("5.0.2_PATCH", "i386", "i386/5.0"),
    ("5.1_STABLE", "i386", "i386/5.1"),
    ("10.99.12", "amd64", ""),
    ("7.99.10", "amd64", ""),
    ("9.99.108_STABLE", "i386", ""),
]


@pytest.mark.parametrize(("release", "machine", "tree"), UNAMES)
def test_where_packages_are_follows_from_the_machine(
    tmp_path: Path, role: dict[str, Any], release: str, machine: str, tree: str
) -> None:
    bare = Machine(tmp_path, python=False)
    bare.uname(release, machine)
    bare.program("pkg_add", 'echo "at $PKG_PATH" >&2; exit 1')
    ended = bare.run(role["pkg_add"]["command"])
    assert ended.returncode == 1
    url = f"{CDN}/{tree}/All" if tree else ""
    assert dom0.packages_at(machine, release) == url
    if tree:
        assert (ended.stdout, ended.stderr) == (f"bootstrap: packages are at {url}\n", f"at {url}\n")
    else:
        assert (ended.stdout, bare.ran) == ("", [])
        assert ended.stderr.startswith(f"NetBSD {release} is current, for which pkgsrc has no binary packages. Give ")


def test_a_machine_that_has_all_is_not_asked_where_more_would_be(tmp_path: Path, role: dict[str, Any]) -> None:
    machine = Machine(tmp_path)
    machine.uname("10.99.12")
    ended = machine.run(role["pkg_add"]["command"])
    assert (ended.returncode, ended.stdout) == (0, "bootstrap: present\n")


def test_a_place_with_a_password_is_refused_without_it() -> None:
    """It would be a part of the command, which ps shows."""
    assert pkg_path(Variables({"bootstrap_pkg_path": "https://me@mirror.example/All"}))
    with pytest.raises(Refused, match="bootstrap_pkg_path is a URL with a password in it") as told:
        pkg_path(Variables({"bootstrap_pkg_path": "https://me:sesame@mirror.example/All"}))
    assert "sesame" not in str(told.value)


def test_the_place_that_was_given_wins(tmp_path: Path, role: dict[str, Any]) -> None:
    machine = Machine(tmp_path, python=False)
    machine.uname("10.99.12")
    machine.program("pkg_add", 'echo "at $PKG_PATH" >&2; exit 1')
    assert machine.run(role["own"]["command"]).stderr == "at http://mirror.example/All\n"
    assert role["own"]["from"] == "http://mirror.example/All"


def test_the_place_that_followed_from_the_machine_is_told(role: dict[str, Any]) -> None:
    assert role["usual"]["from"] == f"{CDN}/amd64/9.4/All"


def test_pkgin_is_wanted_by_those_who_install_with_it(role: dict[str, Any]) -> None:
    wanted = {source: found["pkgin"] for source, found in role.items()}
    assert wanted == {"usual": True, "pkgin": True, "pkg_add": False, "pkgsrc": False, "own": False}


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
    assert (ended.returncode, ended.stdout) == (0, f"{AT}bootstrap: installed\n")
    assert [line for line in machine.ran if "pkgin" in line] == []
    assert "pkg_add python313" in machine.ran


def test_with_pkgin_it_is_installed_and_told_of_its_repository(tmp_path: Path, role: dict[str, Any]) -> None:
    machine = Machine(tmp_path)
    (tmp_path / "pkgin").chmod(0o644)
    machine.program("pkg_add", f"chmod 755 {tmp_path}/pkgin")
    ended = machine.run(role["usual"]["command"])
    assert (ended.returncode, ended.stdout) == (0, f"{AT}bootstrap: installed\n")
    assert machine.ran[-2:] == ["pkg_add pkgin", "pkgin -y update"]


def test_what_pkg_add_says_is_kept_and_what_ssh_says_is_not(role: dict[str, Any]) -> None:
    assert role["usual"]["said"] == ["python313-3.13.5: fetching", "pkg_add: no pkg found for 'python313', sorry."]


def play(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The role, against this machine, which is no NetBSD."""
    role = "{role: netbsd.xen.bootstrap, bootstrap_python: /nonexistent/python3}"
    (folder / "play.yml").write_text(f"- hosts: all\n  gather_facts: false\n  roles: [{role}]\n")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(CHECKOUT / ".build/collections")),
        "ANSIBLE_HOME": str(folder),
        "NO_COLOR": "1",
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "xen1,", *options, "play.yml"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_role_fails_with_these_words(tmp_path: Path) -> None:
    run = play(tmp_path, "-c", "local")
    assert run.returncode == 2
    assert "xen1 could not get python3 and pkgin: This is" in run.stdout
    assert f"This is {os.uname().sysname}, and role bootstrap is for NetBSD" in run.stdout.split("could not get")[1]


# The longest word, in bytes with its end (NetBSD bin/csh/csh.h, BUFSIZE; lex.c, word).
CSH = f"""#!{sys.executable}
import shlex, subprocess, sys
if any(len(word.encode()) >= 1024 - 1 or "\\n" in word for word in shlex.split(sys.argv[-1])):
    sys.exit("Word too long.")
sys.exit(subprocess.run(["/bin/sh", "-c", sys.argv[-1]]).returncode)
"""


def test_the_login_shell_may_be_a_csh(tmp_path: Path) -> None:
    """An ssh to this machine, whose login shell takes no longer words than csh does: the command must have run."""
    ssh = tmp_path / "ssh"
    ssh.write_text(CSH)
    ssh.chmod(0o755)
    options = {"ansible_ssh_executable": ssh, "ansible_ssh_transfer_method": "piped", "ansible_ssh_pipelining": "true"}
    ended = play(tmp_path, *(word for name, value in options.items() for word in ("-e", f"{name}={value}")))
    assert "Word too long" not in ended.stdout
    assert f"This is {os.uname().sysname}, and role bootstrap is for NetBSD" in ended.stdout
