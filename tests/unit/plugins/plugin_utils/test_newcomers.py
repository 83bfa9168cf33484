# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Inventories as people write them who have not read the documentation: each mistake is told in words that say what
was found and what is allowed, and nothing ends in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ansible_collections.netbsd.xen.tests.unit.support.inventories import SOUND, report, validate

GUEST = "name: web1, memory: 512, kernel: /k"
# What is written, and what must be in its one error.
WRONG = [
    ("domu_guests: web1", "domu_guests is 'web1'; allowed is a list of dictionaries"),
    ("domu_guests: 7", "domu_guests is 7; allowed is a list of dictionaries"),
    ("domu_guests: {name: web1, memory: 512}", "is a dictionary with name, memory; allowed is a list of dictionaries"),
    ("domu_guests: {web1: {memory: 512}}", "write '- name: web1', with its other keys below"),
    ("domu_guests: [{web1: {memory: 512}}]", "name is missing; write it as name: web1, with its other keys beside"),
    ("domu_guests: [web1]", "item 0 is 'web1'; allowed is a dictionary"),
    ("domu_guests: [null]", "item 0 is None; allowed is a dictionary"),
    ("domu_guests: [[{name: web1}]]", "item 0 is a list; allowed is a dictionary"),
    (f"domu_guests: [{{{GUEST}, disks: /dev/wd0e}}]", "disks is '/dev/wd0e'; allowed is a list of paths or of dict"),
    (f"domu_guests: [{{{GUEST}, disks: /dev/wd0e}}]", "put it into a list, with a dash before it"),
    (f"domu_guests: [{{{GUEST}, disks: {{path: /dev/wd0e}}}}]", "put it into a list, with a dash before it"),
    (f"domu_guests: [{{{GUEST}, nics: bridge0}}]", "nics is 'bridge0'; allowed is a list of bridges or of dict"),
    (f"domu_guests: [{{{GUEST}, nics: {{bridge: bridge0}}}}]", "put it into a list, with a dash before it"),
    (f"domu_guests: [{{{GUEST}, disks: ['phy:/dev/wd0e,0x1,w']}}]", "is told by path, vdev and access"),
    (f"domu_guests: [{{{GUEST}, disks: ['/dev/wd0e,raw,xvda,rw']}}]", "is told by path, vdev and access"),
    (f"domu_guests: [{{{GUEST}, disks: ['/dev/wd0e,xvda']}}]", "is told by path, vdev and access"),
    (f"domu_guests: [{{{GUEST}, nics: ['mac=00:16:3e:00:00:01,bridge=bridge0']}}]", "is told by bridge and mac"),
    (f"domu_guests: [{{{GUEST}, disks: [{{size: 1G}}]}}]", "disk 0: path is missing; allowed is an absolute path"),
    (f"domu_guests: [{{{GUEST}, disks: [{{path: [a]}}]}}]", "disk 0: path is ['a']; allowed is text of one line"),
    (f"domu_guests: [{{{GUEST}, disks: [7]}}]", "disks: item 0 is 7; allowed is a path or a dictionary with path"),
    (f"domu_guests: [{{{GUEST}, disks: [{{path: /a.img, size: 10}}]}}]", "size is 10; allowed is a size with a unit"),
    (f"domu_guests: [{{{GUEST}, nics: [{{bridge: bridge0, mac: 00-16-3e-00-00-01}}]}}]", "six pairs of hexadecimal"),
    (f"domu_guests: [{{{GUEST}, pci: 03:00.0}}]", "180.0 is what YAML makes of an address without quotes"),
    (f"domu_guests: [{{{GUEST}, pci: [03:00.0]}}]", "180.0 is what YAML makes of an address without quotes"),
    (f"domu_guests: [{{{GUEST}, disk: [/dev/wd0e]}}]", "disk is not a known key; did you mean disks"),
    (f"domu_guests: [{{{GUEST}, vif: [bridge0]}}]", "vif is not a known key; allowed are name, os"),
    (f"domu_guests: [{{{GUEST}, state: present}}]", "state is 'present'; allowed is running, paused"),
    (f"domu_guests: [{{{GUEST}, settings: [localtime=1]}}]", "allowed is a dictionary of xl.cfg keys"),
    (f"domu_guests: [{{{GUEST}, vnc: 5}}]", "vnc is 5; allowed is true, false or a dictionary with listen"),
    (f"domu_guests: [{{{GUEST}, health: 80}}]", "health is 80; allowed is a dictionary with console, port"),
    ("domu_guests: [{name: web1, memory: 512 MB, kernel: /k}]", "memory is '512 MB'; allowed is a number of MiB"),
    ("domu_guests: [{name: web1, memory: 512, kernel: netbsd}]", "kernel is 'netbsd'; allowed is an absolute path"),
    ("domu_os_defaults: [netbsd]\ndomu_guests: []", "domu_os_defaults is ['netbsd']; allowed is a dictionary"),
    ("domu_os_defaults: {netbsd: [a]}\ndomu_guests: []", "allowed is a dictionary of guest keys"),
    ("dom0_pkg_repository: https://me:sesame@m/All", "dom0_pkg_repository is a URL with a password in it"),
    ("bootstrap_pkg_path: https://me:sesame@m/All", "bootstrap_pkg_path is a URL with a password in it"),
    ("domu_files: [{src: 'ftp://me:sesame@m/k', dest: /k}]", "domu_files[0].src is a URL with a password in it"),
    (
        f"domu_guests: [{{{GUEST}, install: {{image: 'http://me:sesame@m/i'}}}}]",
        "domu_guests[0].install.image is a URL with a password in it",
    ),
    ("domu_secrets: [sesame]", "domu_secrets is not of its type; allowed is a dictionary"),
    ("domu_files: [/home/xen/k]", "domu_files: item 0 is '/home/xen/k'; allowed is a dictionary"),
    ("domu_files: {src: /a, dest: /b}", "write '- src: ...', with its other keys below"),
    ("domu_files: [{dest: /home/xen/k}]", "domu_files: files: /home/xen/k: src is missing"),
    ("domu_guests: []\nbridge_bridges: bridge0", "bridge_bridges is 'bridge0'; allowed is a list of dictionaries"),
    ("domu_guests: []\nbridge_bridges: [bridge0]", "bridge_bridges: item 0 is 'bridge0'; allowed is a dictionary"),
    ("domu_guests: []\nbridge_bridges: {bridge0: {interfaces: [wm0]}}", "write '- name: bridge0', with its other keys"),
    ("domu_guests: []\nbridge_bridges: {name: bridge0, interfaces: [wm0]}", "write '- name: ...', with its other keys"),
    ("domu_guests: []\nbridge_bridges: [{bridge0: {interfaces: [wm0]}}]", "write it as name: bridge0"),
    ("bridge_bridges: [{name: bridge0, interface: wm0}]", "interface is not a known key; did you mean interfaces?"),
    ("bridge_bridges: [{name: bridge0, mtu: big}]", "bridges: bridge0: mtu is 'big'; allowed is a whole number"),
    ("bridge_vlans: [{name: vlan7, id: seven, parent: wm0}]", "vlans: vlan7: id is 'seven'; allowed is a whole number"),
    ("bridge_nat: true", "bridge_nat is True; allowed is a list of dictionaries"),
    ("dom0_xen_release: 4.20", "put it in quotes"),
    ("bootloader_dom0_memory: 1024", "allowed is a number with M or G behind it"),
    ("bootloader_entries: [Xen]", "bootloader_entries: item 0 is 'Xen'; allowed is a dictionary"),
    ("bootloader_timeout: 5s", "bootloader_timeout is '5s'; allowed is a whole number"),
    ("bootloader_reboot: if needed", "bootloader_reboot is 'if needed'; allowed is true or false"),
    ("bootloader_pci_hide: 03:00.0", "such as 0000:03:00.0, in quotes"),
    ("services_extra: ntpd", "services_extra is 'ntpd'; allowed is a list of dictionaries"),
    ("services_xl_conf: [autoballoon]", "services_xl_conf is ['autoballoon']; allowed is a dictionary"),
    ("makedev_vnd_units: many", "makedev_vnd_units is 'many'; allowed is a whole number"),
]
RIGHT = [
    f"domu_guests: [{{{GUEST}, disks: [{{path: '/a, b.img'}}, '/x,y.img'], cpus: 0, depends_on: []}}]",
    "bridge_bridges: [{name: bridge0, interfaces: wm0}]",
    "services_xendomains: web1",
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_mistake_is_told_once_with_what_is_allowed(text: str, said: str) -> None:
    errors = report(**yaml.safe_load(text)).errors
    assert len(errors) == 1 and said in errors[0], errors
    assert "internal error" not in errors[0] and "sesame" not in errors[0]


@pytest.mark.parametrize("text", RIGHT)
def test_what_can_be_meant_is_taken(text: str) -> None:
    assert report(**yaml.safe_load(text)).errors == []


def test_ansible_tells_all_of_them_at_once_without_a_traceback(tmp_path: Path) -> None:
    hosts = {f"case{number:02d}": {**SOUND, **yaml.safe_load(text)} for number, (text, _said) in enumerate(WRONG)}
    run = validate(tmp_path, hosts)
    assert run.returncode != 0
    assert [name for name in hosts if f"host {name}: " not in run.stdout] == []
    assert not [word for word in ("Traceback", "internal error", "sesame") if word in run.stdout + run.stderr]
