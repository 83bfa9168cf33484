# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A guest that a person installs from a DVD, on a simulated machine: what is prepared, what stays as it is until the
installer is through, and that a run which breaks off anywhere is gone on with. What a visit at the console finds is
told here; test_solaris_visit.py has the visits."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from netbsd_sim.xen.common import domains, solaris

from ansible_collections.netbsd.xen.plugins.module_utils import _engine
from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import config
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read import vnd
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import visits
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods.media import MEDIA
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.mortal import Stepping, copied

PROFILE = "netbsd-7.99.10-xen-4.17"
DVD, DISK, CONFIGS = "/home/xen/osol.iso", "/home/xen/solaris.img", "/usr/pkg/etc/xen"
RECORD, LIVE = f"{CONFIGS}/.solaris.install", f"{CONFIGS}/.solaris.installer"
INSTALL = {"method": "media", "dvd": DVD, "vnc_password": "opensol1"}
GUEST = {
    "name": "solaris",
    "memory": 640,
    "nics": ["bridge0"],
    "disks": [{"path": DISK, "size": "8G", "vdev": "0x0"}],
}
BOOTS = '/platform/i86xpv/kernel/amd64/unix -B zfs-bootfs=rpool/43,bootpath="/xpvd/xdf@0:a"'


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> sim_host.Host:
    made = sim_host.make_host(tmp_path_factory.mktemp("base") / "nb0", profile=PROFILE)
    (made.root / "home/xen").mkdir(parents=True, exist_ok=True)
    solaris.make_dvd(made.root / DVD[1:])
    with sim_host.Machine(made.directory) as m:
        m.data["pace"] = 0.01
    return made


@pytest.fixture(autouse=True)
def _quick(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "LOCK_FILE", str(tmp_path / "lock"))
    monkeypatch.setattr(vnd, "BETWEEN_LOOKS_SECONDS", 0.0)


def converge(host: Stepping, check: bool = False, **more: Any) -> _engine.Outcome:
    guest = {**GUEST, "install": {**INSTALL, **more.pop("install", {})}, **more.pop("guest", {})}
    given = {name: value.get("default") for name, value in guest_system.ARGUMENTS.items()}
    params = {**given, "guests": [guest], "host_name": "xen1", **more}
    return _engine.converge(guest_system, params, host, check=check)


def guests(host: Stepping, told: dict[str, Any], **guest: Any) -> _engine.Outcome:
    """What the role does behind it."""
    boots = {"cmdline": told["boots"]["solaris"]} if "solaris" in told["boots"] else {}
    given = {name: value.get("default") for name, value in domain.ARGUMENTS.items()}
    held = [] if boots else ["solaris"]
    params = {**given, "guests": [{**GUEST, "install": INSTALL, **boots, **guest}], "host_name": "xen1"}
    return _engine.converge(domain, {**params, "installing": held, "destroy_after": 0}, host, check=False)


def record(host: Stepping) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.text(RECORD))
    return found


def clean(outcome: _engine.Outcome) -> _engine.Outcome:
    assert {name: str(error) for name, error in outcome.failures.items()} == {}
    return outcome


def units(host: Stepping) -> list[str]:
    """Those on the DVD: a guest that runs has one on its disk."""
    disk = (host.machine.root / DISK[1:]).stat().st_ino if host.exists(DISK) else 0
    return [unit.name for unit, (_device, inode) in vnd.configured(host) if inode != disk]


def listed(host: Stepping) -> list[str]:
    return [line.split()[0] for line in host.try_run(["/usr/pkg/sbin/xl", "list"]).stdout.splitlines()[2:]]


def in_guest(host: Stepping, state: str = "ready") -> None:
    """The person goes through the installer."""
    solaris.install(Path(host.machine.root / DISK[1:]), 43, state)


def visited(host: Stepping, session: str) -> _engine.Outcome:
    """A run of the controller's, with a console at which what is there is found."""
    first = clean(converge(host, session=session))
    waiting = first.told["conversations"].get("solaris")
    if waiting is None or waiting["session"]:
        return first
    pool = solaris.pool(host.machine.root / DISK[1:])
    if pool and pool["state"] == "ready":
        found = visits.told(waiting["mark"], visits.THROUGH, str(pool["bootfs"]))
    elif waiting["offered"]:
        found = visits.told(waiting["mark"], visits.AT_WORK)
    else:
        found = visits.told(waiting["mark"], visits.OFFERED, "10.0.2.60:1")
    return clean(converge(host, session=session, heard={"solaris": found}))


