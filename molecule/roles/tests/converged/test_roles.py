# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What each role, alone, has done to its machine."""

from __future__ import annotations

import pytest
import testinfra

HOSTS = "ansible://{}?ansible_inventory={}"


def machine(request, name):
    """One machine of the scenario."""
    return testinfra.get_host(HOSTS.format(name, request.config.option.ansible_inventory))


def test_bootstrap(request):
    host = machine(request, "bootstrap1")
    assert host.file("/usr/pkg/bin/python3.13").exists
    assert host.file("/usr/pkg/bin/pkgin").exists


def test_dom0(request):
    host = machine(request, "dom01")
    for path in ("/xen-4.20.gz", "/netbsd-XEN3_DOM0.gz", "/etc/rc.d/xencommons"):
        assert host.file(path).size > 0, path
    packages = host.check_output("/usr/sbin/pkg_info -a")
    assert "xenkernel420" in packages
    assert "xentools420" in packages


def test_bootloader(request):
    host = machine(request, "bootloader1")
    menu = [line for line in host.file("/boot.cfg").content_string.splitlines() if line.startswith("menu=")]
    assert "multiboot" in menu[0]
    assert any("multiboot" not in line for line in menu)


def test_makedev(request):
    host = machine(request, "makedev1")
    for unit in range(12):
        assert host.file(f"/dev/vnd{unit}d").exists
    assert host.file("/dev/xencons").exists


def test_services(request):
    host = machine(request, "services1")
    assert "xencommons=YES" in host.file("/etc/rc.conf").content_string.replace('"', "")


def test_bridge(request):
    host = machine(request, "bridge1")
    assert "wm0" in host.check_output("/sbin/brconfig bridge0")
    assert "wm0" in host.file("/etc/ifconfig.bridge0").content_string


def test_domu(request):
    host = machine(request, "domu1")
    assert "alone1" in host.check_output("/usr/pkg/sbin/xl list")
    assert host.file("/usr/pkg/etc/xen/alone1").size > 0


# What molecule/roles/side_effect.yml does to each machine is undone.
REPAIRED = {
    "dom01": "! grep -q 'edited by hand' /etc/rc.d/xendomains",
    "bootloader1": "! grep -q '^default=3' /boot.cfg",
}


@pytest.mark.parametrize("name", REPAIRED)
def test_nothing_of_somebody_elses_is_left(request, name):
    assert machine(request, name).run(REPAIRED[name]).rc == 0
