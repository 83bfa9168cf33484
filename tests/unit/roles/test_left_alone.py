# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that leave something as it was found."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.plugin_utils._plan import bootstrap as planned
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import boot_lines, bootloader, services
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import MACHINE, Variables
from ansible_collections.netbsd.xen.tests.unit.support.fakes import MemoryHost

DOM0 = {MACHINE: {"host": {"role": "dom0"}}, "services_xen_release": "4.20", "services_extra": []}
LISTS = {"services_xendomains": [], "services_config_dir": "/usr/pkg/etc/xen", "domu_guests": []}


@pytest.mark.parametrize("kept", [[], ["xen-watchdog"], ["xencommons", "xendomains", "xen-watchdog"]])
def test_services_that_are_kept_are_given_to_no_module(kept):
    variables = Variables({**DOM0, **LISTS, "services_keep": kept})
    named = {each["name"] for each in services.services(variables)}
    assert named == {"xencommons", "xendomains", "xen-watchdog"} - set(kept)
    alone = {each["name"] for each in services.xendomains_alone(variables)}
    assert alone == {"xencommons", "xendomains"} - set(kept)


def test_a_guest_with_another_file_is_told_to_xendomains():
    guests = [{"name": "web1", "config": "web1.cfg", "autostart": True}, {"name": "db1"}]
    given = services.xendomains(Variables({**DOM0, **LISTS, "domu_guests": guests}))
    assert given["guests"]["files"] == {"web1": "web1.cfg"}


@pytest.mark.parametrize("loader", ["boot_cfg", "grub", "grub2"])
def test_a_menu_that_is_kept_is_written_by_no_task(loader):
    known = {
        **{"bootloader_loader": loader, "bootloader_keep_menu": True, "bootloader_console": "com0"},
        MACHINE: {"host": {"machine": "amd64"}},
    }
    variables = Variables(known)
    menus = ("boot_cfg", "grub_menu", "boot_cfg_behind_grub")
    assert not any(bootloader.TASKS[name].when(variables) for name in menus)
    assert any(bootloader.TASKS[name].when(Variables({**known, "bootloader_keep_menu": False})) for name in menus)
    assert bootloader.entries(variables) == []
    assert boot_lines.declared(variables).kernel == ()


@pytest.mark.parametrize(("settle", "said"), [(True, 1), (False, 0)])
def test_packages_of_others_are_left_alone(settle, said):
    host = MemoryHost()
    host.put("/usr/pkg/pkgdb/vim-9.1/+CONTENTS", "@name vim-9.1\n")
    assert len(planned.later(host, Variables({"bootstrap_settle": settle}))) == said
