# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a machine must be booted, and whether it came back as it was wanted. Machines as host_info describes them."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import target

DEFAULTS = {name: option.get("default") for name, option in target.ARGUMENTS.items()}
HYPERVISOR = {
    "version": "4.20.2_20260610nb0",
    "release": "4.20",
    "commandline": "dom0_mem=1G console=com1",
    "boots": {"file": "/xen-4.20.gz", "from_package": True},
    "installed": {"package": "xenkernel420", "release": "4.20", "version": "20260610"},
    "current": True,
}
DOM0 = {
    "name": "xen1",
    "system": "NetBSD",
    "release": "10.1",
    "kernel_config": "XEN3_DOM0",
    "role": "dom0",
    "hypervisor": HYPERVISOR,
    "toolstack": {"name": "xl", "alive": True, "why": "", "exchanged": False},
    "pci": {"hidden": []},
}
NATIVE = dict(DOM0, kernel_config="GENERIC", role="bare_metal", hypervisor=None, toolstack=None, pci=None)


def wanted(**options):
    return target.declare({**DEFAULTS, "release": "4.20", **options})


def dom0(**hypervisor):
    return dict(DOM0, hypervisor={**HYPERVISOR, **hypervisor})


def things(found, **options):
    return [change.thing for change in target.plan(found, wanted(reboot=True, **options)).changes]


# -- arguments that the entry in use gives -----------------------------------------------------------------------------


KEPT = {"file": "/xen-4.20.gz", "from_package": True, "kernel_args": "pciback.hide=(03:00.0) root=dk1 console=com0"}
KEPT["hypervisor_args"] = "dom0_mem=1G noreboot console=com1 com1=9600,8n1"


def test_what_the_menu_took_over_is_what_must_run():
    asked = {"hypervisor_args": "dom0_mem=1G", "kernel_args": "console=pc"}
    asked["adopt"] = ["console", "hypervisor", "pci_hide"]
    runs = dict(dom0(boots=KEPT, commandline=KEPT["hypervisor_args"]), pci={"hidden": ["0000:03:00.0"]})
    assert things(runs, **asked) == []
    assert things(runs, **{**asked, "adopt": []}) == ["hypervisor arguments", "PCI devices"]
    assert things(dict(dom0(boots=KEPT), pci={"hidden": []}), **asked) == ["hypervisor arguments", "PCI devices"]
    assert things(dom0(boots=None, commandline="dom0_mem=1G"), **asked) == []


# -- guests that no xenstored knows ------------------------------------------------------------------------------------


LOST = dict(DOM0, toolstack={"name": "xl", "alive": False, "why": "...", "lost_guests": ["interface xvif1i0"]})


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({}, "reboot: true, abandon_guests: true"),
        ({"reboot": True}, "abandon_guests: true"),
        ({"abandon_guests": True}, "reboot: true"),
    ],
)
def test_beside_them_nothing_is_rebooted_without_the_admins_word(options, word):
    plan = target.plan(LOST, wanted(**options))
    assert [change.word for change in plan.deferred] == [word]
    assert [change.thing for change in plan.deferred] == ["xenstored"] and not plan.changes
    said = " and ".join(f"bootloader_{each}" for each in word.split(", "))
    assert "interface xvif1i0" in plan.warnings[0] and f"allow it with {said} (module" in plan.warnings[0]


@pytest.mark.parametrize("limit", ["live", "guest_restart", "guest_recreate"])
@pytest.mark.parametrize("machine", [NATIVE, dom0()], ids=["native", "dom0"])
def test_a_limit_below_a_reboot_forbids_it_in_words(limit, machine):
    plan = target.plan(machine, wanted(reboot=True, max_impact=limit, hypervisor_args="dom0_mem=2G"))
    assert plan.changes == [] and {change.word for change in plan.deferred} == {"max_impact: host_reboot"}
    assert "or allow it with netbsd_xen_max_impact: host_reboot (module xen_reboot: max_impact: host_reboot)" in (
        plan.warnings[0]
    )
    both = target.plan(machine, wanted(max_impact=limit, hypervisor_args="dom0_mem=2G"))
    assert {change.word for change in both.deferred} == {"reboot: true, max_impact: host_reboot"}


def test_with_it_the_machine_is_booted_once():
    assert things(LOST, abandon_guests=True) == ["xenstored"]
    assert things(DOM0, abandon_guests=True) == []


# -- declared ----------------------------------------------------------------------------------------------------------


def test_all_problems_are_told_at_once():
    with pytest.raises(Refused) as caught:
        wanted(release="4.99", timeout=0, guest_timeout=86401, once="Xen 4.20")
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert "4.99" in lines[0] and "timeout is 0" in lines[1] and "guest_timeout is 86401" in lines[2]
    assert "can't boot an entry once" in lines[3]


@pytest.mark.parametrize("loader", ["grub", "grub2"])
def test_grub_can_boot_an_entry_once(loader):
    assert wanted(loader=loader, once="Xen 4.20").once == "Xen 4.20"


# -- what needs a boot -------------------------------------------------------------------------------------------------


def test_the_wanted_xen_needs_nothing():
    plan = target.plan(DOM0, wanted(kernel_config="XEN3_DOM0", hypervisor_args="dom0_mem=1G  console=com1 "))
    assert (plan.changes, plan.deferred, plan.warnings) == ([], [], [])


