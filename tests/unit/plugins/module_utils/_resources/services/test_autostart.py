# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of xendomains: declared guests come and go, and what nobody declares goes on starting with the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import Outcome, converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import resource as rc_service
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.rc_machine import RC_CONF, Machine
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost

DIRECTORY = "/usr/pkg/etc/xen"
CFG = f'xendomains_config="{DIRECTORY}/%s.cfg"\n'


def run(
    host: Any,
    autostart: list[str],
    declared: list[str] | None = None,
    check: bool = False,
    files: dict[str, str] | None = None,
) -> Outcome:
    guests = {"autostart": autostart, "declared": declared or [], "files": files or {}, "config_dir": DIRECTORY}
    service = {"name": "xendomains", "enabled": None, "state": None, "variables": {}, "guests": guests}
    params = {"services": [service], "release": "4.20", "assume_files": []}
    outcome = converge(rc_service, params, host, check)
    assert outcome.failures == {}
    if not check:
        assert converge(rc_service, params, host, True).done == []
    return outcome


def settings(host: Machine) -> dict[str, str]:
    lines = [line for line in host.text("/etc/rc.conf").splitlines() if line.startswith("xendomains")]
    return {name: value.strip('"') for name, value in (line.split("=", 1) for line in lines)}


# What is set, which guest each file has, what starts and what else is declared, and the list afterwards.
LISTS = [
    ('xendomains="web1 mail"\n', {}, ["web1"], [], "web1 mail"),
    ('xendomains="mail web1"\n', {}, ["web1"], [], "mail web1"),  # nothing to do, so nothing is moved
    ('xendomains="mail web1"\n', {}, ["db1", "web1"], [], "db1 web1 mail"),
    ('xendomains="db1 mail web1"\n', {}, ["web1"], ["db1"], "web1 mail"),
    ('xendomains="web1 db1"\n', {}, [], ["db1", "web1"], ""),
    ('xendomains="web1"\n', {}, [], [], "web1"),
    ("", {}, ["web1"], [], "web1"),
    ('xendomains="mail"\n' + CFG, {"mail.cfg": "mail"}, ["web1"], [], "web1 mail.cfg"),
    ('xendomains="web1 mail"\n' + CFG, {"web1.cfg": "web1"}, ["web1"], [], "web1 mail.cfg"),
    ('xendomains="web1 mail"\n' + CFG, {"web1.cfg": "web1"}, [], ["web1"], "mail.cfg"),
    ('xendomains="mail"\nxendomains_config="/srv/xen/%s"\n', {}, ["web1"], [], "web1 ../../../../srv/xen/mail"),
    # The guest's name is the one in the file, whatever the file is called.
    ('xendomains="shop mail"\n', {"shop": "web1"}, ["web1"], [], "web1 mail"),
    ('xendomains="shop"\n', {"shop": "web1"}, [], ["web1"], ""),
    ('xendomains="shop"\n', {"shop": None}, [], ["web1"], "shop"),
]


@pytest.mark.parametrize(("set_to", "files", "autostart", "declared", "wanted"), LISTS)
def test_lists(tmp_path: Path, set_to: str, files: dict, autostart: list, declared: list, wanted: str) -> None:
    host = Machine(tmp_path, rc_conf=RC_CONF + set_to)
    for name, guest in files.items():
        host.put(f"{DIRECTORY}/{name}", f'name = "{guest}"\nmemory = 64\n' if guest else "no config (\n")
    run(host, autostart, declared)
    found = settings(host)
    assert found.get("xendomains", "") == wanted
    assert found.get("xendomains_config", f"{DIRECTORY}/%s") == f"{DIRECTORY}/%s"


def test_a_warning_names_what_stays(tmp_path: Path) -> None:
    host = Machine(tmp_path, rc_conf=RC_CONF + 'xendomains="web1 mail gone"\n')
    host.put(f"{DIRECTORY}/mail", 'name = "mail"\n')
    for check in (True, False):
        assert run(host, ["web1"], check=check).plan.warnings == [
            "Service xendomains: mail starts with the machine and is not declared; the list keeps what is not "
            "declared.",
            "Service xendomains: gone is in the list and not declared, and there is no /usr/pkg/etc/xen/gone, so "
            "nothing is started for it. Take it out of the list by hand, if it is not to come back.",
        ]
    assert run(host, ["web1", "mail", "gone"]).plan.warnings == []


