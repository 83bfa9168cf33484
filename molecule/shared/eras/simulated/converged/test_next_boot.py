# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What only the simulator knows of its machines: what their loader would start, and what version 0.1 did to them."""

from __future__ import annotations

from pathlib import Path

import pytest

LEFT = Path(__file__).resolve().parents[2] / "left_by_0_1"
# Lines that this version adds to what 0.1 left, by file: without the first one each boot warned of xen-watchdog, the
# next are the loader's own serial console, which native kernels are told of, and the last one is of NetBSD's installer.
ADDED = {
    "etc/rc.conf": [b"xenwatchdog=NO\n"],
    "boot.cfg": [b"consdev=com0,115200\n"],
    "grub/grub.cfg": [
        b"serial --unit=0 --speed=115200 --word=8 --parity=no --stop=1\n",
        b"terminal_input serial console\n",
        b"terminal_output serial console\n",
    ],
    "etc/fstab": [b"/dev/wd1g\t/efi\tmsdos\trw\t\t 0 0\n"],
}
TOLD = b" --serial=com0,115200"
# The dom0 kernel's and the hypervisor's word for the same port.
CONSOLES = {"pc": ({"console=pc"}, set()), "com0": ({"console=com0"}, {"console=com1", "com1=115200,8n1"})}


def test_it_boots_xen_again(variables, next_boot):
    boots = next_boot()
    assert boots["down"] == ""
    assert boots["loader"] == {"boot_cfg": "netbsd"}.get(variables["bootloader_loader"], variables["bootloader_loader"])
    assert boots["hypervisor"]["release"] == variables["dom0_xen_release"]
    assert boots["kernel"]["name"].endswith("_DOM0")
    for_kernel, for_xen = CONSOLES[variables.get("bootloader_console", "pc")]
    assert {f"root={variables['bootloader_root']}", *for_kernel} <= set(boots["kernel"]["cmdline"].split())
    assert {f"dom0_mem={variables['bootloader_dom0_memory']}", *for_xen} <= set(boots["hypervisor"]["cmdline"].split())
    assert boots["hazards"] == []


def test_one_can_log_in_where_the_console_is(variables, next_boot):
    boots = next_boot()
    assert boots["console"] == variables.get("bootloader_console", "pc")
    assert boots["console"] in boots["logins"]


def test_hidden_devices_are_hidden_at_the_next_boot(variables, next_boot):
    if variables.get("bootloader_pci_hide"):
        assert "pciback.hide=(03:00.0)(04:00.1)" in next_boot()["kernel"]["cmdline"].split()


def test_it_has_the_files_that_version_0_1_left(host, name):
    if not (LEFT / name).is_dir():
        pytest.skip("version 0.1 had no such machine in its scenarios")
    left = {path.relative_to(LEFT / name): path.read_bytes() for path in (LEFT / name).rglob("*") if path.is_file()}
    assert len(left) >= 5
    for path, content in left.items():
        added = ADDED.get(str(path), [])
        found = host.file(f"/{path}").content.replace(TOLD, b"")
        lines = [line for line in found.splitlines(keepends=True) if line not in added]
        # A line that was lost and put back stands at the end.
        assert sorted(lines) == sorted(content.splitlines(keepends=True)), path
