# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The bench must see a target that is missed, a run that changed something and a call that nobody recorded; and its
rack must still work, for the bench itself is not part of what a change has to pass."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
import racks
from costs import Series, add, family, proportional_size, ratio
from figures import Figure, Target, table
from netbsd_sim.rack import frozen
from others import changed_operations
from rehearsal import Run, rack

PYINFRA = """
--> Starting operation: Packages
    [nb001] No changes

--> Results:
    Operation               Hosts   Success   Error   No Change
    Packages                3       -         -       3
    Config of guest01       3       1         -       2
    Grand total             6       1         -       5
"""


@pytest.mark.parametrize(
    ("target", "value", "missed"),
    [
        (Target(1.5), 1.5, False),
        (Target(1.5), 1.51, True),
        (Target(35, least=True), 35, False),
        (Target(35, least=True), 34.9, True),
        (Target(1.5), None, True),
        (None, 99.0, False),
    ],
)
def test_a_target_is_missed_on_its_far_side_only(target, value, missed):
    figure = Figure("time", value, target=target)
    assert figure.missed is missed
    assert ("TARGET MISSED" in table([figure], judge=True)) is missed
    assert "TARGET MISSED" not in table([figure], judge=False)


def test_a_ratio_is_that_of_neighbours():
    """The second round met a busy machine: it slows both alike."""
    assert ratio(Series("site", [2.0, 9.0, 2.2]), Series("ping", [1.0, 4.0, 1.0])) == 2.2


@pytest.mark.parametrize(("changed", "wanted"), [(1, False), (0, True)])
def test_a_run_that_did_not_do_what_it_should_ends_the_bench(changed, wanted):
    run = Run(0, 1.0, stats={"nb001": {"changed": changed}})
    with pytest.raises(SystemExit):
        add(Series("site"), lambda: run, changes=wanted)


def test_a_failed_run_ends_the_bench():
    with pytest.raises(SystemExit):
        add(Series("site"), lambda: Run(2, 1.0))


def test_what_pyinfra_changed_is_read_from_its_table():
    assert changed_operations(PYINFRA) == {"Config of guest01"}


def test_the_memory_of_a_program_is_its_childrens_too():
    program = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as running:
        while len(family(running.pid)) < 2:
            pass
        assert all(proportional_size(pid) > 100_000 for pid in family(running.pid))
        running.communicate(b"\n")
    assert proportional_size(running.pid) == 0
    assert os.getpid() not in family(running.pid)


@pytest.mark.skipif(
    shutil.which("sshd", path="/usr/sbin:/usr/bin:/usr/local/sbin") is None, reason="needs OpenSSH's sshd"
)
def test_a_frozen_rack_is_as_declared_and_misses_no_call(tmp_path, monkeypatch):
    monkeypatch.setattr(racks, "WORK", tmp_path)
    with rack(tmp_path / "rack", "--names", "xen1,xen2", "--dom0") as empty:
        bench = racks.BenchRack(empty, ["xen1", "xen2"], guests=1)
        bench.make()
        bench.reset_logs()
        assert bench.playbook(racks.SITE, "-l", "xen1").status == 0
        bench.freeze(empty.host("xen1") / "commands.log")
        run = bench.playbook(racks.SITE)
        assert (run.status, run.changes, set(run.stats)) == (0, set(), {"xen1", "xen2"})
        assert empty.execute("xen1", "/usr/pkg/sbin/xl", "list").count("guest01") == 1
        bench.check_answers()
        with pytest.raises(subprocess.CalledProcessError):
            empty.execute("xen2", "/usr/pkg/sbin/xl", "list", "-v")
        assert frozen.missing(bench.simulated, "xen2") == ["/usr/pkg/sbin/xl list -v"]
        with pytest.raises(SystemExit, match="xl list -v"):
            bench.check_answers()