@pytest.mark.parametrize(
    ("set_to", "words"),
    [
        ('xendomains="web1 $more"\n', "line 5 of /etc/rc.conf has sh work xendomains out"),
        ('xendomains=mail\nxendomains_config="$dir/%s"\n', "line 6 of /etc/rc.conf has sh work xendomains_config out"),
        ("true && xendomains=mail\n", "xendomains can't be told, .*: line 5 of /etc/rc.conf sets it"),
    ],
)
def test_a_list_that_only_sh_could_tell_is_not_replaced(tmp_path: Path, set_to: str, words: str) -> None:
    host = Machine(tmp_path, rc_conf=RC_CONF + set_to)
    with pytest.raises(Refused, match=f"Service xendomains: {words}"):
        run(host, ["web1"])
    assert host.text("/etc/rc.conf") == RC_CONF + set_to


def test_a_list_in_a_later_file(tmp_path: Path) -> None:
    host = Machine(tmp_path, rc_conf=RC_CONF + "xendomains=web1\n. /etc/rc.conf.local\n")
    host.put("/etc/rc.conf.local", 'xendomains="mail old1"\n')
    run(host, ["web1"], ["old1"])
    assert host.text("/etc/rc.conf.local") == 'xendomains="web1 mail"\n'


@pytest.mark.parametrize(
    ("service", "guests", "words"),
    [
        ("xencommons", {"autostart": ["web1"]}, "guests are for xendomains"),
        ("xendomains", {"autostart": ["we b1"]}, "'we b1' can't be in the list"),
        ("xendomains", {"autostart": ["$x"]}, "can't be in the list"),
        ("xendomains", {"autostart": [], "declared": ['"']}, "can't be in the list"),
        ("xendomains", {"autostart": [], "config_dir": "/home/%d"}, "can't be in the list"),
    ],
)
def test_what_makes_no_sense(service: str, guests: dict, words: str) -> None:
    given = {"config_dir": DIRECTORY, **guests}
    with pytest.raises(Refused, match=words):
        rc_service.declare({"services": [{"name": service, "guests": given}], "assume_files": []})
    spec = {"name": "xendomains", "guests": {**given, "autostart": []}, "variables": {"xendomains": "web1"}}
    if service == "xendomains" and "declared" not in guests and "config_dir" not in guests:
        with pytest.raises(Refused, match="xendomains follows from guests"):
            rc_service.declare({"services": [spec], "assume_files": []})


CONFIG = 'name = "{}"\nkernel = "/home/xen/netbsd-XEN3_DOMU.gz"\nmemory = {}\n'


@pytest.mark.parametrize("profile", ["netbsd-10.1-xen-4.20", "netbsd-6.1-xen-4.2"])
def test_the_guests_that_start_at_the_next_boot(tmp_path: Path, profile: str) -> None:
    """Before: web1 and mail start, each from NAME.cfg. mail is not declared."""
    machine = sim_host.make_host(tmp_path / "host", profile=profile)
    kernel = machine.root / "home/xen/netbsd-XEN3_DOMU.gz"
    kernel.parent.mkdir(parents=True, exist_ok=True)
    kernel.write_bytes(sim_host.images.Image("netbsd", profile.split("-")[1], "XEN3_DOMU").compressed())
    for name in ("web1.cfg", "mail.cfg", "web1"):
        machine.write(f"{DIRECTORY}/{name}", CONFIG.format(name[:4], 64 if name == "web1" else 32))
    machine.append("/etc/rc.conf", "xencommons=YES\nxend=YES\n" + 'xendomains="web1 mail"\n' + CFG)
    tool = "xm" if profile.endswith("4.2") else "xl"

    def guests() -> list[list[str]]:
        machine.reboot()
        rows = [line.split()[:3] for line in machine.run(f"/usr/pkg/sbin/{tool}", "list").out.splitlines()[1:]]
        return sorted((row for row in rows if row[0] != "Domain-0"), key=lambda row: row[1])

    assert guests() == [["web1", "1", "32"], ["mail", "2", "32"]]
    run(SimulatedHost(machine), ["web1"])
    assert guests() == [["web1", "1", "64"], ["mail", "2", "32"]]


def test_a_list_with_a_format_of_its_own_stays(tmp_path: Path) -> None:
    """It starts the declared guests from their files, in their order."""
    host = Machine(tmp_path, rc_conf=RC_CONF + 'xendomains="mail web1"\n' + CFG)
    for name in ("mail", "web1"):
        host.put(f"{DIRECTORY}/{name}.cfg", f'name = "{name}"\n')
    before = host.text("/etc/rc.conf")
    files = {"mail": "mail.cfg", "web1": "web1.cfg"}
    assert run(host, ["mail", "web1"], files=files).done == []
    assert host.text("/etc/rc.conf") == before
    run(host, ["web1", "mail"], files=files)
    assert settings(host) == {"xendomains": "web1.cfg mail.cfg", "xendomains_config": f"{DIRECTORY}/%s"}


def test_of_no_guests_nothing_is_written(tmp_path: Path) -> None:
    host = Machine(tmp_path, rc_conf=RC_CONF)
    assert run(host, []).done == []
