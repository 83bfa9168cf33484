# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The simulator against 600 command lines that were run on the real NetBSD 7.99.10, as GENERIC and as dom0 on Xen 4.17.

fixtures/command-records.jsonl holds them in the order in which they were run. They are run again in that order, on the
machine of that profile, and each name is in one of three tables of support/command_tables.py: REPLAYED (exit status,
form of what was printed, and what the collection's own parsers read from it agree), DIFFERS (with the reason) and
NOT_REPLAYABLE. What differs with each run is made equal on both sides first (support/command_forms.py).
"""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from netbsd_sim.boot import bootloader
from netbsd_sim.core.machine import Machine
from netbsd_sim.rack.rack import Rack

from ansible_collections.netbsd.xen.tests.unit.support.command_forms import differences
from ansible_collections.netbsd.xen.tests.unit.support.command_tables import DIFFERS, NOT_REPLAYABLE, REPLAYED
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

FIXTURE = Path(__file__).with_name("fixtures") / "command-records.jsonl"
DRIVER = CHECKOUT / "tests/unit/support/replay_driver.py"
RECORDS = [json.loads(line) for line in FIXTURE.read_text().splitlines()]
NAMES = {record["name"] for record in RECORDS}
PROFILE = "netbsd-7.99.10-xen-4.17"
PACE = 0.01
LIMIT_SECONDS = 20.0
# Of a command that the real machine had not ended after half a minute: here that is less than half a second.
NEVER_SECONDS = 0.4

# By name and, where a name was run on both machines, the machine.
SAID = {(record["name"], record["where"]): record["stdout"] for record in RECORDS}
GENERIC, DOM0 = "GENERIC", "dom0 on Xen 4.17"


# --- the machines ----------------------------------------------------------------------------------------------------


def install(m: Machine, dom0: bool) -> None:
    """The machine of the records: its name, its only NIC, its fstab, packages that were unpacked from archives."""
    # The machine's processor knows no HVM.
    m.data.update(hostname="rack7", pace=PACE, hardware_macs=["52:54:00:12:34:56"], hvm=False)
    rc_conf = m.path("/etc/rc.conf")
    text = rc_conf.read_text().replace(f"hostname={'dom0' if dom0 else 'generic'}", "hostname=rack7")
    rc_conf.write_text(text + 'ifconfig_wm0="inet 10.0.2.15 netmask 255.255.255.0"\n')
    m.path("/etc/ifconfig.wm0").unlink()
    m.path("/etc/fstab").write_text(SAID["etc-fstab", DOM0 if dom0 else GENERIC])
    m.path("/etc/hosts").write_text(SAID["ftp-file-url", GENERIC])
    if dom0:
        database = m.path("/var/db/pkg")
        database.rename(database.with_name("pkg.of-the-archives"))
        boot_cfg = m.path("/boot.cfg")
        boot_cfg.write_text(boot_cfg.read_text().replace("dom0_mem=512M", "dom0_mem=512M console=com1 com1=115200,8n1"))
    bootloader.boot(m, seconds=0)


def room_for_guests(m: Machine) -> None:
    m.path("/var/xen").mkdir(parents=True, exist_ok=True)


def guest(m: Machine) -> None:
    """What the guest t1 of the records is made of, on a machine so busy that no device of it goes in time."""
    m.path("/netbsd-XEN3_DOMU").write_text("a kernel of NetBSD\n")
    with m.path("/var/xen/guest1.img").open("wb") as stream:
        stream.truncate(64 * 1024 * 1024)
    (m.host_dir / "faults.json").write_text(json.dumps(
        [{"match": "xl (block-detach t1 xvdb$|destroy t1)", "action": "stuck"}]))


def guest_alone(m: Machine) -> None:
    (m.host_dir / "faults.json").unlink()


def packages(m: Machine) -> None:
    m.path("/var/db/pkg").mkdir(parents=True, exist_ok=True)


def boot_options(m: Machine) -> None:
    m.data["boot_options"] = {"speed": "115200", "console": "com0"}


def nothing(m: Machine) -> None:
    """As the session before left it."""


@dataclass(frozen=True)
class Session:
    """Records that were run one after the other: ``last`` is the name of the last one."""

    host: str
    last: str
    prepare: Callable[[Machine], None] = nothing


SESSIONS = [
    Session("generic", "etc-fstab"), Session("dom0", "etc-fstab"), Session("generic", "rc-netfile"),
    Session("dom0", "xen-init-dom0", room_for_guests), Session("generic", "ftp-exists"),
    Session("dom0", "xen-init-dom0-with-guest", guest), Session("generic", "pkg-clean", packages),
    Session("dom0", "strings-blocks", boot_options), Session("generic", "strings-blocks"),
    Session("dom0", "xs-ls-backend", guest_alone), Session("generic", "ifconfig-nosuch-up"),
]
URL = "http://10.0.2.4/All"  # the records' own mirror
PACKAGES = "http://10.0.2.4/pub/NetBSD/packages/NetBSD/x86_64/7.99.10/All"


def of_session(records: list[dict[str, Any]]) -> Iterator[tuple[Session, list[dict[str, Any]]]]:
    """Each session with its records."""
    left = list(records)
    for session in SESSIONS:
        end = [record["name"] for record in left].index(session.last) + 1
        yield session, left[:end]
        left = left[end:]
    assert left == []


def run_all(rack: Rack) -> list[dict[str, Any]]:
    """What the simulator answers to each record, in order."""
    code = DRIVER.read_text()
    answers: list[dict[str, Any]] = []
    for session, records in of_session(RECORDS):
        with rack.machine(session.host) as m:
            session.prepare(m)
        lines = [{"cmd": [word.replace(URL, PACKAGES) if "pkg" in record["name"] else word for word in record["cmd"]],
                  "env": {name: value.replace(URL, PACKAGES) for name, value in record.get("env", {}).items()},
                  "cwd": record.get("cwd", "/root"),
                  "seconds": NEVER_SECONDS if record["rc"] == "timeout" else LIMIT_SECONDS} for record in records]
        done = rack.exec(session.host, ["/.sim/bin/python", "-IS", "-c", code], input=json.dumps(lines).encode(),
                         capture_output=True, timeout=300)
        assert done.returncode == 0, done.stderr.decode()
        answers += json.loads(done.stdout)
    return answers


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """For each name what differs, one text a difference, over all runs of that name."""
    rack = Rack(tmp_path_factory.mktemp("replay") / "rack")
    try:
        for name, preset in (("generic", "bare"), ("dom0", "dom0")):
            rack.create([name], preset, PROFILE)
            with rack.machine(name) as m:
                install(m, preset == "dom0")
        (rack.directory / "mirror/All").mkdir()
        (rack.directory / "mirror/All/pkg_summary.gz").write_bytes(b"compressed\n")
        answers = run_all(rack)
    finally:
        rack.destroy()
    result: dict[str, list[str]] = {name: [] for name in NAMES}
    for record, answer in zip(RECORDS, answers, strict=True):
        result[record["name"]] += differences(record, answer)
    return result


# --- the tests -------------------------------------------------------------------------------------------------------


def test_every_name_is_in_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    tables = (REPLAYED, DIFFERS.keys(), NOT_REPLAYABLE.keys())
    assert sorted(name for table in tables for name in table) == sorted(NAMES)
    assert all(reason for table in (DIFFERS, NOT_REPLAYABLE) for reason in table.values())
    replayed, differing, left = (len(table) for table in tables)
    with capsys.disabled():
        print(f"\nrecords of NetBSD 7.99.10: {len(RECORDS)} runs of {len(NAMES)} names: {replayed} replayed, "
              f"{differing} differ, {left} can't be replayed")


def test_what_is_replayed_agrees(found: dict[str, list[str]]) -> None:
    assert {name: found[name] for name in REPLAYED if found[name]} == {}


def test_what_differs_does(found: dict[str, list[str]]) -> None:
    """A name that agrees belongs into the table of those that are replayed."""
    assert [name for name in DIFFERS if not found[name]] == []


def test_nothing_makes_the_simulator_itself_fail(found: dict[str, list[str]]) -> None:
    assert [text for texts in found.values() for text in texts if "Traceback" in text] == []