@pytest.mark.parametrize(
    ("found", "before"),
    [
        (NATIVE, "NetBSD 10.1 (GENERIC) without Xen"),
        (dom0(release="4.18", version="4.18.5"), "NetBSD 10.1 (XEN3_DOM0) under Xen 4.18.5"),
        (dict(DOM0, hypervisor=None), "NetBSD 10.1 (XEN3_DOM0) under Xen of a version that nothing tells"),
        (dict(DOM0, role="domu", hypervisor=None), "NetBSD 10.1 (XEN3_DOM0) as a guest of another machine"),
    ],
)
def test_a_machine_that_is_not_in_that_xen_needs_one_boot(found, before):
    (change,) = target.plan(found, wanted(reboot=True, hypervisor_args="dom0_mem=1G", kernel_args="")).changes
    assert (change.thing, change.before, change.impact) == ("Xen", before, "host_reboot")


@pytest.mark.parametrize(
    ("runs", "args", "differs"),
    [
        ("dom0_mem=1G", "dom0_mem=1G", False),
        ("dom0_mem=1G", " dom0_mem=1G ", False),
        ("placeholder dom0_mem=1G", "dom0_mem=1G", False),  # as GRUB 2 gives it
        ("dom0_mem=1G", "dom0_mem=2G", True),
        ("console=com1 console=vga", "console=vga console=com1", True),  # of two Xen takes the last
        ("dom0_mem=1G", "", True),
        ("dom0_mem=640M console=com1 com1=9600", "console=com1 com1=9600 dom0_mem=640M", False),
        ("smt=0 no-smt", "no-smt smt=0", True),
        ("", "", False),
        (None, "dom0_mem=1G", False),  # Xen 3.1's xm info has no such line
        ("dom0_mem=1G", None, False),
    ],
)
def test_arguments_are_compared_by_words_where_they_are_known(runs, args, differs):
    assert things(dom0(commandline=runs), hypervisor_args=args) == (["hypervisor arguments"] if differs else [])


@pytest.mark.parametrize(
    ("hypervisor", "waits"),
    [
        ({"current": False}, True),
        ({"current": None}, False),
        # The menu boots another file than the package's: a reboot would bring the same hypervisor, again and again.
        ({"current": False, "boots": {"file": "/xen-4.20.gz", "from_package": False}}, False),
        ({"current": False, "boots": None}, False),
        ({"current": False, "installed": {"package": "xenkernel418", "release": "4.18", "version": "20260911"}}, False),
    ],
)
def test_a_newer_revision_is_booted_where_a_boot_brings_it(hypervisor, waits):
    assert things(dom0(**hypervisor)) == (["hypervisor"] if waits else [])


@pytest.mark.parametrize(
    ("hidden", "args", "differs"),
    [
        ([], "console=pc", False),
        ([], None, False),
        (["0000:03:00.0"], None, False),
        ([], "pciback.hide=(03:00.0)", True),
        (["0000:03:00.0"], "root=wd0a PCIBACK.HIDE=(0000:03:00.0)", False),
        (["0000:03:00.0"], "console=pc", True),
        (["0000:03:00.0", "0000:04:00.1"], "pciback.hide=(04:00.1)(03:00.0)", False),
    ],
)
def test_devices_for_guests_are_what_the_kernels_arguments_hide(hidden, args, differs):
    assert things(dict(DOM0, pci={"hidden": hidden}), kernel_args=args) == (["PCI devices"] if differs else [])


def test_another_dom0_kernel_is_booted():
    assert things(DOM0, kernel_config="XEN3PAE_DOM0") == ["dom0 kernel"]


def test_a_boot_can_be_asked_for_where_nothing_differs():
    assert things(DOM0, force=True) == ["Xen"]
    assert things(NATIVE, force=True) == ["Xen"]


# -- what is not allowed -----------------------------------------------------------------------------------------------


def test_without_permission_the_reboot_is_put_off_in_words():
    plan = target.plan(NATIVE, wanted())
    assert (plan.changes, [(change.thing, change.word) for change in plan.deferred]) == ([], [("Xen", "reboot: true")])
    assert "xen1 is ready to boot into Xen 4.20" in plan.warnings[0]
    assert "bootloader_reboot: true" in plan.warnings[0], "that is what an inventory has"


def test_a_mere_difference_is_put_off_with_what_it_is():
    plan = target.plan(dom0(), wanted(hypervisor_args="dom0_mem=2G"))
    assert [change.thing for change in plan.deferred] == ["hypervisor arguments"]
    assert plan.warnings == [
        "xen1 waits for a reboot: hypervisor arguments: dom0_mem=1G console=com1 now, dom0_mem=2G wanted."
    ]


# -- after the boot ----------------------------------------------------------------------------------------------------


def test_a_machine_that_came_back_as_wanted_has_no_problems():
    assert target.problems(DOM0, wanted(kernel_config="XEN3_DOM0", kernel_args="")) == []


def test_a_dead_xenstored_is_a_problem_unless_the_tools_are_of_another_release():
    found = dict(DOM0, toolstack={"name": "xl", "alive": False, "why": "xenstored is not running."})
    assert target.problems(found, wanted()) == ["the toolstack can't be used: xenstored is not running."]
    assert target.problems(found, wanted(xenstore=False)) == []


def test_another_xen_is_one_problem_and_not_many():
    found = dict(NATIVE, name="xen1")
    assert target.problems(found, wanted(kernel_config="XEN3_DOM0", hypervisor_args="x")) == [
        "a dom0 under Xen 4.20 is wanted"
    ]


@pytest.mark.parametrize(
    ("found", "native_entry", "undone"),
    [
        (NATIVE, "NetBSD", True),
        (NATIVE, None, False),
        (dom0(release="4.18"), "NetBSD", False),  # that default boots
        (DOM0, "NetBSD", False),
    ],
)
def test_the_native_default_comes_back_only_where_no_xen_came_up(found, native_entry, undone):
    assert target.to_be_undone(found, wanted(native_entry=native_entry)) is undone
