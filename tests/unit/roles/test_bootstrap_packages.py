# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The program that role bootstrap gives to Python, over the packages of a simulated machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _packages
from ansible_collections.netbsd.xen.tests.unit.support.paths import ROLES
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost, sim_host

PROGRAM = ROLES / "bootstrap/files/packages.py"
MIRROR = "http://mirror.example/pub/pkgsrc/packages/NetBSD/amd64/10.1/All"
TOOL = """#!/bin/sh
PYTHONPATH={path} exec {python} -c 'import pathlib, sys
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
found = sim_host.Host(pathlib.Path("{machine}")).run("{name}", *sys.argv[1:])
sys.stdout.write(found.out)
sys.stderr.write(found.err)
sys.exit(found.rc)' "$@"
"""
BASES = ("python313", "pkgin")


class Machine:
    """A simulated machine with Python and pkgin, and the program, told where that machine is."""

    def __init__(self, directory: Path) -> None:
        self.sim = sim_host.make_host(directory / "nb0", "python")
        self.root = self.sim.root
        self.database = self.root / "usr/pkg/pkgdb"
        self.tools = directory / "tools"
        self.tools.mkdir()
        for name in ("pkg_admin", "pkg_add"):
            tool = self.tools / name
            tool.write_text(
                TOOL.format(
                    python=sys.executable, path=os.pathsep.join(sys.path), machine=self.sim.directory, name=name
                )
            )
            tool.chmod(0o755)
        program = PROGRAM.read_text()
        for path in ("/usr/pkg/pkgdb", "/var/db/pkg", "/var/db/netbsd.xen.packages"):
            assert f'"{path}"' in program
            program = program.replace(f'"{path}"', f'"{self.root}{path}"')
        self.program = program

    def run(self, *words: str) -> tuple[int, str]:
        environment = {"PATH": f"{self.tools}:/usr/bin:/bin", "PKG_PATH": MIRROR}
        argv = [sys.executable, "-c", self.program, *words]
        found = subprocess.run(argv, capture_output=True, text=True, env=environment, timeout=120, check=False)
        assert "Traceback" not in found.stderr, found.stderr
        return found.returncode, "".join(line + "\n" for line in found.stdout.splitlines() if ":" in line)

    def entry(self, base: str) -> Path:
        return next(self.database.glob(base + "-*"))

    @property
    def noted(self) -> set[str]:
        return {name.rpartition("-")[0] for name in _packages.on_disk(SimulatedHost(self.sim))}


def fill(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_what_is_whole_is_noted_once_and_nothing_is_called_changed(machine: Machine) -> None:
    assert machine.run("look")[0] == 3
    assert machine.run("check", *BASES) == (0, "")
    assert machine.noted == set(), "check only looks"
    assert machine.run("settle", *BASES) == (0, "")
    assert machine.noted == set(BASES), "as the modules read it"
    assert machine.run("look") == (0, "")


def test_a_package_that_came_later_is_not_known(machine: Machine) -> None:
    machine.run("settle", *BASES)
    machine.sim.install("yajl")
    assert machine.run("look")[0] == 3
    assert machine.run("settle", *BASES) == (0, "")
    assert machine.noted == {*BASES, "yajl"}


def test_what_a_power_cut_left_of_a_modules_note_goes(machine: Machine) -> None:
    host = SimulatedHost(machine.sim)
    left = machine.root / "var/db/.netbsd.xen.packages.k01dzhcb.netbsd_xen"
    left.touch()
    with host.beside(_packages.RECORD) as (worked_on, _stream):
        assert machine.run("settle", *BASES) == (0, "")
        assert not left.exists() and machine.noted == set(BASES)
        assert host.exists(worked_on), "another run is at it"


@pytest.mark.parametrize("file", ["+CONTENTS", "+BUILD_INFO", "+DESC"])
def test_what_is_damaged_of_ours_is_mended(machine: Machine, file: str) -> None:
    fill(machine.entry("pkgin") / file)
    assert machine.run("check", *BASES) == (0, f"damaged: {machine.entry('pkgin').name}\n")
    code, said = machine.run("settle", *BASES)
    assert code == 0 and "mended:" in said and "pkgin" in said
    assert machine.noted == set(BASES)
    assert b"\0" not in (machine.entry("pkgin") / file).read_bytes()
    assert machine.run("settle", *BASES) == (0, "")


def test_a_lost_file_and_the_rest_of_a_killed_pkg_add(machine: Machine) -> None:
    (machine.root / "usr/pkg/bin/pkgin").unlink()
    rest = machine.entry("pkgin").with_name(machine.entry("pkgin").name + ".xxxxxx")
    rest.mkdir()
    (rest / "+CONTENTS").write_text("@name x\n")
    assert machine.run("settle", *BASES)[0] == 0
    assert (machine.root / "usr/pkg/bin/pkgin").is_symlink() and not rest.exists()


def test_what_is_damaged_of_others_is_not_ours_to_mend_and_not_noted(machine: Machine) -> None:
    machine.sim.install("yajl")
    fill(machine.entry("yajl") / "+CONTENTS")
    assert machine.run("settle", *BASES) == (0, "")
    assert machine.noted == set(BASES)
    assert b"\0" in (machine.entry("yajl") / "+CONTENTS").read_bytes()


def test_without_a_mirror_it_fails_and_notes_nothing(machine: Machine) -> None:
    fill(machine.entry("pkgin") / "+CONTENTS")
    machine.program = machine.program.replace('["pkg_add", "-U"', '["false", "-U"')
    assert machine.run("settle", *BASES)[0] == 1
    assert machine.noted == set()
