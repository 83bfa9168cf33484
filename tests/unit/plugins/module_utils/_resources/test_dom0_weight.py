# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""dom0's share of the CPU: set at once, set again by each boot, and left alone where nobody can weigh."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import Outcome, converge
from ansible_collections.netbsd.xen.plugins.module_utils._releases import RELEASES
from ansible_collections.netbsd.xen.plugins.module_utils._resources import dom0_weight
from ansible_collections.netbsd.xen.plugins.module_utils._resources.machine import hypervisor
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import choose
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost

SCRIPT = "etc/rc.d/xendom0weight"
# A profile of the simulator with each toolstack, and the release of it.
ERAS = {"netbsd-10.1-xen-4.20": "4.20", "netbsd-6.1-xen-4.2": "4.2", "netbsd-5.1-xen-3.1": "3.1"}


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[sim_host.Host, str]:
    """A dom0 that runs, and its release."""
    machine = sim_host.make_host(tmp_path / "host", profile=request.param)
    return machine, ERAS[request.param]


@pytest.fixture
def today(tmp_path: Path) -> sim_host.Host:
    return sim_host.make_host(tmp_path / "host")


def run(machine: sim_host.Host, release: str, weight: int, check: bool = False, **more: bool) -> Outcome:
    return converge(dom0_weight, {"release": release, "weight": weight, **more}, SimulatedHost(machine), check)


def weight_of(machine: sim_host.Host) -> int | None:
    return choose.toolstack(SimulatedHost(machine)).dom0_weight()[1]


def scheduler(machine: sim_host.Host, name: str) -> None:
    """Boot it with another scheduler."""
    path = machine.root / "boot.cfg"
    path.write_text(path.read_text().replace("dom0_mem=512M", f"dom0_mem=512M sched={name}"))
    assert machine.reboot()["hypervisor"]["cmdline"].endswith(f"sched={name}")


def test_dom0_has_its_weight_at_once_and_after_a_boot(era: tuple[sim_host.Host, str]) -> None:
    machine, release = era
    assert weight_of(machine) == 256
    outcome = run(machine, release, 1024)
    assert [change.action for change in outcome.done] == ["write", "set"]
    assert outcome.failures == {}
    assert weight_of(machine) == 1024
    assert run(machine, release, 1024, check=True).done == []
    machine.reboot()
    assert weight_of(machine) == 1024, (machine.root / "var/run/rc.log").read_text()
    assert run(machine, release, 1024, check=True).done == []


def test_what_a_boot_without_the_script_leaves(era: tuple[sim_host.Host, str]) -> None:
    """The promise of the test before comes from the script."""
    machine, release = era
    run(machine, release, 1024)
    (machine.root / SCRIPT).chmod(0o644)
    machine.reboot()
    assert weight_of(machine) == 256
    assert [change.action for change in run(machine, release, 1024).done] == ["write", "set"]
    assert (machine.root / SCRIPT).stat().st_mode & 0o777 == 0o755


def test_the_script_comes_before_the_guests(today: sim_host.Host) -> None:
    run(today, "4.20", 1024)
    today.write("/etc/rc.conf", (today.root / "etc/rc.conf").read_text() + 'xencommons=YES\nxendomains="none"\n')
    today.reboot()
    log = (today.root / "var/run/rc.log").read_text()
    order = [log.index(f"[running /etc/rc.d/{name}]") for name in ("xencommons", "xendom0weight", "xendomains")]
    assert order == sorted(order)
    assert "Setting the weight of dom0 to 1024." in log


@pytest.mark.parametrize("release", RELEASES)
def test_the_script_waits_for_what_its_release_has(release: str) -> None:
    """rcorder(8) complains at each boot of a requirement that nobody provides."""
    text = dom0_weight.script(dom0_weight.declare({"release": release, "weight": 77}))
    required = next(line for line in text.splitlines() if line.startswith("# REQUIRE:")).split()[2:]
    assert required
    assert set(required) < set(RELEASES[release].rc_scripts)
    assert "xendomains" in RELEASES[release].rc_scripts
    assert ("xend" in required) == (RELEASES[release].toolstack == "xm")


def test_a_boot_does_not_hang_where_no_xenstored_is(today: sim_host.Host) -> None:
    run(today, "4.20", 1024)
    path = today.root / "etc/rc.conf"
    path.write_text(path.read_text().replace("xencommons=YES", "xencommons=NO"))
    state = today.reboot()
    assert "xenstored" not in state["daemons"]
    log = (today.root / "var/run/rc.log").read_text()
    assert "[running /etc/rc.d/xendom0weight]\n[" in log  # and not a word
    assert log.endswith("[/etc/rc exiting with status 0]\n")


