# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines whose Python is another one than that which runs the simulator."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from netbsd_sim.core import base, profiles
from netbsd_sim.core.machine import Machine
from netbsd_sim.pkg import catalogue
from netbsd_sim.rack import hosttree

# What a Python says of itself, without one.
OTHER = """#!/bin/sh
echo '["python3.8", "/opt/bin/python3.8", "/opt/lib/python3.8"]'
"""


def paths_of_python(m: Machine) -> dict[str, str | None]:
    package = catalogue.available(m.profile)[m.profile.python_package]
    return {file.path: file.link for file in package.files if file.link}


def test_a_python_tells_what_it_is(tmp_path: Path) -> None:
    assert base.interpreter_of(sys.executable) == base.own_interpreter()
    other = tmp_path / "other"
    other.write_text(OTHER)
    other.chmod(0o755)
    assert base.interpreter_of(other) == base.Interpreter(
        "python3.8", Path("/opt/bin/python3.8"), Path("/opt/lib/python3.8"))


def test_what_is_no_python_is_refused() -> None:
    with pytest.raises(RuntimeError, match="/bin/true is no Python"):
        base.interpreter_of("/bin/true")


def test_its_package_leads_to_that_python_and_no_other_machines_does(tmp_path: Path) -> None:
    hosttree.create(tmp_path / "new", "new", hosttree.PYTHON, interpreter="python3.8")
    hosttree.create(tmp_path / "own", "own", hosttree.PYTHON)
    for name, python in (("new", "python3.8"), ("own", base.PYTHON)):
        with Machine(tmp_path / name, tmp_path / name / "root") as m:
            links = paths_of_python(m)
            assert links["bin/python3.13"] == f"/.sim/python/bin/{python}"
            assert f"lib/{python}/site-packages/sitecustomize.py" in links and len(links) == 2
            assert (m.root / "usr/pkg/lib" / python / "site-packages/sitecustomize.py").is_symlink()
            assert m.profile.interpreter == ("python3.8" if name == "new" else "")


def test_a_small_root_and_another_python_go_together() -> None:
    both = profiles.get(profiles.DEFAULT_PROFILE, small_root=True, interpreter="python3.8")
    assert (both.interpreter, "g" in both.disks[0].partitions) == ("python3.8", True)
