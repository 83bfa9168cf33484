# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The inventory whose guest gets Solaris by a person's hands, on a simulated rack: from nothing to where the run stops
for the person, and from there to a login that was seen."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from netbsd_sim.xen.common import solaris
from rehearsal import CHECKOUT, Rack, ansible_environment, rack

INVENTORY = CHECKOUT / "inventories/howto-solaris"
RECORD = "usr/pkg/etc/xen/.solaris.install"
(GUEST,) = yaml.safe_load((INVENTORY / "host_vars/xen1.yml").read_text())["domu_guests"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rack]:
    with rack(tmp_path_factory.mktemp("solaris") / "rack", "--names", "xen1") as found:
        found.simrack("dhcp", "xen1", "10.0.2.60/24")
        solaris.make_dvd(found.root("xen1") / GUEST["install"]["dvd"][1:])
        yield found


def run(made: Rack, *more: str) -> str:
    hosts = made.directory / "hosts.yml"
    hosts.write_text(made.simrack("inventory"))
    argv = ["ansible-playbook", "-i", str(INVENTORY), "-i", str(hosts), "playbooks/site.yml", "--tags", "bridge,domu"]
    # This console loses nothing.
    argv += ["-e", "netbsd_xen_typing_seconds=0.01"]
    found = subprocess.run(
        [str(Path(sys.executable).with_name(argv[0])), *argv[1:], *more],
        cwd=CHECKOUT,
        env={**ansible_environment(), "ANSIBLE_HOME": str(made.directory / "ansible")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout + found.stderr


def record(made: Rack) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((made.root("xen1") / RECORD).read_text())
    return found


def test_from_nothing_to_the_stop_and_from_it_to_a_login(made: Rack) -> None:
    said = run(made)
    assert (record(made)["stage"], record(made)["offered"]) == ("prepared", "10.0.2.60:1")
    # The table at the end says who waits, and what a person has to do.
    table = said[said.rindex("WAITS FOR") :]
    assert "guest_system solaris  person: 10.0.2.60:1" in table and "run again" in table
    assert "changed=0 " in run(made), "nobody has installed anything yet"
    solaris.install(made.root("xen1") / GUEST["disks"][0]["path"][1:], 43)
    run(made)
    found = record(made)
    assert (found["stage"], found["seen"], found["media"]) == ("verified", "console", ""), found
    config = (made.root("xen1") / "usr/pkg/etc/xen/solaris").read_text()
    assert "zfs-bootfs=rpool/43" in config and "cdrom" not in config
    kept = [path for path in (made.root("xen1") / "usr/pkg/etc/xen").iterdir() if path.is_file()]
    kept += (made.directory / "ansible/netbsd_xen/consoles").iterdir()
    assert len(kept) > 2 and not [path for path in kept if b"opensol1" in path.read_bytes()]
    assert "opensol1" not in said
