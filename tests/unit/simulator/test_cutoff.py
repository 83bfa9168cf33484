# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""When a machine that has cut itself off answers again."""

from __future__ import annotations

import json

import pytest
from netbsd_sim import dispatch, hosttree
from netbsd_sim.machine import Machine

IFCONFIG, BRCONFIG = "/sbin/ifconfig", "/sbin/brconfig"


@pytest.fixture
def host(tmp_path):
    hosttree.create(tmp_path / "h", "h", hosttree.BARE, "netbsd-10.1-xen-4.20", "10.0.2.15")
    return tmp_path / "h"


def run(host, *argv: str) -> None:
    with Machine(host, host / "root") as m:
        assert dispatch.run(m, list(argv)) == 0


def cut_off_by(host, *argv: str) -> None:
    (host / "faults.json").write_text(json.dumps([{"match": f"^{' '.join(argv)}$", "action": "cut_off", "times": 1}]))
    run(host, *argv)
    assert not answers(host)


def answers(host) -> bool:
    mark = host / "unreachable"
    return not mark.exists() or mark.read_text().strip() != "cut"


def test_undoing_the_very_command_helps(host):
    run(host, IFCONFIG, "bridge0", "create")
    cut_off_by(host, BRCONFIG, "bridge0", "add", "wm0")
    run(host, BRCONFIG, "bridge0", "up")
    assert not answers(host)
    run(host, BRCONFIG, "bridge0", "down")
    assert not answers(host)
    run(host, BRCONFIG, "bridge0", "delete", "wm0")
    assert answers(host)


def test_taking_the_bridge_away_altogether_helps_too(host):
    run(host, IFCONFIG, "bridge0", "create")
    run(host, BRCONFIG, "bridge0", "add", "wm0")
    cut_off_by(host, BRCONFIG, "bridge0", "up")
    run(host, IFCONFIG, "bridge0", "destroy")
    assert answers(host)


def test_an_interface_with_an_address_is_missed(host):
    run(host, IFCONFIG, "bridge0", "create")
    run(host, IFCONFIG, "tap0", "create")
    run(host, IFCONFIG, "tap0", "inet", "10.9.9.9/24")
    cut_off_by(host, BRCONFIG, "bridge0", "add", "wm0")
    run(host, IFCONFIG, "tap0", "destroy")
    run(host, BRCONFIG, "bridge0", "delete", "wm0")
    assert not answers(host)
