# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A guest that its own installer sets up, on a simulated machine: what is prepared, what is believed of a conversation,
and that one which breaks off anywhere begins again with an empty disk. Here the installer does what it is told without
being talked to; test_sysinst_dialogues.py has the conversations."""

from __future__ import annotations

import json
import shutil
import time
from typing import Any

import pytest
from netbsd_sim.net import fetch
from netbsd_sim.xen.common import domains, installer
from netbsd_sim.xen.common.sysinst import Place, Settings

from ansible_collections.netbsd.xen.plugins.module_utils import _engine
from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.vdev import vdev_number
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read import vnd
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import installer as ours
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods.sysinst import cd_vdev
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work import netbsd_system
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import console, lock
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.mortal import Stepping, copied
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import the_mirror

PROFILE, RELEASE = "netbsd-7.99.10-xen-4.17", "7.99.10"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwj9+WsILBmTvLUmQ56i6XkrekkVp1AyMUBWPnvAALq admin@rack"
DISK, CONFIGS = "/home/xen/web1.img", "/usr/pkg/etc/xen"
RECORD = f"{CONFIGS}/.web1.install"
SOURCE = "http://192.0.2.4/pub/NetBSD"
NETWORK = {"address": "10.0.2.21/24", "gateway": "10.0.2.2"}
INSTALL = {"method": "sysinst", "release": RELEASE, "source": SOURCE, "network": NETWORK, "authorized_keys": [KEY]}
GUEST = {"name": "web1", "os": "netbsd", "memory": 64, "nics": ["bridge0"], "disks": [{"path": DISK, "size": "512M"}]}
SETS = ("kern-GENERIC", "modules", "base", "etc")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> sim_host.Host:
    return sim_host.make_host(tmp_path_factory.mktemp("base") / "nb0", profile=PROFILE)


@pytest.fixture(autouse=True)
def _quick(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "LOCK_FILE", str(tmp_path / "lock"))
    monkeypatch.setattr(vnd, "BETWEEN_LOOKS_SECONDS", 0.0)
    monkeypatch.setattr(fetch, "MIRROR", the_mirror())
    # It would wait at the real terminal of the test; what it finds has a test of its own.
    monkeypatch.setattr(ours, "_refuse_if_held", lambda *_of: None)
    monkeypatch.setattr(netbsd_system.netbsd_release, "host_key_types", lambda _release: ("ed25519",))


def converge(host: Stepping, check: bool = False, **more: Any) -> _engine.Outcome:
    install = {**INSTALL, **more.pop("install", {})}
    given = {name: value.get("default") for name, value in guest_system.ARGUMENTS.items()}
    params = {**given, "guests": [{**GUEST, "install": install}], "host_name": "xen1", **more}
    return _engine.converge(guest_system, params, host, check=check)


def record(host: Stepping) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.text(RECORD))
    return found


def waits(outcome: _engine.Outcome) -> dict[str, Any]:
    assert {name: str(error) for name, error in outcome.failures.items()} == {}
    return dict(outcome.told["conversations"])


class Installer:
    """The guest's own, which does what sysinst does, in its steps."""

    def __init__(self, host: Stepping, mark: str) -> None:
        self._folder, self._mark = host.machine.directory, mark

    def _do(self, what: Any) -> None:
        with sim_host.Machine(self._folder) as m:
            (domain,) = [each for each in domains.domains(m).values() if each["name"] == "web1"]
            guest = installer.Guest(m, domain)
            guest._disk = "xbd0"
            what(guest)

    def steps(self, settings: Settings | None = None) -> list[Any]:
        place = Place(directory=f"pub/NetBSD/NetBSD-{RELEASE}", sets="/amd64/binary/sets")
        found = settings or Settings(hostname="web1", address="10.0.2.21", netmask="255.255.255.0", keep_network=True)
        found.root_password = "typed"
        return [
            lambda guest: guest.write_label("xbd0", self._mark, 64),
            lambda guest: guest.make_file_systems("xbd0"),
            *(lambda guest, name=name: guest.fetch("http", place, name) for name in SETS),
            lambda guest: guest.finish(found),
            lambda guest: guest.halt(),
        ]

    def run(self, until: int = 100, lacking: int = -1) -> None:
        for number, step in enumerate(self.steps()[:until]):
            if number != lacking:
                self._do(step)
        if until >= len(self.steps()):
            self.gone()

    def gone(self) -> None:
        """The guest's devices are taken down within a moment of this machine's own time."""
        deadline = time.monotonic() + 60
        while True:
            with sim_host.Machine(self._folder) as m:
                domains.settle(m)
                if not any(each["name"] == "web1" for each in domains.domains(m).values()):
                    return
            assert time.monotonic() < deadline
            time.sleep(0.05)


