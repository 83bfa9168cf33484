# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What an upgrade makes of a machine: the entries of its trial, and whether its tools are to be exchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.netbsd.xen.tests.unit.plugins.test_role_values import CHECKOUT, values

TASKS = CHECKOUT / "roles/dom0/tasks"
(UPGRADE,) = yaml.safe_load((TASKS / "upgrade.yml").read_text())
TRIAL = {task["name"]: task for task in yaml.safe_load((TASKS / "upgrade_trial.yml").read_text())}
TOOLS = {task["name"]: task for task in yaml.safe_load((TASKS / "upgrade_tools.yml").read_text())}
SWITCHED = TOOLS["The daemons of the new release are switched on"]
EXPRESSIONS = {
    "entries": "(__dom0_trial_entries if __dom0_running else [])",
    "refused": "({})".format(TRIAL["Does the old hypervisor keep its file?"]["when"]),
    "exchanged": "__dom0_tools_exchanged",
    "unknown": "({})".format(TOOLS["Is it known which Xen runs?"]["when"]),
    "switches": SWITCHED["netbsd.xen.rc_service"]["services"][0]["variables"].strip("{} "),
    "starter": SWITCHED["netbsd.xen.rc_service"]["services"][0]["name"].strip("{} "),
}
XEN = {"hypervisor": "/xen-4.20.gz", "kernel": "/netbsd-XEN3_DOM0.gz", "fallback": "/netbsd"}


def machine(
    file: str | None, package: str, tools: str = "xentools418", wanted: str = "4.20", **variables: Any
) -> dict[str, Any]:
    """A dom0 under Xen 4.18 whose default entry boots ``file``, which is that of the package of release ``package``."""
    hypervisor = {
        "release": "4.18",
        "boots": {"file": file, "from_package": True} if file else None,
        "installed": {"release": package},
    }
    host = {
        "role": "dom0",
        "release": "10.1",
        "machine": "amd64",
        "hypervisor": hypervisor,
        "toolstack": {"exchanged": False},
    }
    found = {"host": host, "packages": {tools: "1"}, "snapshot": {"resources": {}}}
    own = {"netbsd_xen_host": found, "dom0_xen_release": wanted, "__bootloader_xen": XEN}
    return {**UPGRADE["vars"], **SWITCHED["vars"], **own, **variables}


UNKNOWN = machine(None, "4.18")
UNKNOWN["netbsd_xen_host"]["host"]["hypervisor"] = None
HOSTS = {
    "first": machine("/xen-4.18.gz", "4.18"),
    "own_file": machine("/xen.old.gz", "4.18"),
    "menu_unknown": machine(None, "4.18"),
    "interrupted": machine("/xen-4.20.gz", "4.20"),
    "one_file": machine("/xen.gz", "4.18", dom0_hypervisor_path="/xen.gz"),
    "tools_gone": machine("/xen-4.18.gz", "4.18", tools="pkgin"),
    "done": machine("/xen-4.20.gz", "4.20", tools="xentools420"),
    "unknown": UNKNOWN,
    "to_42": machine("/xen-4.18.gz", "4.18", wanted="4.2"),
    "to_33": machine("/xen-4.18.gz", "4.18", wanted="3.3"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory: Path = tmp_path_factory.mktemp("upgrade")
    return values(directory, "dom0", EXPRESSIONS, HOSTS)


@pytest.mark.parametrize(
    ("host", "old"),
    [("first", "/xen-4.18.gz"), ("own_file", "/xen.old.gz"), ("menu_unknown", "/xen-4.18.gz"), ("interrupted", None)],
)
def test_the_old_entry_never_boots_the_new_hypervisor(found: dict[str, Any], host: str, old: str | None) -> None:
    """After a trial that was cut off the default is the new Xen; the entry that an earlier run made is the way back."""
    entries = {entry["name"]: entry["hypervisor"] for entry in found[host]["entries"]}
    assert entries == {"Xen 4.20": "/xen-4.20.gz", **({"Xen 4.18": old} if old else {})}
    assert found[host]["refused"] is False


def test_a_file_that_both_hypervisors_would_need_is_refused(found: dict[str, Any]) -> None:
    assert found["one_file"]["refused"] is True


def test_tools_that_an_earlier_run_removed_are_installed_with_a_reboot(found: dict[str, Any]) -> None:
    assert found["tools_gone"]["exchanged"] is True
    assert found["done"]["exchanged"] is False


def test_tools_are_not_exchanged_under_a_xen_that_nothing_tells(found: dict[str, Any]) -> None:
    assert {host: found[host]["unknown"] for host in ("unknown", "done")} == {"unknown": True, "done": False}


@pytest.mark.parametrize(
    ("host", "starter", "switches"),
    [
        ("first", "xencommons", {"xencommons": "YES", "xenwatchdog": "NO"}),
        ("to_42", "xencommons", {"xencommons": "YES", "xend": "YES", "xenwatchdog": "NO"}),
        ("to_33", "xend", {"xend": "YES", "xenbackendd": "YES"}),
    ],
)
def test_what_starts_xenstored_is_enabled_before_the_tools_are_there(
    found: dict[str, Any], host: str, starter: str, switches: dict[str, str]
) -> None:
    """From Xen 3.3 to 4.2 nobody would have enabled xencommons before the reboot, and /etc/rc would hang."""
    names = list(TOOLS)
    assert names.index(SWITCHED["name"]) < names.index("The tools of the new release in place of the old ones")
    assert (found[host]["starter"], found[host]["switches"]) == (starter, switches)


def test_the_trials_entry_goes_when_the_new_xen_becomes_the_default(found: dict[str, Any]) -> None:
    variables = TOOLS["The new Xen is what the machine boots from now on"]["vars"]
    assert variables["bootloader_absent_entries"] == ["{{ __dom0_trial_entry }}"]
    trials = [entry["name"] for entry in found["first"]["entries"]]
    assert "Xen 4.20" in trials and UPGRADE["vars"]["__dom0_trial_entry"] == "Xen {{ dom0_xen_release }}"
