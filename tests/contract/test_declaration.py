# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What xl understands of the file that a declared guest becomes: the key means to xl what it means to the admin."""

from __future__ import annotations

import json
from typing import Any

import pytest
from contract_target import Target

from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import (
    config as guest_config,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import (
    guest as declared_guest,
)

PV = {"name": "declared1", "memory": 128, "kernel": "/srv/declared"}
HVM = {"name": "declared1", "memory": 256, "type": "hvm"}
PASSWORD = "hunt er2"

# Guest, and for a place in xl's JSON what must be there.
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": (PV, {"c_info.name": "declared1", "c_info.type": "pv", "b_info.target_memkb": 131072}),
    "shim": (dict(PV, type="pvshim"), {"c_info.type": "pvh", "b_info.type.pvh": {"pvshim": "True"}}),
    "one-text-pins-all": (dict(PV, vcpus=2, cpus="0-1,^1"), {"b_info.vcpu_hard_affinity": [[0], [0]]}),
    "list-pins-each": (dict(PV, vcpus=2, cpus=["0", 1]), {"b_info.vcpu_hard_affinity": [[0], [1]]}),
    "share": (
        dict(PV, weight=512, cap=50, pool="Pool-0"),
        {"b_info.sched_params": {"weight": 512, "cap": 50}, "c_info.pool_name": "Pool-0"},
    ),
    "events": (
        dict(PV, on_watchdog="restart", on_crash="coredump-restart", on_poweroff="preserve"),
        {"on_watchdog": "restart", "on_crash": "coredump_restart", "on_poweroff": "preserve"},
    ),
    "screen": (
        dict(PV, vnc={"listen": "0.0.0.0", "display": 7, "keymap": "de"}),
        {
            "vfbs.0.vnc": {
                "enable": "True",
                "listen": "0.0.0.0",
                "passwd": PASSWORD,
                "display": 7,
                "findunused": "False",
            },
            "vfbs.0.keymap": "de",
        },
    ),
    "screen-of-hvm": (
        dict(HVM, vnc=True, serial="pty"),
        {
            "c_info.type": "hvm",
            "b_info.type.hvm.vnc": {
                "enable": "True",
                "listen": "127.0.0.1",
                "passwd": PASSWORD,
                "findunused": "True",
            },
            "b_info.type.hvm.serial": "pty",
        },
    ),
    "empty-drive": (
        dict(HVM, disks=[{"path": "/x.img"}, {"cdrom": True, "vdev": "hdc"}]),
        {"disks.1.format": "empty", "disks.1.is_cdrom": 1, "disks.1.vdev": "hdc", "disks.0.pdev_path": "/x.img"},
    ),
    "disk-of-qemu": (
        dict(PV, disks=[{"path": "/x", "format": "qcow2", "backendtype": "qdisk", "discard": False}]),
        {"disks.0.backend": "qdisk", "disks.0.format": "qcow2", "disks.0.discard_enable": "False"},
    ),
    "pci": (
        dict(PV, pci=["03:00.0", {"bdf": "0000:04:00.1", "permissive": True}]),
        {"pcidevs.0.bus": 3, "pcidevs.1.bus": 4, "pcidevs.1.func": 1, "pcidevs.1.permissive": True},
    ),
    "tpm": (
        dict(PV, vtpm=[{"backend": "tpm1", "uuid": "5e6f2a0c-0000-4000-8000-000000000001"}]),
        {"vtpms.0.backend_domname": "tpm1", "vtpms.0.uuid": "5e6f2a0c-0000-4000-8000-000000000001"},
    ),
    "interface": (
        dict(PV, nics=[{"bridge": "bridge7", "mac": "00:16:3e:00:00:07", "rate": "10MB/s@20ms", "type": "vif"}]),
        {
            "nics.0.mac": "00:16:3e:00:00:07",
            "nics.0.bridge": "bridge7",
            "nics.0.nictype": "vif",
            "nics.0.rate_bytes_per_interval": 200000,
            "nics.0.rate_interval_usecs": 20000,
        },
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_xl_understands_what_was_declared(target: Target, case: str) -> None:
    raw, expected = CASES[case]
    guest, problems = declared_guest.expand(raw, "contract", {}, {"declared1": {"vncpasswd": PASSWORD}})
    assert guest is not None and problems == []
    text = guest_config.text_of(guest)
    script = 'printf %s "$1" >/tmp/declared1 && "$2" create -n -d /tmp/declared1'
    ended = target.run(["sh", "-c", script, "sh", text, target.facts["xl"]])
    assert ended.returncode == 0, f"{text}\n{ended.stderr}"
    config = json.loads(ended.stdout)
    assert {place: _at(config, place) for place in expected} == expected


def _at(config: Any, place: str) -> Any:
    """The value at a dotted place. The parts that depend on the type are called type.pv, type.hvm and so on."""
    words = place.replace("type.", "type\0").split(".")
    for word in words:
        key = word.replace("\0", ".")
        config = config[int(key)] if isinstance(config, list) else config.get(key)
    return config
