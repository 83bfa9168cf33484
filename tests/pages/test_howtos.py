# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""docs/serial-console.md, docs/grub.md, docs/grow-a-disk.md and docs/recover.md: a reader goes through each on
simulated machines, from the state that the page takes for granted to the one that it promises.

The reader's machines are as declared before they open the page. They type its commands and declare its variables, in
its order; each test takes all of them, so that one that is added to a page is missed here.
"""

from __future__ import annotations

import gzip
import json
import re
import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from markdown import CHECKOUT, blocks, commands
from netbsd_sim.core import images
from rehearsal import Rack, Run, ansible, rack

SITE = "ansible-playbook playbooks/site.yml"
BRIDGE: dict[str, Any] = {"dom0_xen_release": "4.20", "bridge_bridges": [{"name": "bridge0", "interfaces": ["wm0"]}]}
# A simulated machine takes a moment; this is for one whose controller has other work.
BOOT_SECONDS = 60.0
# What the inventory has of a machine that is managed already.
MANAGED = {**BRIDGE, "bootloader_dom0_memory": "1G"}
REBOOT = f"{SITE} -e bootloader_reboot=true"
# Ansible's exit status where a task failed on some host.
FAILED = 2
GIB = 2**30


def typed(page: str) -> list[str]:
    """The commands of a page."""
    return [command for block in blocks("sh") if block.page == page for command in commands(block)]


def declared(page: str) -> list[dict[str, Any]]:
    """The variables that a page has its reader declare, block by block."""
    return [yaml.safe_load(block.text) for block in blocks("yaml") if block.page == page]


@dataclass(frozen=True)
class Reader:
    """Who goes through a page: their machines, and their inventory."""

    machines: Rack
    inventory: Path

    def declare(self, host: str, *given: Mapping[str, Any]) -> None:
        """A host's variables; what comes later counts."""
        variables = {name: value for each in given for name, value in each.items()}
        (self.inventory / "host_vars" / f"{host}.yml").write_text(yaml.safe_dump(variables))

    def run(self, command: str, status: int = 0) -> Run:
        """A command as it stands in the page."""
        program, *arguments = shlex.split(command)
        record = self.inventory.with_name("run.jsonl")
        ended = ansible(program, *arguments, "-i", str(self.inventory), record=record, quiet=True)
        assert ended.status == status, f"{command}: {printed(ended)}"
        return ended

    def would_boot(self, host: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.machines.simrack("would-boot", host))
        return found

    def file(self, host: str, path: str) -> Path:
        return self.machines.root(host) / path[1:]


def printed(run: Run) -> str:
    return run.output.read_text() if run.output else ""


def said(run: Run) -> str:
    """What a run printed, without the ends of its lines."""
    return " ".join(printed(run).split())


@contextmanager
def reader(directory: Path, *machines: tuple[str, ...]) -> Iterator[Reader]:
    """A reader whose rack has ``machines``, each the arguments of ``simrack create``."""
    first, *others = machines
    with rack(directory / "rack", *first) as made:
        for each in others:
            made.simrack("create", *each)
        inventory = directory / "inventory"
        (inventory / "host_vars").mkdir(parents=True)
        (inventory / "hosts.yml").write_text(made.simrack("inventory"))
        yield Reader(made, inventory)


def test_a_serial_console(tmp_path: Path) -> None:
    console, with_blocks = declared("docs/serial-console.md")
    look, allow, again = typed("docs/serial-console.md")
    with reader(tmp_path, ("--names", "xen1")) as admin:
        admin.declare("xen1", MANAGED)
        admin.run(REBOOT)
        before = admin.would_boot("xen1")
        assert before["console"] != "com0"

        admin.declare("xen1", MANAGED, console)
        admin.run(look)
        assert admin.would_boot("xen1") == before

        admin.run(allow)
        after = admin.would_boot("xen1")
        assert (after["console"], after["logins"]) == ("com0", ["com0"])
        assert "console=com1 com1=115200,8n1" in after["hypervisor"]["cmdline"]
        assert "console=com0" in after["kernel"]["cmdline"]
        assert "console=com1" in admin.machines.execute("xen1", "/usr/pkg/sbin/xl", "info"), "not booted yet"

        admin.declare("xen1", MANAGED, with_blocks)
        assert admin.run(again).changes
        assert "com0" in admin.machines.execute("xen1", "/usr/sbin/installboot", "-env", "/dev/rwd0a")


