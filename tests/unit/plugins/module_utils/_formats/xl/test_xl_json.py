# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running guest's configuration as ``xl list -l`` prints it, in the shape of a file's."""

from __future__ import annotations

import json

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xl_config, xl_json

# record list_l_linux (xl 4.20), the part of one guest
LINUX = """{
  "c_info": {"type": "pv", "name": "linux1", "domid": 4294967295, "uuid": "71d44e7b-3411-49a9-b94a-33bd59826894",
    "run_hotplug_scripts": "True"},
  "b_info": {"max_vcpus": 2, "avail_vcpus": [0], "max_memkb": 131072, "target_memkb": 98304, "video_memkb": 0,
    "sched_params": {"sched": "credit2", "weight": 256, "cap": 0}, "claim_mode": "True", "kernel": "/srv/xen/vmlinux",
    "cmdline": "console=hvc0 quiet ip4=10.99.0.11/24", "ramdisk": "/srv/xen/initrd.img", "type.pv": {}, "arch_arm": {},
    "arch_x86": {"msr_relaxed": "False"}},
  "disks": [{"pdev_path": "/srv/xen/disk1.img", "vdev": "xvda", "format": "raw", "readwrite": 1,
    "colo_restore_enable": "False"}],
  "nics": [{"devid": 0, "mac": "00:16:3e:00:00:11", "bridge": "xenbr0", "nictype": "vif"}],
  "on_reboot": "restart", "on_soft_reset": "soft_reset"
}"""
FILE = {
    "name": "linux1",
    "uuid": "71d44e7b-3411-49a9-b94a-33bd59826894",
    "kernel": "/srv/xen/vmlinux",
    "ramdisk": "/srv/xen/initrd.img",
    "cmdline": "console=hvc0 quiet ip4=10.99.0.11/24",
    "memory": 96,
    "maxmem": 128,
    "vcpus": 1,
    "maxvcpus": 2,
    "disk": ["/srv/xen/disk1.img,raw,xvda,w"],
    "vif": ["mac=00:16:3e:00:00:11,bridge=xenbr0"],
}


def test_a_running_guest_is_what_its_file_says_and_what_the_toolstack_filled_in():
    live, written = xl_json.settled(json.loads(LINUX)), xl_config.settled(FILE)
    assert live.pop("vif") == [{**written.pop("vif")[0], "type": "vif"}]
    filled_in = {"cpu_weight": 256, "cap": 0, "videoram": 0, "msr_relaxed": 0}
    assert live == {**written, **filled_in}


def test_an_empty_object_has_the_defaults_that_the_json_leaves_out():
    assert xl_json.settled({}) == {
        "type": "pv",
        "vcpus": 1,
        "maxvcpus": 1,
        "disk": [],
        "vif": [],
        "on_poweroff": "destroy",
        "on_reboot": "destroy",
        "on_crash": "destroy",
        "on_soft_reset": "destroy",
    }


@pytest.mark.parametrize(
    ("event", "action"),
    [
        ("restart_rename", "rename-restart"),
        ("coredump_restart", "coredump-restart"),
        ("soft_reset", "soft-reset"),
        ("preserve", "preserve"),
    ],
)
def test_actions_have_the_names_of_the_file(event, action):
    assert xl_json.settled({"on_crash": event})["on_crash"] == action


def test_numbers_without_a_sign_get_theirs_back():
    found = xl_json.settled({"b_info": {"rtc_timeoffset": 4294963696, "target_memkb": 18446744073709550592}})
    assert found["rtc_timeoffset"] == -3600
    assert found["memory"] == -1


def test_the_bootloader_is_found_in_its_old_place():
    # as Xen 4.2 to 4.9 have it
    assert xl_json.settled({"b_info": {"type.pv": {"bootloader": "pygrub"}}})["bootloader"] == "pygrub"
