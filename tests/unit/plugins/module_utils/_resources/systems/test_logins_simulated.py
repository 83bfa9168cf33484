# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an installed disk to a login that was seen, on a simulated machine: guests that get their address by dhcp, and
guests with which something is wrong. The next run goes on from there, and no byte of the disk is written again."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netbsd_sim.net import lan

from ansible_collections.netbsd.xen.plugins.module_utils import _engine
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read import vnd
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import verify
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import the_mirror

PROFILE, RELEASE = "netbsd-7.99.10-xen-4.17", "7.99.10"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwj9+WsILBmTvLUmQ56i6XkrekkVp1AyMUBWPnvAALq admin@rack"
DISK, RECORD = "/home/xen/web1.img", "/usr/pkg/etc/xen/.web1.install"
SECONDS = 3.0


def guest(network: Any = "dhcp", bridge: str = "bridge0") -> dict[str, Any]:
    return {
        "name": "web1",
        "os": "netbsd",
        "memory": 64,
        "kernel": f"/home/xen/netbsd-{RELEASE}-XEN3_DOMU.gz",
        "disks": [{"path": DISK, "size": "256M"}],
        "nics": [{"bridge": bridge, "mac": "00:16:3e:00:00:21"}],
        "install": {
            "release": RELEASE,
            "source": "/home/mirror",
            "network": network,
            "authorized_keys": [KEY],
        },
    }


class Rack:
    """One machine, and the two modules as role domu calls them."""

    def __init__(self, machine: sim_host.Host) -> None:
        self.machine, self.host = machine, SimulatedHost(machine)

    def converge(self, resource: Any, declared: dict[str, Any]) -> _engine.Outcome:
        given = {name: value.get("default") for name, value in resource.ARGUMENTS.items()}
        params = {**given, "guests": [declared], "host_name": "xen1"}
        return _engine.converge(resource, params, self.host, check=False)

    def run(self, declared: dict[str, Any], change: Callable[[Path], None] | None = None) -> _engine.Outcome:
        """What role domu does; ``change`` is done to the guest's files before it starts."""
        filled = self.converge(guest_system, declared)
        assert filled.failures == {}, filled.failures
        if change is not None:
            self.on_disk(change)
        started = self.converge(domain, declared)
        assert started.failures == {}, started.failures
        return self.converge(guest_system, declared)

    def on_disk(self, change: Callable[[Path], None]) -> None:
        for words in (["vnconfig", "vnd3", DISK], ["mount", "/dev/vnd3a", "/mnt"]):
            assert self.machine.run(*words).rc == 0
        change(self.machine.root / "mnt")
        for words in (["umount", "/mnt"], ["vnconfig", "-u", "vnd3"]):
            assert self.machine.run(*words).rc == 0

    @property
    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.machine.root / RECORD.lstrip("/")).read_text())
        return found


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dom0 with a bridge that leads outside, and a release in a directory of its own."""
    folder = tmp_path_factory.mktemp("base") / "nb0"
    made = sim_host.make_host(folder, profile=PROFILE)
    release = f"NetBSD-{RELEASE}"
    shutil.copytree(the_mirror() / f"pub/NetBSD/{release}", made.root / f"home/mirror/{release}")
    with sim_host.Machine(folder) as m:
        m.data["pace"] = 0.0005
    for words in (
        ["ifconfig", "bridge0", "create"],
        ["brconfig", "bridge0", "add", "wm0", "up"],
        ["ifconfig", "bridge1", "create"],
        ["ifconfig", "bridge1", "up"],
    ):
        made.run(*words)
    return folder


@pytest.fixture
def rack(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rack:
    monkeypatch.setattr(lock, "LOCK_FILE", str(tmp_path / "lock"))
    monkeypatch.setattr(vnd, "BETWEEN_LOOKS_SECONDS", 0.0)
    monkeypatch.setattr(verify, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(verify, "SSHD_SECONDS", 0.5)
    monkeypatch.setattr(verify, "prove", functools.partial(verify.prove, seconds=SECONDS))
    shutil.copytree(base, tmp_path / "nb0", symlinks=True)
    return Rack(sim_host.Host(tmp_path / "nb0"))


def test_an_address_by_dhcp_is_told_by_the_console(rack: Rack) -> None:
    with sim_host.Machine(rack.machine.directory) as m:
        lan.serve(m, "10.0.2.128/24")
    done = rack.run(guest())
    assert done.failures == {}, done.failures
    login = done.told["logins"]["web1"]
    assert (login["seen"], login["address"]) == ("ssh", "10.0.2.128")
    assert login["known_hosts"][0].startswith("web1,10.0.2.128 ssh-")
    assert abs(login["clock_seconds"]) <= login["clock_margin"] + 0.1
    # An unchanged run has it from the record.
    again = rack.converge(guest_system, guest())
    assert (again.done, again.told) == ([], done.told)


def test_a_guest_that_never_gets_its_address_comes_up_all_the_same(rack: Rack) -> None:
    done = rack.run(guest())
    login = done.told["logins"]["web1"]
    assert (login["seen"], login["address"], login["clock_seconds"]) == ("console", "", None)
    assert "its console names none, and dom0 knows none of its MAC 00:16:3e:00:00:21" in login["proof"]


def test_where_dom0_has_no_address_only_the_console_could_tell(rack: Rack) -> None:
    done = rack.run(guest(bridge="bridge1"))
    assert "dom0 has none itself on bridge1" in done.told["logins"]["web1"]["proof"]


def test_a_guest_without_sshd_is_seen_on_its_console(rack: Rack) -> None:
    done = rack.run(guest({"address": "10.0.2.21/24"}), lambda tree: (tree / "usr/sbin/sshd").unlink())
    login = done.told["logins"]["web1"]
    assert (login["seen"], login["address"]) == ("console", "10.0.2.21")
    assert "Connection refused" in login["proof"]


def test_a_guest_that_hangs_in_its_boot_is_gone_on_with_once_it_is_mended(rack: Rack) -> None:
    declared = guest({"address": "10.0.2.21/24"})
    kept: list[str] = []

    def break_it(tree: Path) -> None:
        kept.append((tree / "etc/fstab").read_text())
        (tree / "etc/fstab").write_text("/dev/nothing / ffs rw 1 1\n")

    failed = rack.run(declared, break_it)
    error = failed.failures["web1"]
    assert f"runs, but within {SECONDS:g} seconds no login was seen" in str(error)
    assert "Enter pathname of shell" in error.details["console"]
    assert (error.details["step"], error.details["stage"]) == ("waits for a login", "booted")
    assert error.details["next_run"] == "it writes nothing, and looks for a login once more"
    assert failed.told["logins"] == {} and rack.record["stage"] == "booted"
    # Nobody installs anything anew meanwhile, whether the guest runs or not.
    again = rack.converge(guest_system, declared)
    assert list(again.failures) == ["web1"] and rack.record["stage"] == "booted"
    rack.machine.run("xl", "destroy", "web1")
    rack.on_disk(lambda tree: (tree / "etc/fstab").write_text(kept[0]) and None)
    done = rack.run(declared)
    assert done.failures == {} and rack.record["stage"] == "verified"
    assert done.told["logins"]["web1"]["seen"] == "ssh"
