# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages after a power cut, as the record power-cut has them: looked at, mended, and whole again, with the simulated
machine's own package tools."""

from __future__ import annotations

import os
import shutil

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _packages
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.packages import resource as xen_packages
from ansible_collections.netbsd.xen.plugins.plugin_utils._look import info
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost, sim_host

MIRROR = "http://mirror.example/pub/pkgsrc/packages/NetBSD/{arch}/{release}/All"
# The profile, its Xen, its architecture, and where packages are registered.
MACHINES = {
    "netbsd-10.1-xen-4.20": ("4.20", "amd64", "10.1", "usr/pkg/pkgdb"),
    "netbsd-9.4-xen-4.15": ("4.15", "amd64", "9.4", "var/db/pkg"),
    "netbsd-5.1-xen-3.1": ("3.1", "i386", "5.1", "var/db/pkg"),
}
# Of each package, as files-lost.txt of the record: what is registered about it, and of its files some.
LOST_NOTES = ("+CONTENTS", "+COMMENT", "+DESC", "+BUILD_INFO", "+SIZE_PKG", "+REQUIRED_BY", "+INSTALLED_INFO")


@pytest.fixture(scope="module", params=sorted(MACHINES))
def made(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp("machine")
    sim_host.make_host(directory / "nb0", "dom0", profile=request.param)
    return directory / "nb0", request.param


@pytest.fixture
def machine(made, tmp_path):
    """A machine of its own for each test: (host, the options of the module, the directory of the database)."""
    directory, profile = made
    shutil.copytree(directory, tmp_path / "nb0", symlinks=True)
    release, arch, netbsd, database = MACHINES[profile]
    host = SimulatedHost(sim_host.Host(tmp_path / "nb0"))
    given = {"release": release, "repository": MIRROR.format(arch=arch, release=netbsd), "source": "pkg_add"}
    filled = {name: spec.get("default") for name, spec in xen_packages.ARGUMENTS.items()}
    return host, {**filled, **given}, host.machine.root / database


def fill(file, tail=False):
    """What a power cut makes of a file."""
    content = os.readlink(file).encode() if file.is_symlink() else file.read_bytes()
    file.unlink()
    kept = len(content) // 2 if tail else 0
    file.write_bytes(content[:kept] + bytes(len(content) - kept))


def converged(host, params):
    outcome = converge(xen_packages, params, host, check=False)
    assert {thing: str(error) for thing, error in outcome.failures.items()} == {}
    assert converge(xen_packages, params, host, check=True).done == []
    said = host.machine.run("pkg_admin", "check")
    assert said.err == "" and "fails" not in said.out
    return outcome


def test_a_whole_machine_is_left_alone(machine):
    host, params, _database = machine
    assert converged(host, params).done == []


@pytest.mark.parametrize("tail", [False, True], ids=["NUL", "NUL tail"])
def test_all_that_the_record_lost_comes_back(machine, tail):
    host, params, database = machine
    bases = ("xenkernel", "xentools", "yajl")
    for entry in [path for path in database.iterdir() if path.name.startswith(bases)]:
        listed = [line for line in (entry / "+CONTENTS").read_text().splitlines() if not line.startswith("@")]
        for path in listed[::3]:
            fill(host.machine.root / "usr/pkg" / path, tail)
        for name in LOST_NOTES:
            if (entry / name).exists():
                fill(entry / name, tail)
    copies = [path for path in (host.machine.root / "usr/pkg/etc/xen").rglob("*") if path.is_file()]
    for path in copies:
        fill(path, tail)
    look = info.gather(host, ["all"])
    assert not [text for text in look["snapshot"]["errors"].values() if "internal error" in text]
    checked = converge(xen_packages, params, host, check=True)
    (change,) = checked.done
    assert change.summary.count("in place again") >= 2
    (done,) = converged(host, params).done[:1]
    assert done.summary == change.summary, "what check mode said is what the run did"
    assert [path for path in copies if b"\0" in path.read_bytes()] == []
    kept = {name.rpartition("-")[0] for name in _packages.on_disk(host)}
    assert {name for name in kept if name.startswith(bases)} == kept != set()


def test_a_list_that_is_lost_hides_what_is_lost_below_it(machine):
    host, params, database = machine
    # The tools of old releases depend on nothing.
    needed = list(database.glob("yajl-*"))
    for entry in (next(database.glob("xentools*")), *needed):
        fill(entry / "+CONTENTS")
    if needed:
        fill(host.machine.root / "usr/pkg/lib/libyajl.so.2.1.0")
    converged(host, params)
    mended = [command["argv"][-1].rsplit("/", 1)[1] for command in host.commands if "-U" in command["argv"]]
    assert [name.partition("-")[0] for name in mended] == [params_tools(params), *(["yajl"] if needed else [])]


@pytest.mark.parametrize("made", ["netbsd-10.1-xen-4.20"], indirect=True)
def test_pkgin_is_asked_nothing_while_a_list_is_lost_that_nothing_depends_on(machine):
    """The power failed in the middle of pkgin's work: what the tools need had come, and they had not."""
    host, params, database = machine
    for base in ("xenkernel420", "xentools420"):
        assert host.machine.run("pkg_delete", base).rc == 0
    fill(next(database.glob("yajl-*")) / "+CONTENTS")
    (change, *_more) = converged(host, {**params, "source": "pkgin"}).done
    assert change.summary == (
        "put yajl in place again, because its packing list holds nothing but NUL bytes; then what it depends on, if "
        "that is not whole either; install xenkernel420, xentools420 with pkgin"
    )


def params_tools(params):
    return xen_packages.declare(params).row.tools_package


def test_a_killed_pkg_add_U_is_cleared_away(machine):
    host, params, database = machine
    entry = next(database.glob("xenkernel*"))
    shutil.copytree(entry, entry.with_name(entry.name + ".xxxxxx"))
    fill(entry / "+CONTENTS")
    converged(host, params)
    assert list(database.glob("*.xxxxxx")) == []


def test_what_is_left_of_a_killed_pkg_add_U_alone(machine):
    """Killed between the removal of the old entry and the renaming of the new one."""
    host, params, database = machine
    entry = next(database.glob("xentools*"))
    entry.rename(entry.with_name(entry.name + ".xxxxxx"))
    (change,) = converged(host, params).done
    assert f"install {params_tools(params)} with pkg_add" in change.summary
    assert list(database.glob("*.xxxxxx")) == []


def test_a_package_of_another_version_is_mended_with_the_mirrors(machine):
    """A4 of the table of divergences: -n refuses such a one, and so does everything but -u and -U."""
    host, params, database = machine
    entry = next(database.glob("xentools*"))
    older = entry.rename(entry.with_name(entry.name.rpartition("-")[0] + "-0.9"))
    text = (older / "+CONTENTS").read_text()
    (older / "+CONTENTS").write_text(text.replace(f"@name {entry.name}", f"@name {older.name}"))
    for other in database.glob("*/+REQUIRED_BY"):
        other.write_text(other.read_text().replace(entry.name, older.name))
    (host.machine.root / "usr/pkg/sbin/xenstored").unlink()
    (change,) = converged(host, params).done
    assert "it lacks /usr/pkg/sbin/xenstored" in change.summary
    assert entry.exists() and not older.exists()


def test_what_depends_on_nothing_that_was_noted_is_compared_no_more(machine):
    host, params, database = machine
    names = [path.name for path in database.iterdir() if (path / "+CONTENTS").exists()]
    _packages.settle(host, names)
    del host.commands[:]
    assert converged(host, params).done == []
    compared = [command["argv"][2:] for command in host.commands if command["argv"][1:2] == ["check"]]
    assert all(name.startswith(("xenkernel", "xentools")) for one in compared for name in one) and compared
    yajl = host.machine.root / "usr/pkg/lib/libyajl.so.2.1.0"
    if yajl.exists():
        yajl.unlink()
        assert "lacks /usr/pkg/lib/libyajl.so.2.1.0" in converged(host, params).done[0].summary