@pytest.mark.parametrize("name", ["credit", "rtds", "arinc653", "null"])
def test_schedulers_of_xl(today: sim_host.Host, name: str) -> None:
    today.write("/etc/rc.conf", (today.root / "etc/rc.conf").read_text() + "xencommons=YES\n")
    scheduler(today, name)
    outcome = run(today, "4.20", 1024)
    assert outcome.failures == {}
    if name == "credit":
        assert weight_of(today) == 1024
        return
    assert [change.action for change in outcome.done] == ["write"]
    [warning] = set(outcome.plan.warnings)
    assert repr(name) in warning
    assert "services_dom0_weight: 0" in warning
    today.reboot()
    assert "WARNING: dom0 keeps its weight" in (today.root / "var/run/rc.log").read_text()


def test_a_scheduler_of_old(tmp_path: Path) -> None:
    machine = sim_host.make_host(tmp_path / "host", profile="netbsd-5.1-xen-3.1")
    scheduler(machine, "sedf")
    outcome = run(machine, "3.1", 1024)
    assert [change.action for change in outcome.done] == ["write"]
    assert "'sedf'" in outcome.plan.warnings[0]


def test_0_leaves_alone_what_is_set_and_takes_the_script_away(era: tuple[sim_host.Host, str]) -> None:
    machine, release = era
    assert run(machine, release, 0).done == []
    run(machine, release, 2000)
    outcome = run(machine, release, 0)
    assert [change.action for change in outcome.done] == ["remove"]
    assert not (machine.root / SCRIPT).exists()
    assert weight_of(machine) == 2000
    assert run(machine, release, 0).done == []


def test_0_leaves_a_script_of_the_admins_there(today: sim_host.Host) -> None:
    today.write(f"/{SCRIPT}", "#!/bin/sh\n# mine\n")
    assert run(today, "4.20", 0).done == []


def test_a_new_weight_and_one_that_somebody_changed(today: sim_host.Host) -> None:
    run(today, "4.20", 1024)
    today.run("xl", "sched-credit2", "-d", "0", "-w", "300")
    assert [change.before for change in run(today, "4.20", 1024).done] == [{"weight": 300}]
    assert [change.action for change in run(today, "4.20", 512).done] == ["write", "set"]
    today.reboot()
    assert weight_of(today) == 512


@pytest.mark.parametrize("weight", [-1, 65536])
def test_a_weight_that_no_hypervisor_takes(weight: int) -> None:
    with pytest.raises(Refused, match=rf"is {weight}; allowed are 1 to 65535, and 0"):
        dom0_weight.declare({"release": "4.20", "weight": weight})


def test_a_machine_without_xen_gets_the_script_only(tmp_path: Path) -> None:
    machine = sim_host.make_host(tmp_path / "host", preset="python")
    outcome = run(machine, "4.20", 1024)
    assert [change.action for change in outcome.done] == ["write"]
    assert outcome.failures == {}
    assert outcome.plan.warnings == []
    machine.reboot()
    assert "[running /etc/rc.d/xendom0weight]\n[" in (machine.root / "var/run/rc.log").read_text()


def test_a_toolstack_that_is_dead_is_not_called(today: sim_host.Host) -> None:
    today.run("pkill", "xenstored")
    with pytest.raises(Refused, match="The weight of dom0 can't be told: xenstored is not running"):
        run(today, "4.20", 1024)
    outcome = run(today, "4.20", 1024, check=True, assume_dom0=True)
    assert [change.action for change in outcome.done] == ["write"]
    assert "was not looked at" in outcome.plan.warnings[0]


def test_a_table_without_dom0_is_no_weight(today: sim_host.Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host = SimulatedHost(today)
    real = host.try_run

    def without_dom0(argv, *rest, **options):
        result = real(argv, *rest, **options)
        if "sched-credit2" in argv:
            object.__setattr__(result, "stdout", result.stdout.splitlines()[0] + "\n")
        return result

    monkeypatch.setattr(host, "try_run", without_dom0)
    with pytest.raises(CommandFailed, match="no line for domain 0"):
        dom0_weight.read(host)


def test_it_is_read_ahead_and_shown(today: sim_host.Host) -> None:
    run(today, "4.20", 1024)
    host = SimulatedHost(today)
    current = json.loads(json.dumps(dom0_weight.read(host)))
    declared = dom0_weight.declare({"release": "4.20", "weight": 1024})
    assert dom0_weight.plan(current, declared).changes == []
    shown = hypervisor.describe(host, {})
    assert shown is not None
    assert (shown["scheduler"], shown["dom0_weight"]) == ("credit2", 1024)
    today.run("pkill", "xenstored")
    again = hypervisor.describe(SimulatedHost(today), {})
    assert again is not None
    assert (again["scheduler"], again["dom0_weight"]) == ("credit2", None)
