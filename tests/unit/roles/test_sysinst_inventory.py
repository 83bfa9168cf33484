# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The inventory whose guest is installed by sysinst, on a simulated rack: from nothing to a login that was seen."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rehearsal import CHECKOUT, Rack, ansible_environment, rack

INVENTORY = CHECKOUT / "inventories/sysinst"
CONFIGS = "usr/pkg/etc/xen"
(WEB1,) = yaml.safe_load((INVENTORY / "host_vars/xen1.yml").read_text())["domu_guests"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rack]:
    with rack(tmp_path_factory.mktemp("sysinst") / "rack", "--names", "xen1") as found:
        yield found


def run(made: Rack, *more: str, guests: list[dict[str, Any]], status: int = 0) -> str:
    hosts = made.directory / "hosts.yml"
    hosts.write_text(made.simrack("inventory"))
    argv = ["ansible-playbook", "-i", str(INVENTORY), "-i", str(hosts), "playbooks/site.yml", "--tags", "bridge,domu"]
    # This console loses nothing.
    argv += ["-e", "netbsd_xen_typing_seconds=0.01"]
    found = subprocess.run(
        [str(Path(sys.executable).with_name(argv[0])), *argv[1:], "-e", json.dumps({"domu_guests": guests}), *more],
        cwd=CHECKOUT,
        env={**ansible_environment(), "ANSIBLE_HOME": str(made.directory / "ansible")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert found.returncode == status, found.stdout + found.stderr
    return found.stdout + found.stderr


def record(made: Rack, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((made.root("xen1") / CONFIGS / f".{name}.install").read_text())
    return found


def test_from_nothing_to_a_login(made: Rack) -> None:
    said = run(made, "--check", "--diff", guests=[WEB1])
    assert "install NetBSD 10.1 by sysinst on /home/xen/web1.img of 2G" in said
    assert not (made.root("xen1") / "home/xen/web1.img").exists()
    run(made, guests=[WEB1])
    found = record(made, "web1")
    assert (found["stage"], found["unit"], found["installer"], found["session"]) == ("verified", "", "", ""), found
    cast = (made.directory / "ansible/netbsd_xen/consoles/xen1-web1.cast").read_text()
    assert "Partition sizes ok" in cast and '"halt' not in cast.split("\n")[0]
    assert "changed=0 " in run(made, guests=[WEB1])
