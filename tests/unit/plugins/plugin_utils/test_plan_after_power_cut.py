# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dom0 that comes back from a power cut with one file full of NUL, or empty, is planned as a whole: what can be had
again is repaired by the run, what is somebody else's is refused by its name, and nothing wrong is said of the machine.

What each resource makes of each file that it reads is tested beside the resources (test_power_cut.py).
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.plan_host import describe
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import GUEST, NAME, WholeHost

ERA = "netbsd-10.1-xen-4.20"
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "NUL": lambda content: bytes(len(content)),
    "empty": lambda _content: b"",
}
REPAIRED = "repaired"  # by the run, after which all is as declared
REFUSED = "refused"  # in words that name the file
DOWN = "down"  # the machine does not come up with it, so nobody can look
NOTHING = "nothing"  # nothing of it is lost, or it is not ours and says nothing
# By file, what becomes of it full of NUL, and empty.
FILES = {
    "/boot.cfg": (REPAIRED, REPAIRED),
    "/etc/defaults/rc.conf": (REFUSED, NOTHING),
    "/etc/fstab": (REFUSED, REFUSED),
    "/etc/ifconfig.bridge0": (REPAIRED, REPAIRED),
    "/etc/npf.conf": (REFUSED, REPAIRED),
    "/etc/rc.conf": (DOWN, DOWN),
    "/etc/rc.d/xen-watchdog": (REPAIRED, REPAIRED),
    "/etc/rc.d/xencommons": (REPAIRED, REPAIRED),
    "/etc/rc.d/xendom0weight": (REPAIRED, REPAIRED),
    "/etc/rc.d/xendomains": (REPAIRED, REPAIRED),
    "/etc/sysctl.conf": (REFUSED, REPAIRED),
    "/etc/ttys": (REFUSED, REFUSED),
    "/home/xen/netbsd-XEN3_DOMU.gz": (REPAIRED, REPAIRED),
    "/netbsd": (NOTHING, REFUSED),  # its content is nobody's to read at each look
    "/netbsd-XEN3_DOM0.gz": (DOWN, DOWN),
    "/netbsd-XEN3_DOM0.gz.origin": (REPAIRED, REPAIRED),
    "/usr/pkg/etc/xen/scripts/vif-bridge": (REPAIRED, REPAIRED),
    "/usr/pkg/etc/xen/web1": (REPAIRED, REPAIRED),
    "/usr/pkg/etc/xen/xl.conf": (REFUSED, REPAIRED),  # no xl tells anything before its package is in place again
    "/usr/pkg/pkgdb/xentools420-20260610/+CONTENTS": (REPAIRED, REPAIRED),
    "/usr/pkg/xen420-kernel/xen.gz": (REPAIRED, REPAIRED),
    "/var/db/netbsd.xen.packages": (NOTHING, NOTHING),
    "/xen-4.20.gz": (REPAIRED, REPAIRED),
}


def brought_up(directory: Path, patch: pytest.MonkeyPatch) -> WholeHost:
    whole = WholeHost(directory, patch, ERA)
    whole.own.update(
        domu_guests=[{**GUEST, "autostart": True}],
        bridge_bridges=[{"name": "bridge0", "interfaces": ["wm1"], "address": "10.9.0.1/24"}],
        bridge_nat=[{"bridge": "bridge0", "interface": "wm0"}],
        bootloader_console="com0",
        services_xl_conf={"claim_mode": 0},
    )
    assert whole.run()[1] == []
    whole.machine.reboot()
    assert whole.plan().in_sync
    return whole


def copied(directory: Path, to: Path, whole: WholeHost, patch: pytest.MonkeyPatch) -> WholeHost:
    subprocess.run(["cp", "-a", str(directory / NAME), str(to)], check=True)
    twin = WholeHost(to, patch, ERA)
    twin.own = dict(whole.own)
    return twin


def what_becomes(twin: WholeHost, path: str) -> str:
    """What becomes of a machine that was just booted with a damaged file."""
    if not twin.machine.data["kernel"]:
        return DOWN
    assert (describe(twin.host)["host"]["role"] == "dom0") is bool(twin.machine.data["hypervisor"])
    plan = twin.plan()
    said = [problem.message for problem in plan.problems]
    assert not [text for text in [*said, *plan.warnings] if "internal error" in text]
    if said:
        assert [text for text in said if path in text], said
        return REFUSED
    if not plan.steps:
        return NOTHING
    assert twin.run()[1] == []
    assert twin.plan().in_sync
    return REPAIRED


def test_each_file_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tmp_path / "up"
    made.mkdir()
    whole = brought_up(made, monkeypatch)
    found: dict[str, Any] = {}
    for path, outcomes in FILES.items():
        for kind, expected in zip(DAMAGE, outcomes):
            case = tmp_path / f"case{len(found)}"
            case.mkdir()
            twin = copied(made, case, whole, monkeypatch)
            file = twin.machine.root / path.lstrip("/")
            file.write_bytes(DAMAGE[kind](file.read_bytes()))
            twin.machine.reboot()
            try:
                found[f"{path}, {kind}"] = (what_becomes(twin, path), expected)
            except Exception as error:
                found[f"{path}, {kind}"] = (f"{type(error).__name__}: {error}", expected)
            subprocess.run(["rm", "-rf", str(case)], check=True)
    with capsys.disabled():
        print(f"\n{len(found)} damaged files: {dict(Counter(became for became, _expected in found.values()))}")
    assert {case: became for case, (became, expected) in found.items() if became != expected} == {}