def test_check_mode_says_it_and_touches_nothing(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    (change,) = converge(host, check=True).done
    assert change.summary == f"start {DVD}, with whose installer a person installs on {DISK} of 8G"
    assert host.stat(DISK) is None and not host.exists(RECORD) and host.steps == []


def test_the_live_system_is_started_and_shown_and_stays(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    first = clean(converge(host, session="one"))
    found = record(host)
    waits = {"session": "", "mark": found["mark"], "toolstack": "xl", "offered": ""}
    assert first.told["conversations"] == {"solaris": waits}
    assert found["stage"] == "prepared" and units(host) == [found["media"]]
    config = host.text(LIVE)
    assert f"target=/dev/{found['media']}d" in config and "vdev=6" in config and "devtype=cdrom" in config
    assert 'cmdline = "/platform/i86xpv/kernel/amd64/unix - nowin -B install_media=cdrom"' in config
    assert host.text("/home/xen/solaris-unix").endswith("platform/i86xpv/kernel/amd64/unix")
    assert host.text("/home/xen/solaris-x86.microroot").endswith("boot/amd64/x86.microroot")
    second = converge(host, session="one", heard={"solaris": visits.told(found["mark"], "offered", "10.0.2.60:1")})
    assert clean(second).plan.deferred[0].word == "person: 10.0.2.60:1"
    assert "connect a VNC viewer to 10.0.2.60:1" in second.plan.warnings[0]
    assert "don't let it reboot" in second.plan.warnings[0] and "opensol1" not in host.text(RECORD) + config
    # Nobody touches what runs there, whatever else is declared of guests.
    assert clean(guests(host, second.told)).done == [] and "solaris" in listed(host)
    assert second.told["installing"] == ["solaris"] and second.told["boots"] == {}


def test_what_somebody_has_where_the_kernel_would_be_stays(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    kernel = Path(host.machine.root / "home/xen/solaris-unix")
    kernel.write_text("the kernel of another guest\n")
    outcome = converge(host, session="one")
    said = "/home/xen/solaris-unix is there, and is not /platform/i86xpv/kernel/amd64/unix of the DVD"
    assert said in str(outcome.failures["solaris"]) and units(host) != []
    assert kernel.read_text() == "the kernel of another guest\n" and "solaris" not in listed(host)


def test_what_depends_on_it_waits_and_others_do_not(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    first = visited(host, "one")
    (host.machine.root / "home/xen/linux").write_text("a kernel")
    given = {name: value.get("default") for name, value in domain.ARGUMENTS.items()}
    others = [
        {"name": "behind", "memory": 64, "kernel": "/home/xen/linux", "depends_on": ["solaris"]},
        {"name": "other", "memory": 64, "kernel": "/home/xen/linux"},
    ]
    params = {**given, "guests": [{**GUEST, "install": INSTALL}, *others], "host_name": "xen1"}
    outcome = clean(_engine.converge(domain, {**params, "installing": first.told["installing"]}, host, check=False))
    assert {each.thing for each in outcome.done} == {"other"} and "solaris" in listed(host)
    said = "guest behind was not started: it depends on solaris, which is being installed"
    assert said in outcome.plan.warnings


def test_the_dvd_in_the_words_of_xm():
    """As the HOWTO has it."""
    given = {name: value.get("default") for name, value in guest_system.ARGUMENTS.items()}
    guest = {**GUEST, "install": INSTALL}
    (system,) = guest_system.declare({**given, "guests": [guest], "host_name": "xen1", "release": "4.2"}).systems
    job = SimpleNamespace(record=SimpleNamespace(media="vnd0"), install=system.install, guest=system.guest)
    text = config.text_of(MEDIA.installer(job), "xm")  # type: ignore[arg-type]
    assert '"phy:/dev/vnd0d,6:cdrom,r"' in text and f'"file:{DISK},0x0,w"' in text
    assert 'extra = "/platform/i86xpv/kernel/amd64/unix - nowin -B install_media=cdrom"' in text


def test_a_run_while_the_person_is_at_work_changes_nothing(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    visited(host, "one")
    before, disk = record(host), (host.machine.root / DISK[1:]).stat().st_mtime_ns
    in_guest(host, "busy")
    for session in ("two", "three"):
        outcome = visited(host, session)
        assert outcome.done == [] and [each.word for each in outcome.plan.deferred] == ["person: 10.0.2.60:1"]
    assert record(host) == before and "solaris" in listed(host) and units(host) == [before["media"]]
    assert (host.machine.root / DISK[1:]).stat().st_mtime_ns >= disk
    (change,) = converge(host, check=True).done
    assert change.summary.startswith("look whether its installer is through")


def test_what_was_installed_boots_and_is_seen(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    visited(host, "one")
    in_guest(host)
    outcome = visited(host, "two")
    found = record(host)
    assert (found["stage"], found["media"], found["installer"], found["boots"]) == ("configured", "", "", BOOTS)
    assert units(host) == [] and listed(host) == [] and not host.exists(LIVE)
    assert outcome.told["boots"] == {"solaris": BOOTS} and outcome.told["installing"] == []
    clean(guests(host, outcome.told))
    config = host.text(f"{CONFIGS}/solaris")
    assert BOOTS.replace('"', '\\"') in config and "cdrom" not in config
    clean(converge(host))
    found = record(host)
    assert (found["stage"], found["seen"]) == ("verified", "console")
    assert converge(host).done == [] and clean(guests(host, outcome.told)).done == []


def test_a_reboot_of_dom0_loses_nothing(base, tmp_path):
    """The unit is configured again, and what was installed before is found."""
    host = Stepping(copied(base, tmp_path / "nb0"))
    visited(host, "one")
    in_guest(host)
    content = (host.machine.root / DISK[1:]).stat().st_mtime_ns
    with sim_host.Machine(host.machine.directory) as m:
        for each in list(domains.domains(m).values()):
            domains.destroy(m, each)
        m.data["vnd"].clear()
    assert units(host) == []
    assert record(host)["offered"] == "10.0.2.60:1"
    outcome = clean(converge(host, session="two"))
    found = record(host)
    assert units(host) == [found["media"]] and found["offered"] == "" and "solaris" in listed(host)
    assert (host.machine.root / DISK[1:]).stat().st_mtime_ns == content
    assert outcome.told["conversations"]["solaris"]["offered"] == ""
    visited(host, "three")
    assert record(host)["stage"] == "configured"


def test_a_visit_that_breaks_off_ends_nothing(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    visited(host, "one")
    clean(converge(host, session="two"))
    outcome = converge(host, session="two", heard={"solaris": " somebody has its console"})
    assert "somebody has its console" in str(outcome.failures["solaris"])
    assert outcome.failures["solaris"].details["next_run"].startswith("it looks in again")
    assert "solaris" in listed(host)


def test_a_live_system_that_has_ended_is_started_again(base, tmp_path):
    """The person has let it reboot."""
    host = Stepping(copied(base, tmp_path / "nb0"))
    visited(host, "one")
    with sim_host.Machine(host.machine.directory) as m:
        for each in list(domains.domains(m).values()):
            domains.destroy(m, each)
    outcome = converge(host, session="two", heard={"solaris": visits.told(record(host)["mark"], visits.AT_WORK)})
    assert "its live system has ended" in str(outcome.failures["solaris"])
    clean(converge(host, session="three"))
    assert "solaris" in listed(host) and len(units(host)) == 1


def test_a_guest_that_shall_be_no_more_lets_its_dvd_go(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    outcome = visited(host, "one")
    gone = {"state": "absent"}
    assert converge(host, guest=gone).done == [] and len(units(host)) == 1
    clean(guests(host, outcome.told, **gone))
    clean(converge(host, guest=gone))
    assert units(host) == [] and not host.exists(LIVE) and host.exists(DISK)


def test_another_method_does_not_write_over_what_a_person_does(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    visited(host, "one")
    image = {"method": "image", "image": "/home/xen/other.img"}
    given = {name: value.get("default") for name, value in guest_system.ARGUMENTS.items()}
    params = {**given, "guests": [{**GUEST, "bootloader": "pygrub", "install": image}], "host_name": "xen1"}
    outcome = _engine.converge(guest_system, params, host, check=False)
    assert "a person installs it by method media" in str(outcome.failures["solaris"]) and outcome.done == []


def test_a_dvd_that_is_none_is_said(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    missing = converge(host, session="one", install={"dvd": "/home/xen/none.iso"})
    assert "/home/xen/none.iso does not exist" in str(missing.failures["solaris"]) and host.stat(DISK) is None
    (host.machine.root / "home/xen/other.iso").write_bytes(bytes(1 << 20))
    other = converge(host, session="one", install={"dvd": "/home/xen/other.iso"})
    assert other.failures and listed(host) == []
    clean(converge(host, session="two"))
    assert len(units(host)) == 1, "the unit of the other one was given back"


def test_a_guest_of_32_bits(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    clean(converge(host, session="one", install={"bits": 32}))
    assert host.text("/home/xen/solaris-unix").endswith("platform/i86xpv/kernel/unix")
    assert 'cmdline = "/platform/i86xpv/kernel/unix - nowin' in host.text(LIVE)
    heard = {"solaris": visits.told(record(host)["mark"], visits.THROUGH, "43")}
    outcome = clean(converge(host, session="one", heard=heard, install={"bits": 32}))
    assert outcome.told["boots"]["solaris"].startswith("/platform/i86xpv/kernel/unix -B zfs-bootfs=rpool/43,")


def test_every_step_can_be_the_last_one(base, tmp_path, monkeypatch, capsys):
    """From nothing to the stop, and from it to a guest that boots from its disk."""
    kills, through = 0, False

    def behind(number: int) -> None:
        nonlocal kills
        kills += 1
        machine = copied(whole.machine, tmp_path / f"{number}")
        with monkeypatch.context() as other:
            other.setattr(lock, "LOCK_FILE", str(tmp_path / f"{number}.lock"))
            again = Stepping(machine)
            visited(again, "again")
            visited(again, "once more")
            if not through:
                assert "solaris" in listed(again) and units(again) == [record(again)["media"]], whole.steps[-1]
                in_guest(again)
                visited(again, "at last")
            found = record(again)
            assert (found["stage"], found["boots"]) == ("configured", BOOTS), whole.steps[-1]
            assert units(again) == [] and listed(again) == [] and not again.exists(LIVE), whole.steps[-1]
        shutil.rmtree(machine.directory)

    whole = Stepping(copied(base, tmp_path / "whole"), behind)
    visited(whole, "one")
    in_guest(whole)
    through = True
    visited(whole, "two")
    assert kills > 20
    with capsys.disabled():
        print(f"media: killed behind {kills} of {len(whole.steps)} steps")  # noqa: T201


WRONG = {
    "memory": ({"memory": 512}, {}, "memory is 512M; Solaris needs 640M or more"),
    "size": ({"disks": [{"path": DISK, "size": "4G", "vdev": "0x0"}]}, {}, "Solaris needs 8G or more"),
    "vdev": ({"disks": [{"path": DISK, "size": "8G"}]}, {}, "give it vdev: '0x0'"),
    "type": ({"type": "pvh"}, {}, "which is for a pv guest"),
    "nics": ({"nics": []}, {}, "its installer is shown over the network; declare nics"),
    "os": ({"os": "netbsd"}, {}, "method media is for other"),
    "python": ({}, {"python": True}, "python would reach nobody: leave python out"),
    "dvd": ({}, {"dvd": None}, "dvd is missing"),
    "bits": ({}, {"bits": 16}, "bits is '16'; allowed is"),
    "nothing": ({}, {"vnc_password": None}, "give either vnc_password, for a VNC server in the guest, or display"),
    "both": ({}, {"display": "10.0.2.2:0"}, "give either vnc_password"),
    "display": ({}, {"display": "10.0.2.2; reboot:0", "vnc_password": None}, "an X display that the guest reaches"),
    "short": ({}, {"vnc_password": "abc"}, "allowed are 6 to 8 characters"),
    "long": ({}, {"vnc_password": "abcdefghi"}, "allowed are 6 to 8 characters"),
    "keys": ({}, {"hostname": "osol"}, "hostname is for no guest of method media"),
    "release": ({}, {"release": "10.1"}, "release is not for method media"),
}


@pytest.mark.parametrize("what", WRONG)
def test_bad_input_is_refused_before_anything_is_touched(base, what):
    guest, install, message = WRONG[what]
    host = Stepping(base)
    with pytest.raises(Refused) as refused:
        converge(host, guest=guest, install=install)
    assert message in str(refused.value) and "abcdefghi" not in str(refused.value)
    assert host.commands == [] and host.steps == []


def test_nobody_looks_in_without_a_controller(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "nb0"))
    visited(host, "one")
    assert "run the task by its action plugin" in str(converge(host).failures["solaris"])
    with pytest.raises(XenError):
        visits.Visit("solaris").carry_out(host)