def test_boot_by_grub(tmp_path: Path) -> None:
    has_it, gets_it = declared("docs/grub.md")
    look, run, look_again, put_it = typed("docs/grub.md")
    theirs = ("--names", "grub1", "--loader", "grub2"), ("--names", "disk1")
    with reader(tmp_path, *theirs) as admin:
        admin.declare("grub1", BRIDGE, {"bootloader_loader": "grub2", "bootloader_keep_menu": True})
        admin.declare("disk1", MANAGED)
        admin.run(REBOOT)
        found = admin.file("grub1", "/grub/grub.cfg").read_text()
        before = {host: admin.would_boot(host) for host in ("grub1", "disk1")}
        assert [each["loader"] for each in before.values()] == ["grub2", "netbsd"]

        admin.declare("grub1", BRIDGE, has_it)
        assert {host for host, *_thing in admin.run(look).planned} == {"grub1"}
        assert before["grub1"] == admin.would_boot("grub1")
        admin.run(run)

        admin.declare("disk1", MANAGED, gets_it)
        assert {host for host, *_thing in admin.run(look_again).planned} == {"disk1"}
        assert before["disk1"] == admin.would_boot("disk1")
        admin.run(put_it)
        for host in before:
            after = admin.would_boot(host)
            assert (after["loader"], after["hypervisor"]["release"]) == ("grub2", "4.20"), after
            assert "dom0_mem=1G" in after["hypervisor"]["cmdline"] and "root=wd0a" in after["kernel"]["cmdline"]
        assert admin.file("grub1", "/grub/grub.cfg.orig").read_text() == found
        assert admin.file("disk1", "/grub/wd0.blocks.orig").exists()


def test_more_room_for_a_guest(tmp_path: Path) -> None:
    page = "docs/grow-a-disk.md"
    (with_another,) = declared(page)
    (run,) = typed(page)
    (enlarge,) = [block.text for block in blocks("text") if block.page == page and block.text.startswith("dd ")]
    (db1,) = with_another["domu_guests"]
    root, data = db1["disks"]
    # It has a system, with powerd in it, as the tutorial's.
    tutorial = yaml.safe_load((CHECKOUT / "inventories/tutorial/host_vars/xen2.yml").read_text())
    system = tutorial["domu_guests"][0]["install"]
    with reader(tmp_path, ("--names", "xen1")) as admin:
        kernel = admin.file("xen1", db1["kernel"])
        kernel.parent.mkdir(parents=True, exist_ok=True)
        kernel.write_bytes(gzip.compress(images.Image("netbsd", "10.1", "XEN3_DOMU").content()))

        def guest(**changed: Any) -> dict[str, Any]:
            return {"domu_guests": [{**db1, **changed}]}

        def domain() -> str:
            listed = admin.machines.execute("xen1", "/usr/pkg/sbin/xl", "list").splitlines()
            return next((line.split()[1] for line in listed if line.startswith("db1 ")), "")

        admin.declare("xen1", MANAGED, guest(disks=[root], install=system))
        admin.run(REBOOT)
        number = domain()
        assert number

        admin.declare("xen1", MANAGED, with_another)
        admin.run(run)
        assert domain() == number, "the guest was restarted"
        assert len(admin.machines.execute("xen1", "/usr/pkg/sbin/xl", "block-list", "db1").splitlines()) == 3
        image = admin.file("xen1", data["path"])
        assert image.stat().st_size == 100 * GIB

        larger = [root, {**data, "size": "200G"}]
        left_alone = "are declared; it is left as it is"
        admin.declare("xen1", MANAGED, guest(disks=larger))
        assert left_alone in said(admin.run(run))
        assert image.stat().st_size == 100 * GIB and domain() == number

        admin.declare("xen1", MANAGED, guest(state="shutdown"))
        admin.run(run)
        assert not domain()
        admin.machines.execute("xen1", "/bin/sh", "-c", enlarge.strip())
        assert image.stat().st_size == 200 * GIB and image.stat().st_blocks * 512 < GIB
        admin.declare("xen1", MANAGED, guest(disks=larger))
        assert left_alone not in said(admin.run(run))
        assert domain()


