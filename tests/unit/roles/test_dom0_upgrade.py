# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What an upgrade makes of a machine: what is in its way, the entries of its trial, and when tools are exchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import upgrade
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables
from ansible_collections.netbsd.xen.tests.unit.support.paths import ROLES
from ansible_collections.netbsd.xen.tests.unit.support.role_values import values, worked_out

TOOLS = [task["name"] for task in yaml.safe_load((ROLES / "upgrade/tasks/tools.yml").read_text())]
VARIABLES = {
    "inventory_hostname": "xen1",
    "dom0_hvm": False,
    "dom0_package_source": "pkgin",
    "dom0_pkg_repository": "",
    "dom0_pkgsrc_dir": "/usr/pkgsrc",
    "dom0_native_kernel": "/netbsd",
    "dom0_kernel_path": "/netbsd-XEN3_DOM0.gz",
    "dom0_kernel_source": "http://mirror.example/netbsd-XEN3_DOM0.gz",
    "dom0_kernel_member": "",
    "dom0_kernel_sha512": "",
    "dom0_kernel_sums": "",
    "bootloader_loader": "grub",
    "bootloader_console": "pc",
    "bootloader_root": "",
    "bootloader_pci_hide": [],
    "bootloader_dom0_args": "",
    "bootloader_xen_args": "",
    "bootloader_baud": 115200,
    "bootloader_dom0_memory": "1G",
    "bootloader_dom0_kernel": "/netbsd-XEN3_DOM0.gz",
    "bootloader_native_kernel": "/netbsd",
    "upgrade_without_fallback": False,
}


def machine(
    file: str | None = "/xen-4.18.gz",
    package: str = "4.18",
    tools: str = "xentools418",
    wanted: str = "4.20",
    runs: str = "4.18",
    **variables: Any,
) -> Variables:
    """A dom0 under Xen 4.18 whose default entry boots ``file``, which is that of the package of release ``package``."""
    hypervisor = {
        "release": runs,
        "boots": {"file": file, "from_package": True} if file else None,
        "installed": {"release": package},
    }
    host = {
        "role": "dom0",
        "release": "10.1",
        "machine": "amd64",
        "hypervisor": hypervisor if runs else None,
        "toolstack": {"exchanged": False},
    }
    found = {"host": host, "packages": {tools: "1"}, "snapshot": {"resources": {}}}
    own = {"netbsd_xen_host": found, "dom0_xen_release": wanted, "dom0_hypervisor_path": f"/xen-{wanted}.gz"}
    own["bootloader_hypervisor"] = own["dom0_hypervisor_path"]
    return Variables({**VARIABLES, **own, **variables})


@pytest.mark.parametrize(
    ("variables", "old"),
    [
        (machine(), "/xen-4.18.gz"),
        (machine("/xen.old.gz"), "/xen.old.gz"),
        (machine(None), "/xen-4.18.gz"),
        (machine("/xen-4.20.gz", "4.20"), None),
    ],
    ids=["first", "own_file", "menu_unknown", "interrupted"],
)
def test_the_old_entry_never_boots_the_new_hypervisor(variables: Variables, old: str | None) -> None:
    """After a trial that was cut off the default is the new Xen; the entry that an earlier run made is the way back."""
    entries = {entry["name"]: entry["hypervisor"] for entry in upgrade.trial_entries(variables)}
    assert entries == {"Xen 4.20": "/xen-4.20.gz", **({"Xen 4.18": old} if old else {})}
    assert upgrade.trial_obstacle(variables) == ""


def test_an_i386_that_needs_another_kernel_keeps_the_old_one_in_its_old_entry() -> None:
    variables = machine("/xen-3.1.gz", "3.1", wanted="4.2", runs="3.1", dom0_kernel_path="/netbsd-XEN3PAE_DOM0.gz")
    variables["netbsd_xen_host"]["host"].update(machine="i386", release="5.1")
    assert upgrade.trial_entries(variables)[1]["kernel"] == "/netbsd-XEN3_DOM0.gz"
    variables["netbsd_xen_host"]["host"].update(processor="x86_64")
    assert upgrade.trial_entries(variables)[1]["kernel"] == "/netbsd-XEN3PAE_DOM0.gz"


def test_a_file_that_both_hypervisors_would_need_is_refused() -> None:
    obstacle = upgrade.trial_obstacle(machine("/xen.gz", dom0_hypervisor_path="/xen.gz"))
    assert "xen1's boot menu boots /xen.gz" in obstacle and "/xen-4.20.gz. Nothing was done." in obstacle


def test_packages_of_one_directory_are_refused() -> None:
    obstacle = upgrade.trial_obstacle(machine("/xen-3.1.gz", "3.1", wanted="3.3", runs="3.1"))
    assert obstacle.startswith("The packages of Xen 3.1 and 3.3 lie in one directory")


def test_without_a_way_back_somebody_has_to_say_that_he_can_get_to_the_console() -> None:
    alone = machine(bootloader_loader="boot_cfg")
    assert "chooses the entry Xen 4.18 or NetBSD at its console" in upgrade.trial_obstacle(alone)
    assert upgrade.trial_obstacle(machine(bootloader_loader="boot_cfg", upgrade_without_fallback=True)) == ""
    once = [upgrade.TASKS["trial_reboot"].given(each).get("once") for each in (alone, machine())]
    assert once == [None, "Xen 4.20"]


