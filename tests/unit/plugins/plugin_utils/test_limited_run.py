# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run within a limit, on whole machines of two eras on which everything has drifted: nothing above the limit is done,
the plan says the same, and a run without the limit behind it ends as one that never had one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import HOST_REBOOT, IMPACTS, above
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import GUEST, NAME, WholeHost, planned

ERAS = ["netbsd-10.1-xen-4.20", "netbsd-6.1-xen-4.2"]
OTHERS = [
    {**GUEST, "name": name, "nics": [], "disks": [{"path": f"/home/xen/{name}.img", "size": "8M"}]}
    for name in ("dead1", "off1", "gone1")
]
GUESTS = [GUEST, *OTHERS]
# All that a machine with NetBSD's own loader has and that can drift.
RESOURCES = {
    *("xen_packages", "system_files", "kernfs", "device_nodes", "rc_service", "xl_conf", "dom0_weight", "bridge"),
    *("boot_cfg", "ttys", "xen_reboot", "domain"),
}
# Files that everybody's programs write, and those that say when.
PASSING = re.compile(r"/(var/(log|run|db|spool|tmp)|tmp|proc|kern)/|\.origin$|/\.sim/|/dev/|utmp|/usr/pkg/pkgdb/")


def brought_up(directory: Path, patch: pytest.MonkeyPatch, era: str) -> WholeHost:
    whole = WholeHost(directory, patch, era)
    whole.own.update(
        domu_guests=GUESTS,
        domu_restart_policy="if_needed",
        domu_remove_disks=True,
        services_dom0_weight=512,
        bootloader_console="com0",
        bridge_bridges=[{"name": "bridge0", "interfaces": ["wm0", "wm1"]}],
    )
    done, failures = whole.run()
    assert failures == [] and {thing for _resource, thing in done} >= {"bridge0", "web1", "gone1"}
    return whole


def drift(whole: WholeHost) -> None:
    """Something of every kind: by other hands, and by another declaration."""
    machine = whole.machine
    whole.toolstack("destroy", "dead1")
    machine.write("/boot.cfg", re.sub("default=.*", "default=3", whole.host.text("/boot.cfg")))
    machine.write("/etc/fstab", re.sub(".*kernfs.*\n", "", whole.host.text("/etc/fstab")))
    machine.append("/netbsd-XEN3_DOM0.gz", "x")
    machine.append("/etc/rc.d/xendomains", "# by hand\n")
    machine.write("/etc/rc.conf", re.sub("^xen[dc].*\n", "", whole.host.text("/etc/rc.conf"), flags=re.MULTILINE))
    (machine.root / "etc/rc.d/xendom0weight").unlink()
    (machine.root / "dev/vnd3d").unlink()
    (machine.root / "usr/pkg/bin/xen-detect").unlink()
    machine.append("/etc/ttys", 'tty00\t"/usr/libexec/getty std.115200"\tvt100\ton secure\n')
    machine.write("/usr/pkg/etc/xen/xl.conf", 'autoballoon="on"\n')
    whole.own.update(
        domu_guests=[
            {**GUEST, "vcpus": 2},
            OTHERS[0],
            {**OTHERS[1], "state": "shutdown"},
            {**OTHERS[2], "state": "absent"},
            {**OTHERS[0], "name": "new1", "disks": [], "depends_on": ["web1"]},
        ],
        bridge_bridges=[{"name": "bridge0", "interfaces": ["wm0"]}, {"name": "bridge1", "interfaces": ["wm1"]}],
        bootloader_xen_args="sched=credit loglvl=all",
    )


def looks_like(whole: WholeHost) -> dict[str, Any]:
    """All of the machine that lasts, and what runs."""
    root = whole.machine.root
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
    names = {f"/{path.relative_to(root)}": path for path in files}
    found: dict[str, Any] = {name: path.read_bytes() for name, path in names.items() if not PASSING.search(name)}
    found["bridges"] = whole.machine.run("/sbin/brconfig", "-a").out
    rows = whole.machine.run(f"/usr/pkg/sbin/{whole.profile.toolstack}", "list").out.splitlines()[1:]
    found["guests"] = sorted((row.split()[0], row.split()[2], row.split()[3]) for row in rows)
    return found


@pytest.fixture(scope="module", params=ERAS)
def drifted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A machine on which all has drifted, where it lies, and what it is after a run without a limit."""
    directory = tmp_path_factory.mktemp("up")
    with pytest.MonkeyPatch.context() as patch:
        whole = brought_up(directory, patch, request.param)
        drift(whole)
        twin = copied(directory, tmp_path_factory.mktemp("twin"), whole, patch)
        assert twin.run()[1] == []
        assert {change.impact for change in twin.made} == set(IMPACTS)
        drifts = {change.resource for change in twin.made}
        assert drifts | {"xl_conf"} == RESOURCES, "of every kind; of the old release no xl is used"
        yield whole, directory, looks_like(twin)


def copied(directory: Path, to: Path, whole: WholeHost, patch: pytest.MonkeyPatch) -> WholeHost:
    shutil.copytree(directory / NAME, to / NAME, symlinks=True)
    twin = WholeHost(to, patch, whole.profile.name)
    twin.own = dict(whole.own)
    return twin


@pytest.mark.parametrize("limit", IMPACTS)
def test_a_run_does_what_it_may_and_the_next_one_the_rest(
    drifted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    original, directory, at_once = drifted
    whole = copied(directory, tmp_path, original, monkeypatch)
    had = looks_like(whole)["guests"]
    whole.own["netbsd_xen_max_impact"] = limit
    plan = whole.plan()
    done, failures = whole.run()
    assert (failures, plan.problems) == ([], ())
    # A reboot ends a guest that was to be stopped.
    assert planned(plan) - done <= ({("domain", "off1")} if limit == HOST_REBOOT else set())
    assert done <= planned(plan)
    assert [change for change in whole.made if above(change.impact, limit)] == []
    assert bool(plan.waiting) is (limit != HOST_REBOOT)
    for step in plan.waiting:
        assert re.fullmatch(r"netbsd_xen_max_impact: \w+", step.word), step
        assert above(step.word.partition(": ")[2], limit)
    if limit == "live":
        # web1, off1 and gone1 with the very ids that they had; dead1 and new1 beside them.
        assert {name for name, *_rest in had} < {name for name, *_rest in looks_like(whole)["guests"]}
    again = whole.plan()
    assert again.in_sync and {step.thing for step in again.waiting} == {step.thing for step in plan.waiting}
    del whole.own["netbsd_xen_max_impact"]
    _done, failures = whole.run()
    assert failures == []
    found = looks_like(whole)
    assert {name for name in {**found, **at_once} if found.get(name) != at_once.get(name)} == set()
    assert whole.plan().in_sync and whole.plan().waiting == ()
    print(f"{limit}: {len(plan.steps)} changes made, {len(plan.waiting)} put off")