def test_recover_a_host_that_does_not_boot(tmp_path: Path) -> None:
    page = "docs/recover.md"
    (release_before,) = declared(page)
    look, repair, go_back, abandon = typed(page)
    guest = {"name": "web1", "os": "linux", "memory": "128M", "disks": [{"path": "/home/xen/web1.img", "size": "1G"}]}
    guest = {**guest, "kernel": "/home/xen/vmlinuz", "autostart": True}
    with reader(tmp_path, ("--names", "xen1")) as admin:
        kernel = admin.file("xen1", guest["kernel"])
        kernel.parent.mkdir(parents=True, exist_ok=True)
        kernel.write_text("vmlinuz")
        admin.declare("xen1", MANAGED, {"domu_guests": [guest]})
        admin.run(REBOOT)
        the_entries_are_those_of_the_page(admin)
        it_boots_natively_and_is_repaired(admin, look, repair)
        admin.declare("xen1", MANAGED, {"domu_guests": [guest]}, release_before)
        admin.run(go_back)
        assert admin.would_boot("xen1")["hypervisor"]["release"] == release_before["dom0_xen_release"]
        assert "menu=Xen 4.20:" in admin.file("xen1", "/boot.cfg").read_text()
        without_xenstored(admin, abandon)


def the_entries_are_those_of_the_page(admin: Reader) -> None:
    """Those that are always there, each booted as the page says."""
    menu = admin.file("xen1", "/boot.cfg")
    written = menu.read_text()
    names = re.findall(r"^menu=([^:]*):", written, re.MULTILINE)
    table = re.findall(r"^\| (`.*) \| .* \|$", (CHECKOUT / "docs/recover.md").read_text(), re.MULTILINE)
    shown = [name for cell in table for name in re.findall(r"`([^`]+)`", cell)]
    always = {"NetBSD", "NetBSD, single user", "Xen, single user"}
    assert always <= set(names) and always <= set(shown), names
    for name in set(names) & {"Xen", *shown}:
        menu.write_text(re.sub(r"^default=.*$", f"default={names.index(name) + 1}", written, flags=re.MULTILINE))
        found = admin.would_boot("xen1")
        if "single user" in name:
            assert found["down"].startswith("single user"), (name, found)
        else:
            assert bool(found["hypervisor"]) == (name == "Xen") and not found["down"], (name, found)
    menu.write_text(written)


def it_boots_natively_and_is_repaired(admin: Reader, look: str, repair: str) -> None:
    """A hypervisor that a power cut has spoilt, a menu that somebody edited, an rc.conf with which Xen would hang."""
    hypervisor = admin.file("xen1", admin.would_boot("xen1")["hypervisor"]["file"])
    hypervisor.write_bytes(bytes(hypervisor.stat().st_size))
    menu = admin.file("xen1", "/boot.cfg")
    edited = re.sub(r"^timeout=.*$", "timeout=3", menu.read_text(), flags=re.MULTILINE)
    menu.write_text(edited)
    rc_conf = admin.file("xen1", "/etc/rc.conf")
    rc_conf.write_text(rc_conf.read_text() + "xencommons=NO\n")
    admin.machines.simrack("reboot", "xen1")
    deadline = time.monotonic() + BOOT_SECONDS
    while re.search(r"^xen1 .* boots: ", admin.machines.simrack("status"), re.MULTILINE):
        assert time.monotonic() < deadline, "it does not come up"
        time.sleep(0.2)
    assert "Xen version" not in admin.machines.execute("xen1", "/sbin/dmesg"), "no native kernel came up"

    told = said(admin.run(look))
    for words in (f"{hypervisor.name} copy it from ", "set xencommons=YES", "/boot.cfg .*timeout was 3 s"):
        assert re.search(words, told), told
    assert menu.read_text() == edited
    admin.run(repair)
    assert "Xen version" in admin.machines.execute("xen1", "/sbin/dmesg")
    assert "web1" in admin.machines.execute("xen1", "/usr/pkg/sbin/xl", "list")
    assert admin.file("xen1", "/boot.cfg.prev").read_text() == edited


def without_xenstored(admin: Reader, abandon: str) -> None:
    """It is not started again beside guests that run; the machine is booted at the reader's word."""
    admin.machines.execute("xen1", "/usr/bin/pkill", "xenstored")
    admin.run(REBOOT, FAILED)
    admin.run(abandon)
    assert "web1" in admin.machines.execute("xen1", "/usr/pkg/sbin/xl", "list")