def test_nothing_is_to_be_done_where_the_wanted_xen_runs_with_its_tools() -> None:
    done = machine("/xen-4.20.gz", "4.20", tools="xentools420", runs="4.20")
    assert (upgrade.is_trial(done), upgrade.exchanges(done)) == (False, False)


@pytest.mark.parametrize("tools", ["pkgin", "xentools418"], ids=["removed", "of_before"])
def test_tools_that_do_not_fit_are_exchanged_after_the_trial_only(tools: str) -> None:
    """An earlier run may have removed them."""
    assert upgrade.exchanges(machine(tools=tools)) is False
    assert upgrade.exchanges(machine("/xen-4.20.gz", "4.20", tools=tools, runs="4.20")) is True


def test_tools_of_the_wanted_release_that_were_installed_after_the_boot_need_another_one() -> None:
    variables = machine("/xen-4.20.gz", "4.20", tools="xentools420", runs="4.20")
    variables["netbsd_xen_host"]["host"]["toolstack"]["exchanged"] = True
    assert upgrade.exchanges(variables) is True


def test_tools_are_not_exchanged_under_a_xen_that_nothing_tells() -> None:
    assert "xen1 is a dom0, and neither its tools nor" in upgrade.tools_obstacle(machine(runs=""))
    assert upgrade.tools_obstacle(machine(runs="4.20")) == ""


@pytest.mark.parametrize("limit", ["live", "guest_restart", "guest_recreate"])
def test_a_limit_below_a_reboot_is_in_the_way_of_all_of_it(limit: str) -> None:
    variables = machine(netbsd_xen_max_impact=limit)
    for obstacle in (upgrade.limit_obstacle, upgrade.trial_obstacle, upgrade.tools_obstacle):
        assert f"netbsd_xen_max_impact is {limit}, and without a reboot xen1 can't" in obstacle(variables)
    assert upgrade.limit_obstacle(machine(netbsd_xen_max_impact="host_reboot")) == ""


@pytest.mark.parametrize(
    ("wanted", "starter", "switches"),
    [
        ("4.20", "xencommons", {"xencommons": "YES", "xenwatchdog": "NO"}),
        # Its script has xend's switch.
        ("4.17", "xencommons", {"xend": "YES", "xenwatchdog": "NO"}),
        ("4.2", "xencommons", {"xencommons": "YES", "xend": "YES", "xenwatchdog": "NO"}),
        ("3.3", "xend", {"xend": "YES", "xenbackendd": "YES"}),
    ],
)
def test_what_starts_xenstored_is_enabled_before_the_tools_are_there(
    wanted: str, starter: str, switches: dict[str, str]
) -> None:
    """From Xen 3.3 to 4.2 nobody would have enabled xencommons before the reboot, and /etc/rc would hang."""
    switched, exchanged = "The daemons of the new release are switched on", "The tools of the new release in place of"
    assert TOOLS.index(switched) < [name.startswith(exchanged) for name in TOOLS].index(True)
    task = upgrade.TASKS["daemons"]
    given = task.given(machine(wanted=wanted))
    assert given["services"] == [{"name": starter, "variables": switches}]
    assert task.resource.declare(given).services[0].name == starter


def test_a_kernel_that_the_old_entry_boots_too_is_left_until_the_new_hypervisor_is_proven() -> None:
    variables = machine()
    places = [file["dest"] for file in upgrade.TASKS["trial_files"].given(variables)["files"]]
    assert places == ["/xen-4.20.gz", "/netbsd-XEN3_DOM0.gz"]
    variables["netbsd_xen_host"]["snapshot"]["resources"]["boot_cfg"] = {"files": ["/netbsd-XEN3_DOM0.gz"]}
    assert [file["dest"] for file in upgrade.TASKS["trial_files"].given(variables)["files"]] == ["/xen-4.20.gz"]


def test_who_has_to_reset_a_silent_machine_is_told_what_it_boots_then() -> None:
    silent = {"msg": "The machine has not answered.", "ran": {"before": "Xen 4.18", "after": None}}
    told = [
        upgrade.failure(machine(ansible_failed_result=silent, bootloader_loader=loader))
        for loader in ("grub2", "boot_cfg")
    ]
    assert "Reset it: the entry Xen is still the default." in told[0]
    assert "Reset it and choose the entry Xen 4.18 at its console" in told[1]
    answers = machine(ansible_failed_result={"msg": "It runs Xen 4.18.", "ran": {"after": "Xen 4.18"}})
    assert upgrade.is_silent(answers) is False and "Reset it" not in upgrade.failure(answers)
    assert upgrade.failure(answers).startswith("It runs Xen 4.18. Xen 4.20 is not in use on xen1")


def test_the_roles_tasks_get_it(tmp_path: Path) -> None:
    known = {name: value for name, value in machine().items() if name != "inventory_hostname"}
    names = ("is_trial", "exchanges", "trial_obstacle", "trial_entries")
    expressions = {name: worked_out(f"upgrade.{name}") for name in names}
    own = {"xen1": {**known, "bootloader_loader": "boot_cfg", "dom0_upgrade_without_fallback": True}, "xen2": known}
    del own["xen1"]["upgrade_without_fallback"]
    found = values(tmp_path, "upgrade", expressions, own)
    assert [found["xen2"][name] for name in names[:3]] == [True, False, ""]
    assert found["xen2"]["trial_entries"] == upgrade.trial_entries(machine())
    # The name from when the role was a part of dom0.
    assert found["xen1"]["trial_obstacle"] == ""