def installed(host: Stepping, session: str = "one") -> _engine.Outcome:
    """A run of the controller's, whatever an earlier one has left."""
    waiting = waits(converge(host, session=session))
    if not waiting:
        return converge(host, session=session)
    assert waiting["web1"]["session"] == session
    Installer(host, waiting["web1"]["mark"]).run()
    return converge(host, session=session, heard={"web1": waiting["web1"]["mark"]})


def left(host: Stepping) -> list[str]:
    units = host.try_run(["/usr/sbin/vnconfig", "-l"]).stdout.splitlines()
    units = [line for line in units if not line.endswith("not in use")]
    mounted = [line for line in host.try_run(["/sbin/mount"]).stdout.splitlines() if "vnd" in line]
    own = (".web1.install", ".web1.proof", ".web1.proof.pub")
    return [*units, *mounted, *(name for name in host.list_dir(CONFIGS) if "web1" in name and name not in own)]


def configured(host: Stepping) -> None:
    found = record(host)
    assert (found["stage"], found["unit"], found["installer"], found["session"]) == ("configured", "", "", "")
    assert left(host) == []


def test_check_mode_says_it_and_touches_nothing(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    (change,) = converge(host, check=True).done
    assert change.summary == f"install NetBSD {RELEASE} by sysinst on {DISK} of 512M"
    assert (change.impact, change.before, change.after) == ("live", "no disk", "configured")
    assert host.stat(DISK) is None and not host.exists(RECORD) and host.steps == []


def test_the_installer_is_started_and_the_guest_made_its_own(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    outcome = converge(host, session="one")
    found, waiting = record(host), waits(outcome)
    assert waiting == {"web1": {"session": "one", "mark": found["mark"], "toolstack": "xl", "offered": ""}}
    assert found["stage"] == "prepared" and found["installer"]
    config = host.text(f"{CONFIGS}/.web1.installer")
    assert f'kernel = "/home/xen/netbsd-{RELEASE}-INSTALL_XEN3_DOMU.gz"' in config and found["installer"] in config
    assert 'on_reboot = "destroy"' in config and "root=" not in config
    # Nothing is done to it while it is talked to.
    assert converge(host, session="one").done == []
    Installer(host, found["mark"]).run()
    second = converge(host, session="one", heard={"web1": found["mark"]})
    assert second.failures == {}
    configured(host)
    assert converge(host, session="two").done == []
    host.try_run(["/usr/sbin/vnconfig", "-c", "vnd0", DISK])
    host.try_run(["/sbin/mount", "-t", "ffs", "/dev/vnd0a", "/mnt"])
    etc = {name: host.text(f"/mnt/etc/{name}") for name in ("fstab", "rc.conf", "ttys", "wscons.conf", "master.passwd")}
    # Its own fstab; the screens that sysinst has switched on are off, powerd is on, and nobody knows root's password.
    assert "/targetroot/etc/fstab" in etc["fstab"] and "/dev/xbd0b" in etc["fstab"]
    on = [line.split()[0] for line in etc["ttys"].splitlines() if " on " in line or "\ton" in line]
    assert on == ["console"]
    assert "powerd=YES" in etc["rc.conf"] and "\nscreen" not in etc["wscons.conf"]
    assert "root:*:" in etc["master.passwd"]
    host.try_run(["/sbin/umount", "/mnt"])
    host.try_run(["/usr/sbin/vnconfig", "-u", "vnd0"])


@pytest.mark.parametrize("until", [0, 1, 2, 5, 7, 8])
def test_a_conversation_that_breaks_off_begins_again(base, tmp_path, until):
    """Behind each thing that sysinst does to the disk; the next run is another one, or the same."""
    host = Stepping(copied(base, tmp_path / "nb0"))
    before = waits(converge(host, session="one"))["web1"]["mark"]
    Installer(host, before).run(until)
    if until % 2:
        outcome = converge(host, session="one", heard={"web1": " it broke off"})
        assert "it broke off" in str(outcome.failures["web1"])
        assert outcome.failures["web1"].details["stage"] == "prepared"
        assert "\nweb1 " not in host.try_run(["/usr/pkg/sbin/xl", "list"]).stdout
    assert installed(host, "two").failures == {}
    configured(host)
    assert record(host)["mark"] == before


@pytest.mark.parametrize("lacking", [0, 1, 4, 5])
def test_a_conversation_is_not_believed_without_the_disk(base, tmp_path, lacking):
    """Without its label, its file system, base or etc."""
    host = Stepping(copied(base, tmp_path / "nb0"))
    mark = waits(converge(host, session="one"))["web1"]["mark"]
    if lacking == 0:
        # The machine stops, and nothing has come to the disk.
        with sim_host.Machine(host.machine.directory) as m:
            for each in domains.domains(m).values():
                domains.ends(m, each, 0)
        Installer(host, mark).gone()
    else:
        try:
            Installer(host, mark).run(lacking=lacking)
        except FileNotFoundError:
            Installer(host, mark)._do(lambda guest: guest.halt())
            Installer(host, mark).gone()
    outcome = converge(host, session="one", heard={"web1": mark})
    assert outcome.failures and record(host)["stage"] == "prepared"
    assert installed(host, "two").failures == {}
    configured(host)


def test_a_disk_that_is_not_the_records_is_a_failure_behind_a_conversation(base, tmp_path):
    """Whose installer said that all is well. The next run has no conversation, and finds a disk of others."""
    host = Stepping(copied(base, tmp_path / "nb0"))
    mark = waits(converge(host, session="one"))["web1"]["mark"]
    Installer(host, mark[::-1]).run()
    failure = str(converge(host, session="one", heard={"web1": mark}).failures["web1"])
    assert "its installer says that it is through" in failure and "install.again: " in failure
    assert record(host)["stage"] == "prepared"
    later = converge(host, session="two")
    assert later.failures == {} and "counts as installed by others" in "".join(later.plan.warnings)


def test_every_step_can_be_the_last_one(base, tmp_path, monkeypatch, capsys):
    kills = 0

    def behind(number: int) -> None:
        nonlocal kills
        # From there on it is as after sets.
        if number % 4 or any("/usr/bin/ssh-keygen" in step for step in whole.steps[:-1]):
            return
        kills += 1
        machine = copied(whole.machine, tmp_path / f"{number}")
        with monkeypatch.context() as other:
            other.setattr(lock, "LOCK_FILE", str(tmp_path / f"{number}.lock"))
            again = Stepping(machine)
            assert installed(again, "two").failures == {}, whole.steps[-1]
            configured(again)
        shutil.rmtree(machine.directory)

    whole = Stepping(copied(base, tmp_path / "whole"), behind)
    assert installed(whole).failures == {}
    configured(whole)
    assert kills > 5
    with capsys.disabled():
        print(f"sysinst: killed behind {kills} of {len(whole.steps)} steps")  # noqa: T201


def test_its_cd_is_the_second_disk_of_the_installer(base, tmp_path):
    """No network is needed then; and a CD that is not there is told before the disk is made."""
    host = Stepping(copied(base, tmp_path / "nb0"))
    install = {"cd": "/home/xen/NetBSD.iso", "source": SOURCE}
    missing = converge(host, session="one", install=install)
    assert "/home/xen/NetBSD.iso does not exist" in str(missing.failures["web1"]) and host.stat(DISK) is None
    (host.machine.root / "home/xen/NetBSD.iso").write_bytes(bytes(4096))
    waits(converge(host, session="one", install=install))
    config = host.text(f"{CONFIGS}/.web1.installer")
    assert "/home/xen/NetBSD.iso" in config and "xvdb" in config and DISK in config
    with sim_host.Machine(host.machine.directory) as m:
        (domain,) = [each for each in domains.domains(m).values() if each["name"] == "web1"]
        disks = installer.Guest(m, domain).disks
    assert [size for _name, size in disks] == [host.stat(DISK).size >> 20, 0]
    given = {name: each.get("default") for name, each in guest_system.ARGUMENTS.items()}
    alone = {**GUEST, "nics": [], "install": {**INSTALL, "cd": "/dev/cd0a"}}
    del alone["install"]["network"]
    (system,) = guest_system.declare({**given, "guests": [alone], "host_name": "xen1"}).systems
    assert system.install.options.cd == "/dev/cd0a"


@pytest.mark.parametrize(
    ("first", "cd"),
    [("xvda", "xvdb"), ("0x1", "0x2"), ("0x0", "0x2"), ("0x2", "0x12"), ("sda", "sdb"), ("xvdp", "0xcb00")],
)
def test_its_cd_comes_behind_the_first_disk(first, cd):
    """NetBSD counts its disks by their numbers, and sysinst is told xbd0 for the first and xbd1d for the CD."""
    assert cd_vdev(first) == cd
    assert vdev_number(cd) > vdev_number(first)


def test_a_guest_that_has_booted_from_the_disk_is_not_lost(base, tmp_path):
    """Whoever starts it behind a conversation that was not heard to its end has a system there."""
    host = Stepping(copied(base, tmp_path / "nb0"))
    mark = waits(converge(host, session="one"))["web1"]["mark"]
    Installer(host, mark).run()
    content = host.machine.root / DISK[1:]
    data = content.read_bytes()
    assert data.count(b"/targetroot\0")
    content.write_bytes(data.replace(b"/targetroot\0", b"/\0" + bytes(10)))
    outcome = converge(host, session="two")
    assert outcome.done == [] and "counts as installed by others" in outcome.plan.warnings[0]


def test_somebody_elses_conversation_is_left_alone(monkeypatch):
    monkeypatch.undo()

    class Tool:
        def __init__(self, error: XenError | None) -> None:
            self.error = error

        def console(self, domid: int, seconds: float) -> str:
            if self.error:
                raise self.error
            return ""

    ours._refuse_if_held(Tool(None), "web1", 3)  # type: ignore[arg-type]
    ours._refuse_if_held(Tool(CommandFailed("it ended")), "web1", 3)  # type: ignore[arg-type]
    with pytest.raises(XenError, match="guest web1 is just being installed, and somebody has the console"):
        ours._refuse_if_held(Tool(console.Held("taken")), "web1", 3)  # type: ignore[arg-type]


WRONG = {
    "release": ({"release": "8.2"}, "what sysinst of NetBSD 8.2 asks is not known; allowed are the releases 7, 9, 10"),
    "https": ({"source": "https://192.0.2.4/pub/NetBSD"}, "sysinst fetches the sets itself, by http or ftp"),
    "path": ({"source": "/srv/mirror"}, "sysinst fetches the sets itself, by http or ftp"),
    "controller": ({"source": "/srv/mirror", "remote_src": False}, "sysinst fetches the sets itself"),
    "port": ({"source": "http://192.0.2.4:8080/pub/NetBSD"}, "not for a port or a user"),
    "user": ({"source": "http://me@192.0.2.4/pub/NetBSD"}, "not for a port or a user"),
    "name": ({"source": "http://mirror.example/pub/NetBSD"}, "the guest could not find mirror.example"),
    "dhcp": ({"network": "dhcp"}, "give network an IPv4 address"),
    "IPv6": ({"network": {"address": "2001:db8::21/64"}}, "give network an IPv4 address"),
    "sets": ({"sets": ["base", "etc"]}, "sets is not for method sysinst"),
    "table": ({"table": "gpt"}, "table is not for method sysinst"),
    "sums": ({"sums": {"base.tgz": "0" * 128}}, "sums: base.tgz is not a known key"),
    "nobody": ({"authorized_keys": []}, "nobody could log in"),
}


@pytest.mark.parametrize("what", WRONG)
def test_bad_input_is_refused_before_anything_is_touched(base, tmp_path, what):
    install, message = WRONG[what]
    host = Stepping(base)
    with pytest.raises(Refused) as refused:
        converge(host, install=install)
    assert message in str(refused.value)
    assert host.commands == [] and host.steps == []


@pytest.mark.parametrize("key, value", [("type", "pvh"), ("bootloader", "pygrub"), ("root", "xbd1a")])
def test_what_of_the_guest_would_not_boot_is_refused(key, value):
    given = {name: each.get("default") for name, each in guest_system.ARGUMENTS.items()}
    guest = {**GUEST, key: value, "install": INSTALL}
    with pytest.raises(Refused, match="method sysinst starts|root is 'xbd1a'"):
        guest_system.declare({**given, "guests": [guest], "host_name": "xen1"})


def test_the_default_source_is_fetched_without_tls():
    given = {name: each.get("default") for name, each in guest_system.ARGUMENTS.items()}
    install = {**INSTALL, "network": {**NETWORK, "nameservers": ["10.0.2.3"]}}
    del install["source"]
    (system,) = guest_system.declare({**given, "guests": [{**GUEST, "install": install}], "host_name": "xen1"}).systems
    assert system.install.source == "http://cdn.NetBSD.org/pub/NetBSD"
